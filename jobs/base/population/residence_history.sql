-- A move begins a stay; leaving and death only end one.
WITH change AS (
  SELECT k.person_id, k.change_date AS day, k.change_no AS number, k.change_kind_code, k.village_code,
         k.change_kind_code IN ('01', '04', '05') AS begins
  FROM k
  WHERE k.person_id IS NOT NULL AND k.change_date IS NOT NULL AND k.change_kind_code IN ('01', '02', '03', '04', '05')
),
last_stay AS (
  SELECT change.person_id, MAX(STRUCT(change.day, change.number, change.village_code)) AS stay
  FROM change
  WHERE change.begins
  GROUP BY change.person_id
),
registered AS (
  SELECT g.person_id, MAX(STRUCT(g.updated_at, g.resident_no, g.village_code)) AS held
  FROM g
  WHERE g.person_id IS NOT NULL AND g.village_code IS NOT NULL
  GROUP BY g.person_id
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
)
SELECT stay.person_id,
       ROW_NUMBER() OVER (PARTITION BY stay.person_id ORDER BY stay.day NULLS FIRST, stay.number) AS sequence,
       stay.village_code,
       SUBSTRING(stay.village_code, 1, 6) AS county_code,
       stay.day AS from_date,
       stay.ends AS to_date,
       stay.change_kind_code
FROM stay
WHERE stay.begins
