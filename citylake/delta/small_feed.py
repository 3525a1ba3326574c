"""Reading a table's changes in this process: which units a night has touched costs milliseconds, not Spark jobs.

What changed is read from the data files that the log names. What is not read here as Spark does (a change of columns) or is too much
for this process is left to Spark: every function here returns None then.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import structlog
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from citylake.delta.changed import register_changes
from citylake.delta.deletion_vectors import VectorError
from citylake.delta.input_version import InputVersion
from citylake.delta.log import actions, has_plain_feed
from citylake.delta.small_read import (
    HELD_BYTES,
    HELD_ROWS,
    Values,
    fetched,
    query,
    rows_of_units,
    sql_literal,
    sql_name,
)
from citylake.delta.write import LISTED_UNITS

log = structlog.get_logger()


def named_by(versions: Mapping[str, InputVersion], alias: str, since: int) -> set[Values] | None:
    """Return the units that an input's changes name, None when Spark has to read them.

    Args:
        versions: where every input stands.
        alias: the input that moved.
        since: version of it that was consumed last.
    """
    taken = versions[alias]
    item = taken.input
    choices = item.any or [item.on]
    changed = _changes(taken, since, sorted({name for columns in choices for name in columns}))
    if changed is None:
        return None
    values = {row for columns in choices for row in _rows(changed.select(columns))}
    return values if item.via is None else _carried(versions[item.via], item.via_on or item.on, values)


def due(uri: str, version: int, unit: Sequence[str], day: date) -> set[Values] | None:
    """Return the units whose rows change by time alone up to a day, None when Spark has to find them."""
    names = ", ".join(sql_name(name) for name in unit)
    text = f"SELECT DISTINCT {names} FROM t WHERE {sql_name('_recheck_on')} <= {sql_literal(day)}"
    found = query(uri, version, text, HELD_ROWS, HELD_BYTES)
    return None if found is None or not _is_plain(found) else set(_rows(found))


def _carried(carrier: InputVersion, on: Sequence[str], values: set[Values]) -> set[Values] | None:
    """Return the units that the carrier's rows with these values name."""
    if not values:
        return set()
    if len(values) > LISTED_UNITS:
        return None
    rows = rows_of_units(carrier.uri, carrier.version, [on], sorted(values, key=repr), part=carrier.input.part)
    named = None if rows is None else rows.select(carrier.input.on)
    return None if named is None or not _is_plain(named) else set(_rows(named))


def _changes(taken: InputVersion, since: int, columns: Sequence[str]) -> pa.Table | None:
    """Return these columns of all rows that were added, removed or changed since a version."""
    uri, until, part = taken.uri, taken.version, taken.input.part
    wanted = list(columns) if part is None else sorted({*columns, "source"})
    try:
        commits = [one for version in range(since + 1, until + 1) for one in actions(uri, version)]
        if not commits or any("metaData" in one for one in commits):
            return None
        rows = _images(uri, since, until, wanted)
    except (OSError, ValueError, DeltaError, duckdb.Error, pa.ArrowException, VectorError) as error:
        log.info("left to Spark", uri=uri, kind=type(error).__name__)
        return None
    if rows is None or not _is_plain(rows):
        return None
    return rows if part is None else rows.filter(pc.equal(rows.column("source"), part))


def _images(uri: str, since: int, until: int, columns: Sequence[str]) -> pa.Table | None:
    with duckdb.connect() as store:
        store.execute("SET TimeZone = 'UTC'")
        if register_changes(store, "images", uri, since, until, columns):
            names = ", ".join(sql_name(name) for name in columns)
            return fetched(store.sql(f"SELECT DISTINCT {names} FROM images").to_arrow_reader(), HELD_ROWS, HELD_BYTES)
    if not has_plain_feed(uri, since, until):
        return None
    return fetched(
        DeltaTable(uri, version=until).load_cdf(since + 1, until, columns=list(columns)), HELD_ROWS, HELD_BYTES
    )


def _is_plain(rows: pa.Table) -> bool:
    """Return whether the values are of kinds that this process and Spark write and compare alike."""
    kinds = (pa.types.is_string, pa.types.is_integer, pa.types.is_boolean, pa.types.is_date, pa.types.is_decimal)
    return all(any(one(field.type) for one in kinds) for field in rows.schema)


def _rows(table: pa.Table) -> Iterator[Values]:
    """Yield the distinct rows without NULLs."""
    distinct = table.group_by(table.column_names).aggregate([])
    for row in zip(*[column.to_pylist() for column in distinct.columns], strict=True):
        if None not in row:
            yield row
