"""A lake that need not be published, brought beside the truth: whose record is whose, and the golden values.

Makes ``record`` (resource, record_key, kind, role, subject_id, found, rule, guard, id_state, review_reason), ``mistake``
(resource, record_key, kind, role, mistake) and one table per library table asked for.
"""

from collections.abc import Callable, Mapping, Sequence

import duckdb
import pyarrow as pa

from city.score.mistakes import load_mistakes
from citylake.contract.catalog import Catalog
from citylake.contract.linked import kind_id, subject_column
from citylake.contract.model import CollectedContract

Read = Callable[[str, Sequence[str]], pa.RecordBatchReader | None]
"""Gives some columns of a table, None when there is no such table."""


def load_lake(
    connection: duckdb.DuckDBPyConnection, read: Read, catalog: Catalog, libraries: Mapping[str, str]
) -> list[str]:
    """Make the tables.

    Args:
        connection: has ``truth_error``.
        read: how the lake is read.
        catalog: the contracts.
        libraries: names for base tables -> table, all columns.

    Returns:
        Names of the tables that should be there and are not.
    """
    connection.execute(
        "CREATE TABLE delivered (resource VARCHAR, record_key VARCHAR, kind VARCHAR, role VARCHAR, subject_id VARCHAR)"
    )
    missing = [clean.name for clean in catalog.collected if not _records(connection, read, clean)]
    missing += _links(connection, read, catalog)
    for name, table in libraries.items():
        rows = read(table, list(catalog.contract(table).columns)) if table in catalog.contracts else None
        if rows is None:
            missing.append(table)
            continue
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM rows")
    load_mistakes(connection, catalog)
    return missing


def _records(connection: duckdb.DuckDBPyConnection, read: Read, clean: CollectedContract) -> bool:
    """Add a clean table's roles; return whether the table is there."""
    roles = [(kind, role) for kind, named in clean.identity.items() for role in named]
    if not roles:
        return True
    subjects = sorted({subject_column(role) for _, role in roles})
    rows = read(clean.name, [*clean.key, *subjects, "_deleted"])
    if rows is None:
        return False
    connection.execute("CREATE OR REPLACE TEMP TABLE lines AS SELECT * FROM rows")
    key = "concat_ws('|', " + ", ".join(f'CAST("{name}" AS VARCHAR)' for name in clean.key) + ")"
    for kind, role in roles:
        connection.execute(
            f"INSERT INTO delivered SELECT '{clean.resource}', {key}, '{kind}', '{role}', {subject_column(role)}"
            " FROM lines WHERE NOT _deleted"
        )
    return True


def _links(connection: duckdb.DuckDBPyConnection, read: Read, catalog: Catalog) -> list[str]:
    """Make ``record``: the delivered with what the crosswalks say of them."""
    connection.execute(
        "CREATE TABLE linked (kind VARCHAR, subject_id VARCHAR, found VARCHAR, rule VARCHAR, guard VARCHAR, id_state VARCHAR,"
        " review_reason VARCHAR)"
    )
    missing = []
    for kind, table in catalog.crosswalks.items():
        rows = read(table, ["subject_id", kind_id(kind), "rule", "guard", "id_state", "review_reason"])
        if rows is None:
            missing.append(table)
            continue
        connection.execute(
            f"INSERT INTO linked SELECT '{kind}', subject_id, {kind_id(kind)}, rule, guard, id_state, review_reason FROM rows"
        )
    connection.execute(
        "CREATE TABLE record AS SELECT d.*, l.* EXCLUDE (kind, subject_id) FROM delivered d LEFT JOIN linked l USING (kind, subject_id)"
    )
    return missing
