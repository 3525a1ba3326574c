SELECT
  site.site_no, site.site_name, site.division_code,
  COUNT(inspection.inspection_no) AS inspections,
  COALESCE(SUM(inspection.score), 0) AS total_score,
  MIN(inspection.score) AS lowest_score,
  MAX(inspection.inspected_date) AS last_inspected_date
FROM site LEFT JOIN inspection ON inspection.site_no = site.site_no AND NOT inspection._deleted
WHERE NOT site._deleted
GROUP BY site.site_no, site.site_name, site.division_code
