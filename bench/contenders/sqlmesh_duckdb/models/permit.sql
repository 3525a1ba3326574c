MODEL (
  name lake.permit,
  kind INCREMENTAL_BY_UNIQUE_KEY (unique_key permit_no),
  cron '@daily',
  start '2026-06-01',
  columns (
    permit_no TEXT,
    site_no TEXT,
    kind_code TEXT,
    state_code TEXT,
    division_code TEXT,
    title TEXT,
    builder_name TEXT,
    builder_uscc TEXT,
    applied_date DATE,
    start_date DATE,
    end_date DATE,
    area DECIMAL(12, 2),
    amount DECIMAL(14, 2),
    workers INT,
    storeys INT,
    office TEXT,
    remark TEXT,
    is_public BOOLEAN,
    registered_at TIMESTAMP,
    updated_at TIMESTAMP,
    is_deleted BOOLEAN
  )
);

WITH newest AS (
  SELECT op, permit_no, site_no, kind_code, state_code, division_code, title, builder_name, builder_uscc, t_applied_date AS applied_date, t_start_date AS start_date, t_end_date AS end_date, t_area AS area, t_amount AS amount, t_workers AS workers, t_storeys AS storeys, office, remark, t_is_public AS is_public, t_registered_at AS registered_at, t_updated_at AS updated_at
  FROM lake.lines
  WHERE reasons = ''
  QUALIFY ROW_NUMBER() OVER (PARTITION BY permit_no ORDER BY t_updated_at DESC) = 1
)
SELECT s.permit_no, s.site_no, s.kind_code, s.state_code, s.division_code, s.title, s.builder_name, s.builder_uscc, s.applied_date, s.start_date, s.end_date, s.area, s.amount, s.workers, s.storeys, s.office, s.remark, s.is_public, s.registered_at, s.updated_at, s.op = 'D' AS is_deleted
FROM newest AS s
LEFT JOIN lake.permit AS t ON t.permit_no = s.permit_no
WHERE t.permit_no IS NULL OR s.updated_at > t.updated_at OR (s.op = 'D' AND NOT t.is_deleted AND s.updated_at >= t.updated_at)
