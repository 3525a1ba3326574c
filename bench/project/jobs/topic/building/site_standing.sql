SELECT
  s.site_no, s.site_name, s.division_code,
  COUNT(i.inspection_no) AS inspections,
  COALESCE(SUM(i.score), 0) AS total_score,
  MIN(i.score) AS lowest_score,
  MAX(i.inspected_date) AS last_inspected_date
FROM s LEFT JOIN i ON i.site_no = s.site_no AND NOT i._deleted
WHERE NOT s._deleted
GROUP BY s.site_no, s.site_name, s.division_code
