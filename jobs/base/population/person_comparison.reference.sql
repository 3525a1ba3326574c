-- What person_comparison.py must make, for DuckDB and citylake verify: `compared` holds each source against the authority.
SELECT compared.entity_id AS person_id, compared.* FROM compared
