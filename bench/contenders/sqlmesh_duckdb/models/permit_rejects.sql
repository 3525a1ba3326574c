MODEL (
  name lake.permit_rejects,
  kind INCREMENTAL_BY_UNIQUE_KEY (unique_key (day, op, permit_no, updated_at)),
  cron '@daily',
  start '2026-06-01'
);

SELECT CAST(@execution_ds AS DATE) AS day, op, permit_no, site_no, kind_code, state_code, division_code, title, builder_name, builder_uscc, applied_date, start_date, end_date, area, amount, workers, storeys, office, remark, is_public, registered_at, updated_at, reasons
FROM lake.lines
WHERE reasons <> ''
