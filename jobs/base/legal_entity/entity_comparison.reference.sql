-- What entity_comparison.py must make, for DuckDB and citylake verify: `compared` holds each source against the authority.
SELECT compared.* FROM compared
