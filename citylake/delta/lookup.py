"""Rows of many units found in this process: DuckDB reads the units' columns of the data files, and of the rows it finds the rest.

Where a row lies (file and number) is what a deletion vector names; rows that one names already are not found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import structlog
from deltalake import DeltaTable

from citylake.delta.deletion_vectors import Positions, VectorError, read_vector
from citylake.delta.small_read import plain_type, sql_name
from citylake.delta.small_write import takes
from citylake.delta.snapshot import Action, Snapshot, snapshot

log = structlog.get_logger()

_PLAIN = (pa.types.is_string, pa.types.is_integer, pa.types.is_date, pa.types.is_boolean, pa.types.is_decimal)


@dataclass(frozen=True)
class Hit:
    """Rows of one data file: its ``add`` action, their numbers, and those that were gone before."""

    add: Action
    positions: Positions
    gone: Positions


def hits(table: Snapshot, by: Sequence[str], units: pa.Table) -> list[Hit] | None:
    """Return where the rows of these units lie; None when this process cannot tell.

    Args:
        table: the table.
        by: columns that name a unit.
        units: distinct units in these columns, without NULLs.
    """
    found = _found(table, [], by, units)
    if found is None:
        return None
    rows, gone = found
    return [
        Hit(add, np.sort(rows[path].column("file_row_number").to_numpy().astype(np.uint32)), gone[path])
        for path, add in _files(table).items()
        if path in rows
    ]


def rows_of_keys(
    uri: str, columns: Sequence[str], by: Sequence[str], units: pa.Table, version: int | None = None
) -> pa.Table | None:
    """Return these columns of the rows of many units, in the table's types; None when Spark has to read them.

    Args:
        uri: where the table lies.
        columns: those that are wanted.
        by: columns that name a unit.
        units: units in these columns; those with a NULL have no rows.
        version: which of the table's versions, None for the newest.
    """
    table = snapshot(uri, version) if takes(uri) else None
    found = None if table is None else _found(table, columns, by, units.drop_null())
    if found is None:
        return None
    fields = pa.schema(DeltaTable(uri, version=version).schema().to_arrow())
    wanted = pa.schema([pa.field(name, plain_type(fields.field(name).type)) for name in columns])
    return pa.concat_tables(
        [wanted.empty_table(), *[rows.select(wanted.names).cast(wanted) for rows in found[0].values()]]
    )


def _files(table: Snapshot) -> dict[str, Action]:
    return {str(table.path(add)): add for add in table.files.values()}


def _found(
    table: Snapshot, columns: Sequence[str], by: Sequence[str], units: pa.Table
) -> tuple[dict[str, pa.Table], dict[str, Positions]] | None:
    """Return by file the rows that are there, with their numbers, and the numbers of those that are not."""
    files = _files(table)
    if table.metadata.get("partitionColumns") or not all(
        any(one(kind) for one in _PLAIN) for kind in units.schema.types
    ):
        return None
    if not files:
        return {}, {}
    try:
        rows = _read(list(files), columns, by, units)
        kept: dict[str, pa.Table] = {}
        gone: dict[str, Positions] = {}
        for path, few in _by_file(rows).items():
            vector = files[path].get("deletionVector")
            gone[path] = read_vector(table.folder, vector) if vector else np.empty(0, np.uint32)
            there = few.filter(~np.isin(few.column("file_row_number").to_numpy(), gone[path]))
            if there.num_rows:
                kept[path] = there
    except (duckdb.Error, pa.ArrowException, VectorError, OSError) as error:
        log.info("left to Spark", uri=str(table.folder), kind=type(error).__name__)
        return None
    return kept, gone


def _read(files: Sequence[str], columns: Sequence[str], by: Sequence[str], units: pa.Table) -> pa.Table:
    told = ", ".join(sql_name(name) for name in dict.fromkeys((*by, *columns)))
    same = ", ".join(sql_name(name) for name in by)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("units", units.select(list(by)))
        found = connection.sql(
            f"SELECT {told}, filename, file_row_number FROM read_parquet($files, filename = true, "
            f"file_row_number = true, hive_partitioning = false) SEMI JOIN units USING ({same})",
            params={"files": list(files)},
        ).to_arrow_table()
    return found


def _by_file(rows: pa.Table) -> dict[str, pa.Table]:
    order = rows.sort_by([("filename", "ascending"), ("file_row_number", "ascending")])
    names = order.column("filename").to_pylist()
    starts = [index for index, name in enumerate(names) if index == 0 or names[index - 1] != name]
    ends = [*starts, len(names)][1:]
    return {names[start]: order.slice(start, end - start) for start, end in zip(starts, ends, strict=True)}
