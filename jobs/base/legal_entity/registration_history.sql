WITH said AS (
  SELECT entity_id, change_item_code AS event_code, change_date AS event_date, successor_id, 'change' AS source
  FROM entity_change
  UNION ALL
  SELECT entity_id, '00', establish_date, CAST(NULL AS STRING), 'enterprise'
  FROM enterprise
  UNION ALL
  SELECT entity_id, '05', revoke_date, CAST(NULL AS STRING), 'enterprise'
  FROM enterprise
  UNION ALL
  SELECT entity_id, '06', cancel_date, CAST(NULL AS STRING), 'enterprise'
  FROM enterprise
  UNION ALL
  SELECT entity_id, '00', establish_date, CAST(NULL AS STRING), 'individual'
  FROM individual_business
  UNION ALL
  SELECT entity_id, '05', revoke_date, CAST(NULL AS STRING), 'individual'
  FROM individual_business
  UNION ALL
  SELECT entity_id, '06', cancel_date, CAST(NULL AS STRING), 'individual'
  FROM individual_business
  UNION ALL
  SELECT entity_id, '00', establish_date, CAST(NULL AS STRING), 'social'
  FROM social_organisation
  UNION ALL
  SELECT entity_id, '06', cancel_date, CAST(NULL AS STRING), 'social'
  FROM social_organisation
  UNION ALL
  SELECT entity_id, '00', establish_date, CAST(NULL AS STRING), 'unit'
  FROM government_unit
  UNION ALL
  SELECT entity_id, '06', cancel_date, CAST(NULL AS STRING), 'unit'
  FROM government_unit
  UNION ALL
  SELECT entity_id, '00', establish_date, CAST(NULL AS STRING), 'collective'
  FROM rural_collective
)
SELECT said.entity_id,
       said.event_code,
       said.event_date,
       MAX(said.successor_id) AS successor_id,
       COUNT(DISTINCT said.source) AS source_count
FROM said
WHERE said.entity_id IS NOT NULL AND said.event_code IS NOT NULL AND said.event_date IS NOT NULL
GROUP BY said.entity_id, said.event_code, said.event_date
