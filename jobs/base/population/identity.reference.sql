-- What identity.py must make, for DuckDB and citylake verify: `golden` holds what resolve.yml chooses.
SELECT golden.entity_id AS person_id, golden.* FROM golden
