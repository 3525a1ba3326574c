-- What entity.py must make, for DuckDB and citylake verify: `golden` holds what resolve.yml chooses.
WITH known AS (
  SELECT x.entity_id,
         bool_or(x.rule = 'anchor') AS is_registered,
         count(DISTINCT x.source) AS source_count,
         count(*) AS subject_count,
         min(x.valid_from) AS first_known_date
  FROM x
  GROUP BY x.entity_id
)
SELECT known.*, golden.* EXCLUDE (entity_id)
FROM known
LEFT JOIN golden ON golden.entity_id = known.entity_id
