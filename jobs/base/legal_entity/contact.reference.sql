-- What contact.py must make, for DuckDB and citylake verify: `golden` holds what resolve.yml chooses.
SELECT golden.* FROM golden
