{{ config(
  materialized='incremental', unique_key='permit_no', incremental_strategy='delete+insert',
  post_hook="{% if is_incremental() %}
    DELETE FROM {{ this }} t USING (
      SELECT permit_no, max(t_updated_at) AS updated_at, arg_max(op, t_updated_at) AS op
      FROM {{ ref('lines') }} WHERE reasons = '' GROUP BY permit_no
    ) s WHERE s.op = 'D' AND t.permit_no = s.permit_no AND s.updated_at >= t.updated_at
  {% endif %}"
) }}

WITH newest AS (
  SELECT op, permit_no, site_no, kind_code, state_code, division_code, title, builder_name, builder_uscc, t_applied_date AS applied_date, t_start_date AS start_date, t_end_date AS end_date, t_area AS area, t_amount AS amount, t_workers AS workers, t_storeys AS storeys, office, remark, t_is_public AS is_public, t_registered_at AS registered_at, t_updated_at AS updated_at
  FROM {{ ref('lines') }}
  WHERE reasons = ''
  QUALIFY ROW_NUMBER() OVER (PARTITION BY permit_no ORDER BY t_updated_at DESC) = 1
)
SELECT s.permit_no, s.site_no, s.kind_code, s.state_code, s.division_code, s.title, s.builder_name, s.builder_uscc, s.applied_date, s.start_date, s.end_date, s.area, s.amount, s.workers, s.storeys, s.office, s.remark, s.is_public, s.registered_at, s.updated_at
FROM newest s
{% if is_incremental() %}
LEFT JOIN {{ this }} t ON t.permit_no = s.permit_no
WHERE s.op <> 'D' AND (t.permit_no IS NULL OR s.updated_at > t.updated_at)
{% else %}
WHERE s.op <> 'D'
{% endif %}
