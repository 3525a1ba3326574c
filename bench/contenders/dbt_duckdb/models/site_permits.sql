{{ config(materialized='table') }}

SELECT
  site_no,
  COUNT(*) AS permits,
  CAST(SUM(amount) AS DECIMAL(24, 2)) AS total_amount,
  MAX(area) AS largest_area,
  MAX(end_date) AS last_end_date
FROM {{ ref('permit') }}
GROUP BY site_no
