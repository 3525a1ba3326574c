"""What the lake has published, brought beside the truth: who each record is, the people, the answers of silent certification."""

from collections.abc import Mapping

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from citylake.contract.catalog import Catalog
from citylake.contract.linked import id_column, linked_name

Paths = Mapping[str, tuple[str, int]]
"""Table -> URI and version, as ``citylake.connect().paths()`` gives them for readers other than Spark."""

_TABLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "base.population__person": (
        "person",
        {"person_id": "person_id", "sex_code": "sex_code", "birth_date": "birth_date", "death_date": "death_date"},
    ),
    "special.silent_certification__evidence": (
        "evidence",
        {
            "person_id": "person_id",
            "pay_month": "pay_month",
            "state": "certification_state_code",
            "death_date": "death_date",
            "prison_from_date": "prison_from_date",
            "prison_to_date": "prison_to_date",
            "last_trace_date": "last_trace_date",
            "last_trace_source": "last_trace_source",
            "contradiction": "contradicting_trace_date",
            "overpaid_amount": "overpaid_amount",
            "reason": "overpaid_reason_code",
        },
    ),
}
"""Table -> what it is called here, and its columns by what they are called here; all become text."""


def load_published(connection: duckdb.DuckDBPyConnection, paths: Paths, catalog: Catalog) -> list[str]:
    """Make the tables ``record``, ``person`` and ``evidence``; what is not published stays empty.

    Args:
        connection: where they are made.
        paths: the tables of a published night.
        catalog: the contracts, for keys and roles.

    Returns:
        Names of the tables that should be there and are not published.
    """
    connection.execute("CREATE TABLE record (resource VARCHAR, record_key VARCHAR, role VARCHAR, person_id VARCHAR)")
    wanted = {linked_name(clean): clean for clean in catalog.collected if "person" in clean.identity}
    for table, clean in wanted.items():
        ids = {role: id_column("person", role) for role in clean.identity["person"]}
        if table in paths:
            rows = _rows(paths[table], [*clean.key, *ids.values()])
            connection.execute("CREATE OR REPLACE TEMP TABLE lines AS SELECT * FROM rows")
            key = "concat_ws('|', " + ", ".join(f'CAST("{name}" AS VARCHAR)' for name in clean.key) + ")"
            for role, column in ids.items():
                said = [f"{clean.domain}.{clean.thing}", role]
                connection.execute(f'INSERT INTO record SELECT ?, {key}, ?, "{column}" FROM lines', said)
    for table, (name, columns) in _TABLES.items():
        connection.execute(f"CREATE TABLE {name} ({', '.join(f'{column} VARCHAR' for column in columns)})")
        if table in paths:
            rows = _rows(paths[table], list(dict.fromkeys(columns.values())))  # noqa: F841  (read by its name below)
            texts = ", ".join(f'CAST("{column}" AS VARCHAR)' for column in columns.values())
            connection.execute(f"INSERT INTO {name} SELECT {texts} FROM rows")
    return [table for table in (*wanted, *_TABLES) if table not in paths]


def _rows(path: tuple[str, int], columns: list[str]) -> pa.RecordBatchReader:
    """Return some columns of a table at a version."""
    uri, version = path
    return pa.RecordBatchReader.from_stream(DeltaTable(uri, version=version).scan(columns=columns))
