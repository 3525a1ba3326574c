-- Whom the register still keeps and another source calls dead is no member any more.
WITH told AS (
  SELECT household_register.household_no, household_register.person_id, household_register.relation_to_head_code,
         household_register.household_kind_code, household_register.village_code, household_register.updated_at,
         household_register.resident_no,
         CASE WHEN household_register.household_state_code = '1' AND NOT COALESCE(person.is_dead, FALSE) THEN 1 ELSE 0 END AS is_there
  FROM household_register
  LEFT JOIN person ON person.person_id = household_register.person_id
),
held AS (
  SELECT told.household_no,
         MAX(CASE WHEN told.is_there = 1 AND told.relation_to_head_code IN ('01', '02') THEN told.person_id END) AS head_id,
         COUNT(DISTINCT CASE WHEN told.is_there = 1 THEN told.person_id END) AS member_count,
         COUNT(CASE WHEN told.is_there = 0 THEN 1 END) AS former_count,
         MAX(STRUCT(told.is_there, told.updated_at, told.resident_no, told.household_kind_code, told.village_code)) AS newest
  FROM told
  GROUP BY told.household_no
)
SELECT held.household_no,
       held.head_id,
       held.member_count,
       held.former_count,
       held.newest.household_kind_code,
       held.newest.village_code,
       SUBSTRING(held.newest.village_code, 1, 6) AS county_code
FROM held
