WITH told AS (
  SELECT e.entity_id, MAX(STRUCT(e.updated_at, e.entity_no, e.parent_id, e.establish_date, e.entity_state_code)) AS newest
  FROM e
  WHERE e.parent_id IS NOT NULL AND e.parent_id <> e.entity_id
  GROUP BY e.entity_id
)
SELECT told.entity_id,
       told.newest.parent_id,
       told.newest.establish_date,
       told.newest.entity_state_code
FROM told
