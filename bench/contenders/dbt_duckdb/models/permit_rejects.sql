{{ config(materialized='incremental', unique_key='night', incremental_strategy='delete+insert') }}

SELECT {{ var('night') }} AS night, op, permit_no, site_no, kind_code, state_code, division_code, title, builder_name, builder_uscc, applied_date, start_date, end_date, area, amount, workers, storeys, office, remark, is_public, registered_at, updated_at, reasons
FROM {{ ref('lines') }}
WHERE reasons <> ''
