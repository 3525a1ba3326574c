SELECT
  site_no,
  COUNT(*) AS permits,
  SUM(amount) AS total_amount,
  MAX(area) AS largest_area,
  MAX(end_date) AS last_end_date
FROM permit
WHERE NOT _deleted
GROUP BY site_no
