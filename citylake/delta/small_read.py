"""Reading a few rows of a table in this process: what a small change needs costs milliseconds, not Spark jobs.

Delta's own Rust library reads the files. Whatever it cannot read, or is too much for this process, is left to Spark:
every function here returns None then.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import duckdb
import pyarrow as pa
import structlog
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError

from citylake.contract.model import Input
from citylake.delta.log import has_plain_feed

log = structlog.get_logger()

SMALL_ROWS = 20_000
SMALL_BYTES = 4 * 1024 * 1024
"""What this process reads of a table at most, and sends along as data of a plan."""
HELD_ROWS = 400_000
HELD_BYTES = 128 * 1024 * 1024
"""What this process holds at most of what Spark has made, on its way into a table. A task then needs up to a gigabyte."""

Values = tuple[object, ...]


def rows_of_units(
    uri: str, version: int, choices: Sequence[Sequence[str]], units: Sequence[Values], *, part: str | None = None
) -> pa.Table | None:
    """Return the rows of a few units as the table stood at a version.

    Args:
        uri: where the table lies.
        version: which of its versions.
        choices: tuples of columns; a row is wanted when one of them names a unit.
        units: values, in the order of each tuple.
        part: only rows whose ``source`` is this, all when None.

    Returns:
        The rows with all columns; None when Spark has to read them.
    """
    try:
        wanted = " OR ".join(_may_name(columns, units) for columns in choices)
    except TypeError:
        return None
    condition = f"({wanted})" if part is None else f"({wanted}) AND {sql_name('source')} = {sql_literal(part)}"
    rows = query(uri, version, f"SELECT * FROM t WHERE {condition}")
    if rows is None or all(len(columns) == 1 for columns in choices):
        return rows
    return _exactly(rows, choices, units)


def all_rows(uri: str, version: int, *, part: str | None = None) -> pa.Table | None:
    """Return a small table's rows as it stood at a version, of its part if there is one; None when Spark has to read them."""
    condition = "true" if part is None else f"{sql_name('source')} = {sql_literal(part)}"
    return query(uri, version, f"SELECT * FROM t WHERE {condition}")


def held_rows(uri: str, version: int | None, columns: Sequence[str]) -> pa.Table | None:
    """Return these columns of a table, as many rows as this process may hold; None when they are more."""
    names = ", ".join(sql_name(name) for name in columns)
    return query(uri, version, f"SELECT {names} FROM t", HELD_ROWS, HELD_BYTES)


def held_changes(uri: str, since: int, until: int) -> pa.Table | None:
    """Return the change feed after a version up to another: the columns and ``_change_type``; None when Spark has to read it."""
    try:
        if not has_plain_feed(uri, since, until):
            return None
        feed = DeltaTable(uri, version=until).load_cdf(since + 1, until)
        rows = fetched(feed, HELD_ROWS, HELD_BYTES)
    except (OSError, ValueError, DeltaError, pa.ArrowException) as error:
        log.info("left to Spark", uri=uri, kind=type(error).__name__)
        return None
    return None if rows is None else rows.drop_columns(["_commit_version", "_commit_timestamp"])


def live_rows(uri: str) -> int | None:
    """Return how many rows of a clean table's newest version are no tombstones."""
    counted = query(uri, None, f"SELECT count(*) AS n FROM t WHERE NOT {sql_name('_deleted')}")
    return None if counted is None else int(counted.column("n")[0].as_py())


def known_rows(uri: str, columns: Sequence[str]) -> pa.Table | None:
    """Return these columns of a table's newest version, if they are little; None when Spark has to read them."""
    return query(uri, None, f"SELECT {', '.join(sql_name(name) for name in columns)} FROM t")


def live_keys(uri: str, version: int, key: Sequence[str]) -> pa.Table | None:
    """Return key and ``_held_since`` of a clean table's rows that are no tombstones, as many as this process may hold."""
    names = ", ".join(sql_name(name) for name in (*key, "_held_since"))
    return query(uri, version, f"SELECT {names} FROM t WHERE NOT {sql_name('_deleted')}", HELD_ROWS, HELD_BYTES)


def earliest(uri: str, column: str) -> tuple[date | None] | None:
    """Return a one-tuple with the earliest day in a column of a table's newest version."""
    found = query(uri, None, f"SELECT min({sql_name(column)}) AS day FROM t")
    return None if found is None else (found.column("day")[0].as_py(),)


def input_rows(uri: str, version: int, item: Input, units: Sequence[Values]) -> pa.Table | None:
    """Return an input's rows of a few units, by the columns its contract names; None when Spark has to read them."""
    return rows_of_units(uri, version, item.any or [item.on], units, part=item.part)


def fits(rows: pa.Table) -> bool:
    """Return whether this process may hold so much."""
    return bool(rows.num_rows <= HELD_ROWS and rows.nbytes <= HELD_BYTES)


def query(
    uri: str, version: int | None, text: str, most_rows: int | None = None, most_bytes: int | None = None
) -> pa.Table | None:
    """Return what a query finds in the table ``t`` at a version; None when Spark has to ask.

    Args:
        uri: where the table lies.
        version: which of its versions, None for the newest.
        text: names quoted and values bound by the caller (``sql_name``, ``sql_literal``).
        most_rows: a longer answer is left to Spark; default ``SMALL_ROWS``.
        most_bytes: a larger one too; default ``SMALL_BYTES``.
    """
    try:
        table = DeltaTable(uri, version=version)
        batches = QueryBuilder().register("t", table).execute(text)
        return fetched(batches, most_rows or SMALL_ROWS, most_bytes or SMALL_BYTES)
    except (DeltaError, pa.ArrowException) as error:
        log.info("left to Spark", uri=uri, kind=type(error).__name__)
        return None


def fetched(batches: object, most_rows: int, most_bytes: int) -> pa.Table | None:
    """Return all batches as one table in Spark's types; None as soon as they are too much."""
    reader = pa.RecordBatchReader.from_stream(batches)
    kept: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in reader:
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows > most_rows or size > most_bytes:
            return None
        kept.append(batch)
    plain = pa.schema([pa.field(field.name, plain_type(field.type), field.nullable) for field in reader.schema])
    return pa.Table.from_batches(kept, reader.schema).cast(plain)


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return an Arrow type without the views in which the reader keeps texts: Spark takes none."""
    if pa.types.is_string_view(kind) or pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_binary_view(kind) or pa.types.is_large_binary(kind):
        return pa.binary()
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(plain_type(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, plain_type(field.type), field.nullable) for field in kind])
    return kind


def _may_name(columns: Sequence[str], units: Sequence[Values]) -> str:
    """Return a predicate that holds for every row that names a unit; of several columns also for some others."""
    listed = [
        f"{sql_name(column)} IN ({', '.join(sorted({sql_literal(unit[index]) for unit in units}))})"
        for index, column in enumerate(columns)
    ]
    return f"({' AND '.join(listed)})"


def _exactly(rows: pa.Table, choices: Sequence[Sequence[str]], units: Sequence[Values]) -> pa.Table:
    """Return the rows of which at least one choice of columns names a unit."""
    names = [f"u{index}" for index in range(len(units[0]))]
    wanted = pa.table([pa.array(column) for column in zip(*units, strict=True)], names)
    same = " OR ".join(
        "("
        + " AND ".join(f"r.{sql_name(column)} = u.{name}" for column, name in zip(columns, names, strict=True))
        + ")"
        for columns in choices
    )
    needed = sorted({column for columns in choices for column in columns})
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        numbered = rows.select(needed).append_column("_position", pa.array(range(rows.num_rows), pa.int64()))
        connection.register("numbered", numbered)
        connection.register("wanted", wanted)
        found = connection.execute(
            f"SELECT _position FROM numbered r WHERE EXISTS (SELECT 1 FROM wanted u WHERE {same}) ORDER BY _position"
        ).fetchall()
    return rows.take(pa.array([row[0] for row in found], pa.int64()))


def sql_name(column: str) -> str:
    """Return a column's name as the library's SQL quotes it."""
    return '"' + column.replace('"', '""') + '"'


def sql_literal(value: object) -> str:
    """Return a value as the library's SQL spells it.

    Raises:
        TypeError: it is of a type that is left to Spark.
    """
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return "'" + value.replace("'", "''") + "'"
        case Decimal():
            return f"CAST('{value}' AS DECIMAL(38, {max(0, -int(value.as_tuple().exponent))}))"
        case date() if type(value) is date:
            return f"DATE '{value.isoformat()}'"
        case _:
            raise TypeError(type(value).__name__)
