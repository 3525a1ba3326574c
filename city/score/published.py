"""What the lake has published, brought beside the truth: who each record is, the people, what answers to planted cases are read from."""

from collections.abc import Mapping

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from city.score.golden import FIELDS
from city.world.planting import About, libraries
from citylake.contract.catalog import Catalog
from citylake.contract.linked import id_column, linked_name

Paths = Mapping[str, tuple[str, int]]
"""Table -> URI and version, as ``citylake.connect().paths()`` gives them for readers other than Spark."""

PERSON = "base.population__person"
_PERSON = ("person_id", *FIELDS)
KINDS: tuple[About, ...] = ("person", "legal_entity")


def load_published(connection: duckdb.DuckDBPyConnection, paths: Paths, catalog: Catalog) -> list[str]:
    """Make the tables ``record`` (of every kind), ``person`` and those of the planted cases; what is not published stays empty.

    Args:
        connection: where they are made.
        paths: the tables of a published night.
        catalog: the contracts, for keys and roles.

    Returns:
        Names of the tables that should be there and are not published.
    """
    connection.execute(
        "CREATE TABLE record (resource VARCHAR, record_key VARCHAR, kind VARCHAR, role VARCHAR, found VARCHAR)"
    )
    wanted = {linked_name(clean): clean for clean in catalog.collected if set(KINDS) & set(clean.identity)}
    for table, clean in wanted.items():
        ids = {(kind, role): id_column(kind, role) for kind in KINDS for role in clean.identity.get(kind, {})}
        if table in paths:
            rows = _rows(paths[table], [*clean.key, *ids.values()])
            connection.execute("CREATE OR REPLACE TEMP TABLE lines AS SELECT * FROM rows")
            key = "concat_ws('|', " + ", ".join(f'CAST("{name}" AS VARCHAR)' for name in clean.key) + ")"
            for (kind, role), column in ids.items():
                said = [clean.resource, kind, role]
                connection.execute(f'INSERT INTO record SELECT ?, {key}, ?, ?, "{column}" FROM lines', said)
    tables: dict[str, tuple[str, Mapping[str, str]]] = {PERSON: ("person", {name: name for name in _PERSON})}
    for cases in libraries().values():
        for table, columns in cases.reading.tables.items():
            name = table.partition(".")[2]
            tables[table] = (name, {**tables.get(table, (name, {}))[1], **columns})
    for table, (name, columns) in tables.items():
        connection.execute(f"CREATE TABLE {name} ({', '.join(f'{column} VARCHAR' for column in columns)})")
        if table in paths:
            rows = _rows(paths[table], list(dict.fromkeys(columns.values())))  # noqa: F841  (read by its name below)
            texts = ", ".join(f'CAST("{column}" AS VARCHAR)' for column in columns.values())
            connection.execute(f"INSERT INTO {name} SELECT {texts} FROM rows")
    return [table for table in (*wanted, *tables) if table not in paths]


def _rows(path: tuple[str, int], columns: list[str]) -> pa.RecordBatchReader:
    """Return some columns of a table at a version."""
    uri, version = path
    return pa.RecordBatchReader.from_stream(DeltaTable(uri, version=version).scan(columns=columns))
