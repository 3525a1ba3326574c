{{ config(materialized='table') }}

WITH texts AS (
  SELECT
    CZBZ AS op,
    NULLIF(TRIM(XKBH), '') AS permit_no,
    NULLIF(TRIM(GDBH), '') AS site_no,
    NULLIF(TRIM(GCLB), '') AS kind_code,
    NULLIF(TRIM(XKZT), '') AS state_code,
    NULLIF(TRIM(QHDM), '') AS division_code,
    NULLIF(TRIM(GCMC), '') AS title,
    NULLIF(TRIM(SGDW), '') AS builder_name,
    NULLIF(TRIM(SGDWDM), '') AS builder_uscc,
    NULLIF(TRIM(SQRQ), '') AS applied_date,
    NULLIF(TRIM(KGRQ), '') AS start_date,
    NULLIF(TRIM(JGRQ), '') AS end_date,
    NULLIF(TRIM(MJ), '') AS area,
    NULLIF(TRIM(HTJE), '') AS amount,
    NULLIF(TRIM(YGRS), '') AS workers,
    NULLIF(TRIM(CS), '') AS storeys,
    NULLIF(TRIM(JBCK), '') AS office,
    NULLIF(TRIM(BZ), '') AS remark,
    NULLIF(TRIM(ZFTZ), '') AS is_public,
    NULLIF(TRIM(DJSJ), '') AS registered_at,
    NULLIF(TRIM(GXSJ), '') AS updated_at
  FROM READ_CSV('{{ var("delivery") }}', all_varchar = true, header = true, delim = ',')
),
typed AS (
  SELECT
    *,
    CAST(TRY_STRPTIME(applied_date, '%Y%m%d') AS DATE) AS t_applied_date,
    CAST(TRY_STRPTIME(start_date, '%Y%m%d') AS DATE) AS t_start_date,
    CAST(TRY_STRPTIME(end_date, '%Y%m%d') AS DATE) AS t_end_date,
    TRY_CAST(area AS DECIMAL(12, 2)) AS t_area,
    TRY_CAST(amount AS DECIMAL(14, 2)) AS t_amount,
    TRY_CAST(workers AS INT) AS t_workers,
    TRY_CAST(storeys AS INT) AS t_storeys,
    CASE is_public WHEN '是' THEN TRUE WHEN '否' THEN FALSE END AS t_is_public,
    TRY_STRPTIME(registered_at, '%Y-%m-%d %H:%M:%S') AS t_registered_at,
    TRY_STRPTIME(updated_at, '%Y-%m-%d %H:%M:%S') AS t_updated_at
  FROM texts
)
SELECT
  *,
  CASE WHEN op = 'D' THEN '' ELSE
    CASE WHEN t_applied_date IS NULL AND applied_date IS NOT NULL THEN 'type:applied_date;' ELSE '' END ||
    CASE WHEN t_start_date IS NULL AND start_date IS NOT NULL THEN 'type:start_date;' ELSE '' END ||
    CASE WHEN t_end_date IS NULL AND end_date IS NOT NULL THEN 'type:end_date;' ELSE '' END ||
    CASE WHEN t_area IS NULL AND area IS NOT NULL THEN 'type:area;' ELSE '' END ||
    CASE WHEN t_amount IS NULL AND amount IS NOT NULL THEN 'type:amount;' ELSE '' END ||
    CASE WHEN t_workers IS NULL AND workers IS NOT NULL THEN 'type:workers;' ELSE '' END ||
    CASE WHEN t_storeys IS NULL AND storeys IS NOT NULL THEN 'type:storeys;' ELSE '' END ||
    CASE WHEN t_is_public IS NULL AND is_public IS NOT NULL THEN 'type:is_public;' ELSE '' END ||
    CASE WHEN t_registered_at IS NULL AND registered_at IS NOT NULL THEN 'type:registered_at;' ELSE '' END ||
    CASE WHEN t_updated_at IS NULL AND updated_at IS NOT NULL THEN 'type:updated_at;' ELSE '' END ||
    CASE WHEN permit_no IS NULL THEN 'not_null:permit_no;' ELSE '' END ||
    CASE WHEN site_no IS NULL THEN 'not_null:site_no;' ELSE '' END ||
    CASE WHEN title IS NULL THEN 'not_null:title;' ELSE '' END ||
    CASE WHEN NOT REGEXP_MATCHES(division_code, '^3707[0-9]{2}$') THEN 'matches:division_code;' ELSE '' END ||
    CASE WHEN NOT (REGEXP_MATCHES(builder_uscc, '^[1-9A-Y][1-9A-Y][0-9]{6}[0123456789ABCDEFGHJKLMNPQRTUWXY]{10}$')
      AND (31 - ((INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 1, 1)) - 1) * 1 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 2, 1)) - 1) * 3 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 3, 1)) - 1) * 9 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 4, 1)) - 1) * 27 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 5, 1)) - 1) * 19 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 6, 1)) - 1) * 26 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 7, 1)) - 1) * 16 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 8, 1)) - 1) * 17 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 9, 1)) - 1) * 20 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 10, 1)) - 1) * 29 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 11, 1)) - 1) * 25 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 12, 1)) - 1) * 13 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 13, 1)) - 1) * 8 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 14, 1)) - 1) * 24 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 15, 1)) - 1) * 10 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 16, 1)) - 1) * 30 + (INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 17, 1)) - 1) * 28) % 31) % 31 = INSTR('0123456789ABCDEFGHJKLMNPQRTUWXY', SUBSTRING(builder_uscc, 18, 1)) - 1
      AND SUBSTRING('0123456789X', (11 - ((INSTR('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', SUBSTRING(builder_uscc, 9, 1)) - 1) * 3 + (INSTR('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', SUBSTRING(builder_uscc, 10, 1)) - 1) * 7 + (INSTR('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', SUBSTRING(builder_uscc, 11, 1)) - 1) * 9 + (INSTR('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', SUBSTRING(builder_uscc, 12, 1)) - 1) * 10 + (INSTR('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', SUBSTRING(builder_uscc, 13, 1)) - 1) * 5 + (INSTR('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', SUBSTRING(builder_uscc, 14, 1)) - 1) * 8 + (INSTR('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', SUBSTRING(builder_uscc, 15, 1)) - 1) * 4 + (INSTR('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', SUBSTRING(builder_uscc, 16, 1)) - 1) * 2) % 11) % 11 + 1, 1) = SUBSTRING(builder_uscc, 17, 1)) THEN 'valid_uscc:builder_uscc;' ELSE '' END ||
    CASE WHEN NOT kind_code IN ('A', 'B', 'C', 'D', 'E', 'F') THEN 'in_codes:kind_code;' ELSE '' END ||
    CASE WHEN NOT state_code IN ('1', '2', '3', '4') THEN 'in_codes:state_code;' ELSE '' END ||
    CASE WHEN t_applied_date > CAST('{{ var("business_date") }}' AS DATE) THEN 'not_in_future:applied_date;' ELSE '' END ||
    CASE WHEN t_start_date < t_applied_date THEN 'not_before:start_date;' ELSE '' END ||
    CASE WHEN t_end_date < t_start_date THEN 'not_before:end_date;' ELSE '' END ||
    CASE WHEN t_area < 0 OR t_area > 1000000 THEN 'in_range:area;' ELSE '' END ||
    CASE WHEN t_amount < 0 OR t_amount > 10000000000 THEN 'in_range:amount;' ELSE '' END ||
    CASE WHEN LENGTH(remark) > 40 THEN 'max_length:remark;' ELSE '' END ||
    ''
  END AS reasons
FROM typed
