"""Keeping tables small and fast: small files are put together, old files removed, never one that somebody still needs.

A version is needed by a kept publication that names it, by a table that has read up to it and will ask for the changes
since, and for a restore to what was last accepted. VACUUM is handed the list of files that no such version reads and removes
no others: of a file that was removed long ago it would not know that an old version needs it.
Raw and quarantine tables are read at their newest version only and have no place of their own in the ledger: they are
found beside the clean table that a contract names, and tidied under its lease, which their writer holds.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
from pyspark.sql import SparkSession

from citylake.contract.model import DerivedContract
from citylake.delta.log import newest_version, said
from citylake.delta.old_files import Needed, OldFile, old_files
from citylake.delta.sql_text import quoted
from citylake.delta.tables import local_frame
from citylake.engine.run.dress import dress_up
from citylake.engine.run.record import remove_staging
from citylake.lake import Lake
from citylake.ledger.nights.nights import publications
from citylake.ledger.runs.leases import lease
from citylake.ledger.runs.runs import runs
from citylake.ledger.runs.tables import TableState, note_version, table_states
from citylake.spelling import table_of

OPTIMIZE_AFTER = 20
"""Commits since the last OPTIMIZE; every small commit leaves a small file and a deletion vector."""
RESTORE_DAYS = 30
"""The restore promise: files younger than this stay whatever happens."""
KEPT_PUBLICATIONS = 400
VACUUM_DAY = 7
"""Day of the week, Sunday; nothing is gained by looking for old files every day."""
_WAIT = timedelta(minutes=2)
_HOUR_MS = 3_600_000
_INVENTORY = "files_nobody_needs"


@dataclass(frozen=True)
class Tidied:
    """What was done to a table: whether it was optimised, and how many old files went."""

    table: str
    optimised: bool
    removed: int


def tidy(lake: Lake, spark: SparkSession, day: date) -> list[Tidied]:
    """Give changed titles and labels, optimise what has many commits, remove what nobody needs, clear scratch.

    Args:
        lake: the lake.
        spark: a session of this task's own.
        day: today.

    Returns:
        The tables to which something was done.
    """
    for contract in lake.catalog.contracts.values():
        dress_up(lake, spark, contract)
    states = table_states(lake.ledger)
    needed = needed_versions(lake, states)
    vacuum = day.isoweekday() == VACUUM_DAY
    done = [tidy_lines(lake, spark, table, lease_of, vacuum=vacuum) for table, lease_of in tables_of_lines(lake)]
    done += [tidy_table(lake, spark, state, needed[name], vacuum=vacuum) for name, state in states.items()]
    for run in runs(lake.ledger, limit=1_000):
        if run.state != "open":
            remove_staging(lake, run.id)
    return [one for one in done if one.optimised or one.removed]


def tidy_table(lake: Lake, spark: SparkSession, state: TableState, needed: Needed, *, vacuum: bool) -> Tidied:
    """Tidy one table under its lease.

    Args:
        lake: the lake.
        spark: a session.
        state: where the table stands.
        needed: versions that must stay readable.
        vacuum: whether old files are looked for.
    """
    uri = lake.location(state.table)
    newest = newest_version(uri)
    if state.version is None or newest is None:
        return Tidied(state.table, False, 0)
    with lease(lake.ledger, state.table, wait=_WAIT):
        done = _tidy(spark, state.table, uri, newest, needed, vacuum=vacuum)
        after = newest_version(uri)
        if after is not None and after != newest:
            note_version(lake.ledger, state.table, after)
    return done


def tables_of_lines(lake: Lake) -> list[tuple[str, str]]:
    """Return the raw and quarantine tables that exist, each with the clean table whose lease its writer holds."""
    found = [
        (table_of(contract.resource, layer), contract.name)
        for contract in lake.catalog.collected
        for layer in ("raw", "quarantine")
    ]
    return [(table, clean) for table, clean in found if newest_version(lake.location(table)) is not None]


def tidy_lines(lake: Lake, spark: SparkSession, table: str, lease_of: str, *, vacuum: bool) -> Tidied:
    """Tidy a raw or quarantine table; no row of it is removed, and no file younger than the restore promise.

    Args:
        lake: the lake.
        spark: a session.
        table: its name.
        lease_of: the clean table whose lease is taken.
        vacuum: whether old files are looked for.
    """
    uri = lake.location(table)
    with lease(lake.ledger, lease_of, wait=_WAIT):
        newest = newest_version(uri)
        assert newest is not None, f"{table} was found a moment ago"
        return _tidy(spark, table, uri, newest, Needed(frozenset({newest})), vacuum=vacuum)


def _tidy(spark: SparkSession, table: str, uri: str, newest: int, needed: Needed, *, vacuum: bool) -> Tidied:
    optimised, removed = False, 0
    if commits_since_optimize(uri, newest) >= OPTIMIZE_AFTER:
        spark.sql(f"OPTIMIZE delta.{quoted(uri)}").collect()
        optimised = True
    if vacuum:
        promise = RESTORE_DAYS * 24
        old = old_files(uri, needed, time.time() * 1000 - promise * _HOUR_MS)
        if old:
            _remove(spark, uri, old, promise)
        removed = len(old)
    return Tidied(table, optimised, removed)


def _remove(spark: SparkSession, uri: str, old: Sequence[OldFile], hours: int) -> None:
    """Have VACUUM remove files; one that the newest version or a removal of the last hours names stays all the same."""
    base = uri.replace("file:///", "file:/", 1)
    # A folder is named beside its files, or VACUUM takes one with a single old file for empty.
    folders = sorted({one.path.rpartition("/")[0] for one in old} - {""})
    listed = [(one.path, one.size, False, one.written) for one in old] + [(name, 0, True, 0) for name in folders]
    columns = list(zip(*[(f"{base}/{path}", *rest) for path, *rest in listed], strict=True))
    schema = pa.schema(
        [("path", pa.string()), ("length", pa.int64()), ("isDir", pa.bool_()), ("modificationTime", pa.int64())]
    )
    local_frame(spark, pa.table([list(column) for column in columns], schema=schema)).createOrReplaceTempView(
        _INVENTORY
    )
    spark.sql(f"VACUUM delta.{quoted(uri)} USING INVENTORY (SELECT * FROM {_INVENTORY}) RETAIN {hours} HOURS").collect()


def needed_versions(lake: Lake, states: Mapping[str, TableState]) -> dict[str, Needed]:
    """Return for every table the versions that a publication, a reader or a restore still needs."""
    single: dict[str, set[int]] = {
        name: {v for v in (state.accepted_version, state.version) if v is not None} for name, state in states.items()
    }
    for published in publications(lake.ledger, limit=KEPT_PUBLICATIONS):
        for entry in published.entries:
            single.setdefault(entry.table, set()).add(entry.version)
    read: dict[str, int] = {}
    for contract in lake.catalog.derived:
        for table, version in _read(contract, states.get(contract.name)):
            read[table] = min(version, read.get(table, version))
    return {name: Needed(frozenset(single.get(name, ())), read.get(name)) for name in {*single, *read}}


def _read(contract: DerivedContract, state: TableState | None) -> Iterable[tuple[str, int]]:
    if state is None:
        return
    for alias, item in contract.inputs.items():
        if alias in state.consumed:
            yield item.table, state.consumed[alias].version


def commits_since_optimize(uri: str, newest: int) -> int:
    """Return how many commits have written data since the last OPTIMIZE, as far back as matters."""
    written = 0
    for version in range(newest, max(-1, newest - 3 * OPTIMIZE_AFTER), -1):
        operation = said(uri, version).get("operation", "")
        if operation == "OPTIMIZE":
            break
        written += operation in ("WRITE", "DELETE", "MERGE", "RESTORE")
    return written
