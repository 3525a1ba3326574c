WITH said AS (
  SELECT n.entity_id, n.change_item_code AS event_code, n.change_date AS event_date, n.successor_id, 'change' AS source
  FROM n
  UNION ALL
  SELECT e.entity_id, '00', e.establish_date, CAST(NULL AS STRING), 'enterprise'
  FROM e
  UNION ALL
  SELECT e.entity_id, '05', e.revoke_date, CAST(NULL AS STRING), 'enterprise'
  FROM e
  UNION ALL
  SELECT e.entity_id, '06', e.cancel_date, CAST(NULL AS STRING), 'enterprise'
  FROM e
  UNION ALL
  SELECT b.entity_id, '00', b.establish_date, CAST(NULL AS STRING), 'individual'
  FROM b
  UNION ALL
  SELECT b.entity_id, '05', b.revoke_date, CAST(NULL AS STRING), 'individual'
  FROM b
  UNION ALL
  SELECT b.entity_id, '06', b.cancel_date, CAST(NULL AS STRING), 'individual'
  FROM b
  UNION ALL
  SELECT s.entity_id, '00', s.establish_date, CAST(NULL AS STRING), 'social'
  FROM s
  UNION ALL
  SELECT s.entity_id, '06', s.cancel_date, CAST(NULL AS STRING), 'social'
  FROM s
  UNION ALL
  SELECT u.entity_id, '00', u.establish_date, CAST(NULL AS STRING), 'unit'
  FROM u
  UNION ALL
  SELECT u.entity_id, '06', u.cancel_date, CAST(NULL AS STRING), 'unit'
  FROM u
  UNION ALL
  SELECT v.entity_id, '00', v.establish_date, CAST(NULL AS STRING), 'collective'
  FROM v
)
SELECT said.entity_id,
       said.event_code,
       said.event_date,
       MAX(said.successor_id) AS successor_id,
       COUNT(DISTINCT said.source) AS source_count
FROM said
WHERE said.entity_id IS NOT NULL AND said.event_code IS NOT NULL AND said.event_date IS NOT NULL
GROUP BY said.entity_id, said.event_code, said.event_date
