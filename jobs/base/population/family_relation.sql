-- A child is told as a son until its sex is known: two sources that differ in it speak of one child.
WITH said AS (
  SELECT c.person_id, c.father_id AS relative_id, '51' AS relation_code, CAST(NULL AS STRING) AS sex_code, c.birth_date AS began,
         FALSE AS ended, CAST(c.updated_at AS DATE) AS said_on, 'register' AS source
  FROM c
  UNION ALL
  SELECT c.person_id, c.mother_id, '52', CAST(NULL AS STRING), c.birth_date, FALSE, CAST(c.updated_at AS DATE), 'register'
  FROM c
  UNION ALL
  SELECT c.person_id, c.spouse_id, '10', CAST(NULL AS STRING), CAST(NULL AS DATE), FALSE, CAST(c.updated_at AS DATE), 'register'
  FROM c
  UNION ALL
  SELECT f.father_id AS person_id, f.person_id AS relative_id, '20', f.sex_code, f.birth_date, FALSE,
         CAST(f.updated_at AS DATE), 'register'
  FROM f
  UNION ALL
  SELECT m.mother_id AS person_id, m.person_id AS relative_id, '20', m.sex_code, m.birth_date, FALSE,
         CAST(m.updated_at AS DATE), 'register'
  FROM m
  UNION ALL
  SELECT s.spouse_id AS person_id, s.person_id AS relative_id, '10', CAST(NULL AS STRING), CAST(NULL AS DATE), FALSE,
         CAST(s.updated_at AS DATE), 'register'
  FROM s
  UNION ALL
  SELECT h.husband_id AS person_id, h.wife_id, '10', CAST(NULL AS STRING), h.registered_date, h.register_kind_code IN ('20', '40'),
         h.registered_date, 'marriage'
  FROM h
  WHERE h.register_kind_code IS NOT NULL
  UNION ALL
  SELECT w.wife_id AS person_id, w.husband_id, '10', CAST(NULL AS STRING), w.registered_date, w.register_kind_code IN ('20', '40'),
         w.registered_date, 'marriage'
  FROM w
  WHERE w.register_kind_code IS NOT NULL
  UNION ALL
  SELECT b.child_id AS person_id, b.father_id, '51', CAST(NULL AS STRING), b.birth_date, FALSE, CAST(b.updated_at AS DATE), 'birth'
  FROM b
  WHERE NOT COALESCE(b.licence_state_code IN ('2', '3'), FALSE)
  UNION ALL
  SELECT b.child_id AS person_id, b.mother_id, '52', CAST(NULL AS STRING), b.birth_date, FALSE, CAST(b.updated_at AS DATE), 'birth'
  FROM b
  WHERE NOT COALESCE(b.licence_state_code IN ('2', '3'), FALSE)
  UNION ALL
  SELECT bf.father_id AS person_id, bf.child_id, '20', bf.sex_code, bf.birth_date, FALSE, CAST(bf.updated_at AS DATE), 'birth'
  FROM bf
  WHERE NOT COALESCE(bf.licence_state_code IN ('2', '3'), FALSE)
  UNION ALL
  SELECT bm.mother_id AS person_id, bm.child_id, '20', bm.sex_code, bm.birth_date, FALSE, CAST(bm.updated_at AS DATE), 'birth'
  FROM bm
  WHERE NOT COALESCE(bm.licence_state_code IN ('2', '3'), FALSE)
),
told AS (
  SELECT said.person_id,
         said.relative_id,
         said.relation_code,
         MAX(STRUCT(said.said_on, said.ended)) AS latest,
         MIN(CASE WHEN NOT said.ended THEN said.began END) AS since,
         MAX(CASE WHEN said.ended THEN said.said_on END) AS until,
         MAX(IF(said.sex_code IN ('1', '2'), STRUCT(said.said_on, said.sex_code), NULL)) AS known,
         COUNT(DISTINCT said.source) AS source_count
  FROM said
  WHERE said.person_id IS NOT NULL AND said.relative_id IS NOT NULL AND said.person_id <> said.relative_id
  GROUP BY said.person_id, said.relative_id, said.relation_code
)
SELECT told.person_id,
       told.relative_id,
       IF(told.relation_code = '20' AND told.known.sex_code <=> '2', '30', told.relation_code) AS relation_code,
       NOT told.latest.ended AS is_current,
       told.since,
       CASE WHEN told.latest.ended THEN told.until END AS until,
       told.source_count
FROM told
