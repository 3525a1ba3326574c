"""The store in which a kind is resolved: DuckDB with a bound on memory, fed from Delta in streams, gone at the end."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import fsspec
import pyarrow.parquet as pq
from deltalake import DeltaTable

from citylake.delta.changed import register_changes

MEMORY = "3GB"
"""What DuckDB holds before it spills; ``CITYLAKE_RESOLVE_MEMORY`` says otherwise."""
_BATCH = 100_000


@contextmanager
def opened() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty store; what it spills goes into a folder that only this user reads, removed in any case."""
    with tempfile.TemporaryDirectory(prefix="citylake-resolve-") as folder:
        store = duckdb.connect()
        try:
            store.execute(f"SET memory_limit = '{os.environ.get('CITYLAKE_RESOLVE_MEMORY', MEMORY)}'")
            store.execute(f"SET temp_directory = '{Path(folder) / 'spilled'}'")
            store.execute("SET TimeZone = 'UTC'")
            store.execute("SET preserve_insertion_order = false")
            yield store
        finally:
            store.close()


def load(
    store: duckdb.DuckDBPyConnection, name: str, uri: str, version: int, columns: Sequence[str], *, where: str = "true"
) -> None:
    """Make a table of columns of a Delta table at a version, read batch by batch, without its deleted rows."""
    store.register("_incoming", DeltaTable(uri, version=version).scan(columns=list(columns)))
    store.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT {', '.join(columns)} FROM _incoming WHERE {where}")
    store.unregister("_incoming")


def load_changes(
    store: duckdb.DuckDBPyConnection, name: str, uri: str, since: int, until: int, columns: Sequence[str]
) -> None:
    """Make a table of the old and new images of a Delta table's rows that changed after a version, up to another."""
    if since >= until:
        load(store, name, uri, until, columns, where="false")
        return
    names = ", ".join(columns)
    if register_changes(store, "_images", uri, since, until, columns):
        store.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT DISTINCT {names} FROM _images")
        return
    load(store, "_now", uri, until, columns)
    load(store, "_before", uri, since, columns)
    store.execute(
        f"CREATE OR REPLACE TABLE {name} AS (SELECT {names} FROM _now EXCEPT SELECT {names} FROM _before) "
        f"UNION (SELECT {names} FROM _before EXCEPT SELECT {names} FROM _now)"
    )
    store.execute("DROP TABLE _now; DROP TABLE _before")


def save(store: duckdb.DuckDBPyConnection, select: str, uri: str) -> None:
    """Write the rows of a SELECT as one Parquet file under the lake's own URI, batch by batch."""
    files, path = fsspec.core.url_to_fs(uri)
    files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
    reader = store.sql(select).to_arrow_reader(_BATCH)
    with files.open(path, "wb") as file, pq.ParquetWriter(file, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


def number(store: duckdb.DuckDBPyConnection, select: str) -> int:
    """Return the one number a statement asks for."""
    ((value,),) = store.execute(select).fetchall()
    return int(value or 0)
