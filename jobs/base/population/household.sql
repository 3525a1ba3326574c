SELECT g.household_no,
       MAX(CASE WHEN g.household_state_code = '1' AND g.relation_to_head_code IN ('01', '02') THEN g.person_id END) AS head_id,
       COUNT(DISTINCT CASE WHEN g.household_state_code = '1' THEN g.person_id END) AS member_count,
       COUNT(CASE WHEN g.household_state_code <> '1' THEN 1 END) AS former_count,
       MAX(STRUCT(g.household_state_code = '1', g.updated_at, g.resident_no, g.household_kind_code)).household_kind_code
         AS household_kind_code,
       MAX(STRUCT(g.household_state_code = '1', g.updated_at, g.resident_no, g.village_code)).village_code AS village_code,
       SUBSTRING(MAX(STRUCT(g.household_state_code = '1', g.updated_at, g.resident_no, g.village_code)).village_code, 1, 6)
         AS county_code
FROM g
GROUP BY g.household_no
