"""What was damaged on purpose, and of whom: which role a damaged column belongs to is what the contract says."""

import duckdb

from citylake.contract.catalog import Catalog


def load_mistakes(connection: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    """Make ``mistake`` (resource, record_key, kind, role, mistake) from ``truth_error``."""
    named = [
        (clean.resource, column, kind, role)
        for clean in catalog.collected
        for kind, roles in clean.identity.items()
        for role, said in roles.items()
        for column in said.values().values()
    ]
    connection.execute("CREATE TABLE identifying (resource VARCHAR, field VARCHAR, kind VARCHAR, role VARCHAR)")
    connection.executemany("INSERT INTO identifying VALUES (?, ?, ?, ?)", named)
    connection.execute(
        "CREATE TABLE mistake AS SELECT DISTINCT e.resource, e.record_key, i.kind, i.role, e.kind AS mistake"
        " FROM truth_error e JOIN identifying i USING (resource, field)"
    )
