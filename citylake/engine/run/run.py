"""One table, brought up to tonight: the engine's single entry."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from pyspark.sql import SparkSession

from citylake.contract.model import CollectedContract
from citylake.delta.errors import GateError, TableError, WaitingError
from citylake.engine.clean.collect import collect
from citylake.engine.derived.derive import derive
from citylake.engine.run.context import Context, TableResult
from citylake.lake import Lake
from citylake.ledger.nights.nights import Pin
from citylake.ledger.runs.runs import runs


def run_table(
    lake: Lake,
    spark: SparkSession,
    table: str,
    business_date: date,
    *,
    rebuild: bool = False,
    pinned: Mapping[str, Pin] | None = None,
) -> TableResult:
    """Bring one table up to its inputs or, if it is collected, take what its department offers.

    Args:
        lake: the lake.
        spark: a Connect session that this process owns.
        table: its name.
        business_date: the night; only derived values and retention know it, nothing asks a clock.
        rebuild: evaluate everything, still writing only what differs.
        pinned: the night's vector: contents of clean tables that must be read.

    Returns:
        ``refused`` when a gate stopped it, ``waiting`` when an input was never accepted; anything unexpected raises.
    """
    began = time.monotonic()
    contract = lake.catalog.contract(table)
    _check_forward(lake, table, business_date)
    context = Context(lake, spark, business_date, pinned or {}, rebuild)
    try:
        result = _collected(context, contract) if isinstance(contract, CollectedContract) else derive(context, contract)
    except WaitingError as error:
        result = TableResult(table, "waiting", reason=str(error))
    except GateError as error:
        result = TableResult(table, "refused", reason="；".join(error.failed))
    return replace(result, seconds=time.monotonic() - began)


def _check_forward(lake: Lake, table: str, business_date: date) -> None:
    """Raise TableError for a night before one the table was made for: what it knows by then must not be forgotten."""
    newest = max((item.business_date for item in runs(lake.ledger, table=table, limit=1)), default=business_date)
    if newest > business_date:
        raise TableError(table, f"was already made for {newest}; nights only go forward, run it for {newest} or later")


def _collected(context: Context, contract: CollectedContract) -> TableResult:
    found = collect(context, contract)
    if not found.results:
        return TableResult(contract.name, "unchanged", reason=found.reason or "本次没有新的交付")
    last = found.results[-1]
    states = {"accepted": "written", "unchanged": "unchanged", "refused": "refused", "unreachable": "failed"}
    return replace(last, state=states.get(found.outcome, "unchanged"), reason=found.reason or last.reason)
