"""Writing a few rows in this process: Delta's own Rust library commits in milliseconds what is several jobs to Spark.

Only to tables of this machine's file system, where a commit that is there already is never written over. A run's commit is
fenced as Spark's are: one with the number of an older run is refused.
"""

from collections.abc import Sequence
from datetime import date

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from citylake.delta.errors import CommitLostError
from citylake.delta.small_read import SMALL_BYTES, Values, plain_type, sql_literal, sql_name

SCHEMES = ("/", "file:")
"""How the URIs of this machine's file system begin."""
CHECKPOINT = 10
"""Versions between two checkpoints, as Spark has it."""
_SEPARATOR = "\x1f"
"""Between the parts of a unit's name."""


def takes(uri: str) -> bool:
    """Return whether this process may write to the table at ``uri``."""
    return uri.startswith(tuple(SCHEMES))


def is_small(uri: str) -> bool:
    """Return whether all data files of a table together are few bytes: to replace rows, whole files are written anew."""
    sizes = pa.table(DeltaTable(uri).get_add_actions(flatten=True)).column("size_bytes")
    return bool(sum(sizes.to_pylist()) <= SMALL_BYTES)


def write_few(
    table: str, uri: str, rows: pa.Table, *, metadata: str, stream: str, run_id: int, predicate: str | None = None,
    append: bool = False,
) -> None:  # fmt: skip
    """Make one commit to the table at ``uri``.

    Args:
        table: its name, for errors.
        uri: where it lies.
        rows: they have all its columns, in any order.
        metadata: the commit's ``userMetadata``.
        stream: id of the stream of transactions.
        run_id: number of the commit in it.
        predicate: rows that are replaced; without one all are.
        append: no row is replaced.

    Raises:
        CommitLostError: a newer run has been here.
    """
    present = DeltaTable(uri)
    newest = present.transaction_version(stream)
    if newest is not None and newest >= run_id:
        raise _lost(table, run_id)
    said = CommitProperties(custom_metadata={"userMetadata": metadata}, app_transactions=[Transaction(stream, run_id)])
    try:
        write_deltalake(
            present,
            fitted(rows, present),
            mode="append" if append else "overwrite",
            predicate=predicate,
            commit_properties=said,
            post_commithook_properties=PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False),
        )
    except CommitFailedError as error:
        newest = DeltaTable(uri).transaction_version(stream)
        if newest is not None and newest >= run_id:
            raise _lost(table, run_id) from error
        raise
    if (version := DeltaTable(uri).version()) and version % CHECKPOINT == 0:
        DeltaTable(uri).create_checkpoint()


def units_predicate(by: Sequence[str], units: Sequence[Values]) -> str | None:
    """Return a predicate of the library's SQL that is true for rows of the listed units, None when Spark has to find them."""
    if not all(isinstance(value, str | int) or type(value) is date for unit in units for value in unit):
        return None
    if len(by) == 1:
        return f"{sql_name(by[0])} IN ({', '.join(sql_literal(unit[0]) for unit in units)})"
    # A disjunction of tuples takes the library seconds where one text takes milliseconds.
    if any(_SEPARATOR in value for unit in units for value in unit if isinstance(value, str)):
        return None
    told = ", ".join(f"CAST({sql_name(name)} AS VARCHAR)" for name in by)
    listed = ", ".join(sql_literal(_SEPARATOR.join(_text(value) for value in unit)) for unit in units)
    return f"concat_ws('{_SEPARATOR}', {told}) IN ({listed})"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def fitted(rows: pa.Table, table: DeltaTable) -> pa.Table:
    """Return the rows in the columns and types of the table."""
    fields = pa.schema(table.schema().to_arrow())
    wanted = pa.schema([pa.field(field.name, plain_type(field.type)) for field in fields])
    return rows.select(wanted.names).cast(wanted)


def _lost(table: str, run_id: int) -> CommitLostError:
    return CommitLostError(table, f"run {run_id} wrote nothing: a newer run has been here; run the table again")
