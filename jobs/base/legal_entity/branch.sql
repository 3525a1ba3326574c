WITH told AS (
  SELECT entity_id, MAX(STRUCT(updated_at, entity_no, parent_id, establish_date, entity_state_code)) AS newest
  FROM enterprise
  WHERE parent_id IS NOT NULL AND parent_id <> entity_id
  GROUP BY entity_id
)
SELECT told.entity_id,
       told.newest.parent_id,
       told.newest.establish_date,
       told.newest.entity_state_code
FROM told
