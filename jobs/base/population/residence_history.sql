-- A move begins a stay; leaving and death only end one.
WITH change AS (
  SELECT person_id, change_date AS day, change_no AS number, change_kind_code, village_code,
         change_kind_code IN ('01', '04', '05') AS begins
  FROM household_change
  WHERE person_id IS NOT NULL AND change_date IS NOT NULL AND change_kind_code IN ('01', '02', '03', '04', '05')
),
last_stay AS (
  SELECT change.person_id, MAX(STRUCT(change.day, change.number, change.village_code)) AS stay
  FROM change
  WHERE change.begins
  GROUP BY change.person_id
),
registered AS (
  SELECT person_id, MAX(STRUCT(updated_at, resident_no, village_code)) AS held
  FROM household_register
  WHERE person_id IS NOT NULL AND village_code IS NOT NULL
  GROUP BY person_id
),
point AS (
  SELECT change.person_id, change.day, change.number, change.change_kind_code, change.village_code, change.begins
  FROM change
  UNION ALL
  SELECT registered.person_id, CAST(NULL AS DATE), '', CAST(NULL AS STRING), registered.held.village_code, TRUE
  FROM registered
  LEFT JOIN last_stay ON last_stay.person_id = registered.person_id
  WHERE last_stay.person_id IS NULL OR NOT (last_stay.stay.village_code <=> registered.held.village_code)
),
stay AS (
  SELECT point.person_id, point.day, point.number, point.change_kind_code, point.village_code, point.begins,
         LEAD(point.day) OVER (PARTITION BY point.person_id ORDER BY point.day NULLS FIRST, point.begins, point.number) AS ends
  FROM point
),
permit AS (
  SELECT person_id, certificate_no AS number, village_code, arrival_date, issue_date,
         LEAST(valid_to_date, IF(licence_state_code IN ('2', '3'), CAST(updated_at AS DATE), CAST(NULL AS DATE))) AS ends,
         LAG(issue_date) OVER (PARTITION BY person_id ORDER BY issue_date NULLS FIRST, certificate_no) AS earlier
  FROM residence_permit
  WHERE person_id IS NOT NULL
),
-- Who had a permit before and has not come anew since then lives at the new place from the new permit on.
held AS (
  SELECT permit.person_id, permit.number, permit.village_code, permit.issue_date, permit.ends,
         IF(permit.arrival_date <= permit.earlier, permit.issue_date, COALESCE(permit.arrival_date, permit.issue_date)) AS day
  FROM permit
),
followed AS (
  SELECT held.person_id, held.number, held.village_code, held.day,
         LEAST(held.ends, LEAD(held.day) OVER (PARTITION BY held.person_id ORDER BY held.issue_date NULLS FIRST, held.number)) AS ends
  FROM held
),
lived AS (
  SELECT stay.person_id, '1' AS residence_basis_code, stay.number, stay.village_code, stay.day, stay.ends, stay.change_kind_code,
         CAST(NULL AS DATE) AS _recheck_on
  FROM stay
  WHERE stay.begins
  UNION ALL
  SELECT followed.person_id, '2', followed.number, followed.village_code, followed.day,
         IF(followed.ends < CAST(:business_date AS DATE), GREATEST(followed.day, followed.ends), CAST(NULL AS DATE)),
         CAST(NULL AS STRING),
         IF(followed.ends >= CAST(:business_date AS DATE), DATE_ADD(followed.ends, 1), CAST(NULL AS DATE))
  FROM followed
)
-- Death ends what nobody has ended. Of the dead or gone whose day nobody knows, no stay is current, and none has a day on which it ended.
SELECT lived.person_id,
       ROW_NUMBER() OVER (PARTITION BY lived.person_id ORDER BY lived.day NULLS FIRST, lived.residence_basis_code, lived.number) AS sequence,
       lived.residence_basis_code,
       lived.village_code,
       SUBSTRING(lived.village_code, 1, 6) AS county_code,
       lived.day AS from_date,
       COALESCE(lived.ends, IF(person.death_date < lived.day, lived.day, person.death_date)) AS to_date,
       COALESCE(lived.ends, person.death_date) IS NULL
         AND NOT COALESCE(person.life_state_code = '30' OR (person.life_state_code = '20' AND lived.residence_basis_code = '1'), FALSE)
         AS is_current,
       lived.change_kind_code,
       lived._recheck_on
FROM lived
LEFT JOIN person ON person.person_id = lived.person_id
