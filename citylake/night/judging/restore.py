"""Refusal: a table goes back to what was last accepted, under its lease, and with it whoever read it in the same layer."""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta

from pyspark.sql import SparkSession

from citylake.contract.model import DerivedContract
from citylake.delta.errors import CommitLostError
from citylake.delta.log import commit, newest_version
from citylake.delta.sql_text import quoted
from citylake.lake import Lake
from citylake.ledger.runs.leases import lease
from citylake.ledger.runs.tables import TableState, refuse, table_state

_WAIT = timedelta(minutes=2)
_METADATA = "spark.databricks.delta.commitInfo.userMetadata"


def tainted(
    contracts: Iterable[DerivedContract], states: Mapping[str, TableState], refused: Iterable[str]
) -> dict[str, str]:
    """Return the tables that have read, directly or through others, what is being refused, each with the one it read.

    Args:
        contracts: the tables of one layer, inputs before what reads them.
        states: where tables stand before the refusal.
        refused: tables whose newest content failed.
    """
    falling = set(refused)
    found: dict[str, str] = {}
    for contract in contracts:
        state = states.get(contract.name)
        if state is None or contract.name in falling:
            continue
        source = next((one for one in sorted(falling) if _has_read_refused(contract, state, states[one])), None)
        if source is not None:
            found[contract.name] = source
            falling.add(contract.name)
    return found


def _has_read_refused(contract: DerivedContract, state: TableState, source: TableState) -> bool:
    # Contents that never were accepted have no number to compare with: any that was read is refused.
    accepted = source.accepted_content or 0
    aliases = [alias for alias, item in contract.inputs.items() if item.table == source.table]
    read = [state.consumed[name] for name in (*aliases, source.table) if name in state.consumed]
    return any(one.content > accepted for one in read)


def put_back(lake: Lake, spark: SparkSession, table: str, reason: str) -> TableState:
    """Refuse what a table has written since its last acceptance.

    The table is restored to the newest version of its accepted content; one that never was accepted is emptied. Doing
    it twice is doing it once: after a kill between the commit and the ledger the next attempt restores again, to the
    same content.

    Args:
        lake: the lake.
        spark: a session.
        table: name.
        reason: why, without personal data.

    Raises:
        LeaseHeldError: somebody is writing the table.
        CommitLostError: the restore succeeded but is not the table's newest version.
    """
    with lease(lake.ledger, table, wait=_WAIT):
        state = table_state(lake.ledger, table)
        if state is None or state.version is None:
            raise CommitLostError(table, "the ledger knows no version of it: nothing can be put back; run it again")
        version = state.version
        if state.content != state.accepted_content:
            version = _restore(lake, spark, state)
        return refuse(lake.ledger, table, restored_version=version, reason=reason)


def _restore(lake: Lake, spark: SparkSession, state: TableState) -> int:
    mark = {"refused": state.content, "accepted": state.accepted_content}
    return restore_files(spark, state.table, lake.location(state.table), state.accepted_version, mark)


def restore_files(spark: SparkSession, table: str, uri: str, to: int | None, mark: Mapping[str, object]) -> int:
    """Put a table's files back to a version, by a new one; the caller holds its lease.

    Args:
        spark: a session.
        table: name, for errors.
        uri: where it lies.
        to: the version; None empties the table.
        mark: what the commit says of itself.

    Returns:
        The version made, the present one when there was nothing to remove.

    Raises:
        CommitLostError: the restore succeeded but is not the table's newest version.
    """
    where = f"delta.{quoted(uri)}"
    statement = f"DELETE FROM {where}" if to is None else f"RESTORE TABLE {where} TO VERSION AS OF {to}"
    before = newest_version(uri)
    spark.conf.set(_METADATA, json.dumps(mark))
    try:
        spark.sql(statement).collect()
    finally:
        spark.conf.unset(_METADATA)
    version = newest_version(uri)
    # An empty table has nothing to delete and makes no version; whatever was made must be ours.
    if version is None or (version != before and commit(uri, version).metadata != mark):
        raise CommitLostError(
            table, "another hand has written to it during the restore; stop that writer and run the command again"
        )
    return version
