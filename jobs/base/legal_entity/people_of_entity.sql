WITH said AS (
  SELECT entity_id, '01' AS position_code, representative_id AS holder_id, TRUE AS is_person,
         CAST(NULL AS DECIMAL(18, 2)) AS subscribed_amount, CAST(NULL AS DATE) AS valid_from_date, CAST(NULL AS DATE) AS valid_to_date,
         'enterprise' AS source
  FROM enterprise
  UNION ALL
  SELECT entity_id, '02', operator_id, TRUE, CAST(NULL AS DECIMAL(18, 2)), CAST(NULL AS DATE), CAST(NULL AS DATE), 'individual'
  FROM individual_business
  UNION ALL
  SELECT entity_id, '01', representative_id, TRUE, CAST(NULL AS DECIMAL(18, 2)), CAST(NULL AS DATE), CAST(NULL AS DATE),
         'social'
  FROM social_organisation
  UNION ALL
  SELECT entity_id, '01', representative_id, TRUE, CAST(NULL AS DECIMAL(18, 2)), CAST(NULL AS DATE), CAST(NULL AS DATE), 'unit'
  FROM government_unit
  UNION ALL
  SELECT entity_id, '01', representative_id, TRUE, CAST(NULL AS DECIMAL(18, 2)), CAST(NULL AS DATE), CAST(NULL AS DATE),
         'collective'
  FROM rural_collective
  UNION ALL
  SELECT entity_id, '01', representative_id, TRUE, CAST(NULL AS DECIMAL(18, 2)), CAST(NULL AS DATE), CAST(NULL AS DATE), 'tax'
  FROM taxpayer
  UNION ALL
  SELECT entity_id, member_kind_code, COALESCE(member_id, investor_id), member_id IS NOT NULL, subscribed_amount,
         valid_from_date, valid_to_date, 'member'
  FROM entity_member
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
