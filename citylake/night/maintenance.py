"""Keeping tables small and fast: small files are put together, old files removed, never one that somebody still needs.

A version is needed by a kept publication that names it, by a table that has read up to it and will ask for the changes
since, and for a restore to what was last accepted. Delta counts the age of a removed file from the commit that removed it.
Raw and quarantine tables are read at their newest version only and have no place of their own in the ledger: they are
found beside the clean table that a contract names, and tidied under its lease, which their writer holds.
"""

import json
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import fsspec
from pyspark.sql import SparkSession

from citylake.contract.model import DerivedContract
from citylake.delta.log import newest_version
from citylake.delta.tables import quoted
from citylake.engine.run.dress import dress_up
from citylake.engine.run.record import remove_staging
from citylake.lake import Lake
from citylake.ledger.nights.nights import publications
from citylake.ledger.runs.leases import lease
from citylake.ledger.runs.runs import runs
from citylake.ledger.runs.tables import TableState, note_version, table_states

OPTIMIZE_AFTER = 20
"""Commits since the last OPTIMIZE; every small commit leaves a small file and a deletion vector."""
RESTORE_DAYS = 30
"""The restore promise: files younger than this stay whatever happens."""
KEPT_PUBLICATIONS = 400
VACUUM_DAY = 7
"""Day of the week, Sunday; nothing is gained by looking for old files every day."""
_WAIT = timedelta(minutes=2)
_HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Tidied:
    """What was done to a table: whether it was optimised, and the hours of removed files that VACUUM kept."""

    table: str
    optimised: bool
    kept_hours: int | None


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
    return [one for one in done if one.optimised or one.kept_hours is not None]


def tidy_table(lake: Lake, spark: SparkSession, state: TableState, needed: int, *, vacuum: bool) -> Tidied:
    """Tidy one table under its lease.

    Args:
        lake: the lake.
        spark: a session.
        state: where the table stands.
        needed: oldest version that must stay readable.
        vacuum: whether old files are looked for.
    """
    uri = lake.location(state.table)
    newest = newest_version(uri)
    if state.version is None or newest is None:
        return Tidied(state.table, False, None)
    with lease(lake.ledger, state.table, wait=_WAIT):
        done = _tidy(spark, state.table, uri, newest, needed, vacuum=vacuum)
        after = newest_version(uri)
        if after is not None and after != newest:
            note_version(lake.ledger, state.table, after)
    return done


def tables_of_lines(lake: Lake) -> list[tuple[str, str]]:
    """Return the raw and quarantine tables that exist, each with the clean table whose lease its writer holds."""
    found = [
        (f"{layer}.{contract.domain}__{contract.thing}", contract.name)
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
        return _tidy(spark, table, uri, newest, newest, vacuum=vacuum)


def _tidy(spark: SparkSession, table: str, uri: str, newest: int, needed: int, *, vacuum: bool) -> Tidied:
    optimised, hours = False, None
    if commits_since_optimize(uri, newest) >= OPTIMIZE_AFTER:
        spark.sql(f"OPTIMIZE delta.{quoted(uri)}").collect()
        optimised = True
    if vacuum and (hours := hours_to_keep(uri, needed, newest, time.time() * 1000)) is not None:
        spark.sql(f"VACUUM delta.{quoted(uri)} RETAIN {hours} HOURS").collect()
    return Tidied(table, optimised, hours)


def needed_versions(lake: Lake, states: Mapping[str, TableState]) -> dict[str, int]:
    """Return for every table the oldest version that a publication, a reader or a restore still needs."""
    wanted: dict[str, list[int]] = {
        name: [v for v in (state.accepted_version, state.version) if v is not None] for name, state in states.items()
    }
    for published in publications(lake.ledger, limit=KEPT_PUBLICATIONS):
        for entry in published.entries:
            wanted.setdefault(entry.table, []).append(entry.version)
    for contract in lake.catalog.derived:
        for table, version in _read(contract, states.get(contract.name)):
            wanted.setdefault(table, []).append(version)
    return {name: min(versions, default=0) for name, versions in wanted.items()}


def _read(contract: DerivedContract, state: TableState | None) -> Iterable[tuple[str, int]]:
    if state is None:
        return
    for alias, item in contract.inputs.items():
        if alias in state.consumed:
            yield item.table, state.consumed[alias].version


def hours_to_keep(uri: str, needed: int, newest: int, now: float) -> int | None:
    """Return how old a removed file must be to go, None when no file can be old enough.

    Args:
        uri: the table.
        needed: oldest version that must stay readable.
        newest: newest version.
        now: milliseconds since the epoch.
    """
    promise = RESTORE_DAYS * 24
    if now - _moment(uri, 0, now) < promise * _HOUR_MS:
        return None
    if needed >= newest:
        return promise
    superseded = _moment(uri, needed + 1, 0.0)
    return max(promise, math.ceil((now - superseded) / _HOUR_MS) + 1)


def commits_since_optimize(uri: str, newest: int) -> int:
    """Return how many commits have written data since the last OPTIMIZE, as far back as matters."""
    written = 0
    for version in range(newest, max(-1, newest - 3 * OPTIMIZE_AFTER), -1):
        operation = _said(uri, version).get("operation", "")
        if operation == "OPTIMIZE":
            break
        written += operation in ("WRITE", "DELETE", "MERGE", "RESTORE")
    return written


def _moment(uri: str, version: int, unknown: float) -> float:
    return float(str(_said(uri, version).get("timestamp", unknown)))


def _said(uri: str, version: int) -> dict[str, object]:
    """Return the commitInfo of a version, nothing when its log file is gone."""
    files, folder = fsspec.core.url_to_fs(f"{uri}/_delta_log")
    try:
        with files.open(f"{folder}/{version:020d}.json", "rt", encoding="utf-8") as lines:
            for line in lines:
                action = json.loads(line)
                if "commitInfo" in action:
                    return dict(action["commitInfo"])
    except FileNotFoundError:
        return {}
    return {}
