WITH said AS (
  SELECT e.entity_id, '01' AS position_code, e.representative_id AS holder_id, TRUE AS is_person,
         CAST(NULL AS DECIMAL(18, 2)) AS subscribed_amount, CAST(NULL AS DATE) AS valid_from_date, CAST(NULL AS DATE) AS valid_to_date,
         'enterprise' AS source
  FROM e
  UNION ALL
  SELECT b.entity_id, '02', b.operator_id, TRUE, CAST(NULL AS DECIMAL(18, 2)), CAST(NULL AS DATE), CAST(NULL AS DATE),
         'individual'
  FROM b
  UNION ALL
  SELECT s.entity_id, '01', s.representative_id, TRUE, CAST(NULL AS DECIMAL(18, 2)), CAST(NULL AS DATE), CAST(NULL AS DATE),
         'social'
  FROM s
  UNION ALL
  SELECT u.entity_id, '01', u.representative_id, TRUE, CAST(NULL AS DECIMAL(18, 2)), CAST(NULL AS DATE), CAST(NULL AS DATE),
         'unit'
  FROM u
  UNION ALL
  SELECT v.entity_id, '01', v.representative_id, TRUE, CAST(NULL AS DECIMAL(18, 2)), CAST(NULL AS DATE), CAST(NULL AS DATE),
         'collective'
  FROM v
  UNION ALL
  SELECT t.entity_id, '01', t.representative_id, TRUE, CAST(NULL AS DECIMAL(18, 2)), CAST(NULL AS DATE), CAST(NULL AS DATE),
         'tax'
  FROM t
  UNION ALL
  SELECT m.entity_id, m.member_kind_code, COALESCE(m.member_id, m.investor_id), m.member_id IS NOT NULL, m.subscribed_amount,
         m.valid_from_date, m.valid_to_date, 'member'
  FROM m
)
SELECT said.entity_id,
       said.position_code,
       said.holder_id,
       MAX(said.is_person) AS is_person,
       MAX(said.subscribed_amount) AS subscribed_amount,
       MIN(said.valid_from_date) AS valid_from_date,
       CASE WHEN COUNT(said.valid_to_date) = COUNT(*) THEN MAX(said.valid_to_date) END AS valid_to_date,
       COUNT(DISTINCT said.source) AS source_count
FROM said
WHERE said.entity_id IS NOT NULL AND said.position_code IS NOT NULL AND said.holder_id IS NOT NULL
GROUP BY said.entity_id, said.position_code, said.holder_id
