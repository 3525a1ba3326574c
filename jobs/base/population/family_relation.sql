-- A child is told as a son until its sex is known: two sources that differ in it speak of one child.
WITH said AS (
  SELECT person_id, father_id AS relative_id, '51' AS relation_code, CAST(NULL AS STRING) AS sex_code, birth_date AS began,
         FALSE AS ended, CAST(updated_at AS DATE) AS said_on, 'register' AS source
  FROM household_register_person
  UNION ALL
  SELECT person_id, mother_id, '52', CAST(NULL AS STRING), birth_date, FALSE, CAST(updated_at AS DATE), 'register'
  FROM household_register_person
  UNION ALL
  SELECT person_id, spouse_id, '10', CAST(NULL AS STRING), CAST(NULL AS DATE), FALSE, CAST(updated_at AS DATE), 'register'
  FROM household_register_person
  UNION ALL
  SELECT father_id AS person_id, person_id AS relative_id, '20', sex_code, birth_date, FALSE,
         CAST(updated_at AS DATE), 'register'
  FROM household_register_father
  UNION ALL
  SELECT mother_id AS person_id, person_id AS relative_id, '20', sex_code, birth_date, FALSE,
         CAST(updated_at AS DATE), 'register'
  FROM household_register_mother
  UNION ALL
  SELECT spouse_id AS person_id, person_id AS relative_id, '10', CAST(NULL AS STRING), CAST(NULL AS DATE), FALSE,
         CAST(updated_at AS DATE), 'register'
  FROM household_register_spouse
  UNION ALL
  SELECT husband_id AS person_id, wife_id, '10', CAST(NULL AS STRING), registered_date, register_kind_code IN ('20', '40'),
         registered_date, 'marriage'
  FROM marriage_husband
  WHERE register_kind_code IS NOT NULL
  UNION ALL
  SELECT wife_id AS person_id, husband_id, '10', CAST(NULL AS STRING), registered_date, register_kind_code IN ('20', '40'),
         registered_date, 'marriage'
  FROM marriage_wife
  WHERE register_kind_code IS NOT NULL
  UNION ALL
  SELECT child_id AS person_id, father_id, '51', CAST(NULL AS STRING), birth_date, FALSE, CAST(updated_at AS DATE), 'birth'
  FROM birth_certificate_child
  WHERE NOT COALESCE(licence_state_code IN ('2', '3'), FALSE)
  UNION ALL
  SELECT child_id AS person_id, mother_id, '52', CAST(NULL AS STRING), birth_date, FALSE, CAST(updated_at AS DATE), 'birth'
  FROM birth_certificate_child
  WHERE NOT COALESCE(licence_state_code IN ('2', '3'), FALSE)
  UNION ALL
  SELECT father_id AS person_id, child_id, '20', sex_code, birth_date, FALSE, CAST(updated_at AS DATE), 'birth'
  FROM birth_certificate_father
  WHERE NOT COALESCE(licence_state_code IN ('2', '3'), FALSE)
  UNION ALL
  SELECT mother_id AS person_id, child_id, '20', sex_code, birth_date, FALSE, CAST(updated_at AS DATE), 'birth'
  FROM birth_certificate_mother
  WHERE NOT COALESCE(licence_state_code IN ('2', '3'), FALSE)
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
