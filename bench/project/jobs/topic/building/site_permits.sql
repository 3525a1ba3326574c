SELECT
  p.site_no,
  COUNT(*) AS permits,
  SUM(p.amount) AS total_amount,
  MAX(p.area) AS largest_area,
  MAX(p.end_date) AS last_end_date
FROM p
WHERE NOT p._deleted
GROUP BY p.site_no
