MODEL (name lake.site_permits, kind FULL, cron '@daily', start '2026-06-01');

SELECT
  site_no,
  COUNT(*) AS permits,
  CAST(SUM(amount) AS DECIMAL(24, 2)) AS total_amount,
  MAX(area) AS largest_area,
  MAX(end_date) AS last_end_date
FROM lake.permit
WHERE NOT is_deleted
GROUP BY site_no
