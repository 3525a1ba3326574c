"""Several tables made one after the other in one process and one Spark session."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from citylake.ledger.nights.nights import Pin
from citylake.night.steps.step import Report, Step

if TYPE_CHECKING:
    from citylake.engine.run.context import TableResult

NOT_STARTED = "第一个任务没有完成，今晚没有可做的表"


def make_tables(step: Step, tables: Sequence[str]) -> Report:
    """Make those of these tables that can move tonight, in order; one that fails does not stop the others.

    The facts hold per table its state, version, rows, counts and seconds.
    """
    start = step.reports.get("start")
    if start is None:
        return Report("nothing", NOT_STARTED)
    pinned = {table: Pin(*pin) for table, pin in start.get("pinned", {}).items()}
    wanted = set(tables) & set(start["tables"])
    made = [make_one(step, table, pinned) for table in start["tables"] if table in wanted]
    facts = {"tables": {result.table: _said(result) for result, _ in made}}
    broken = [error for _, error in made if error is not None]
    if broken:
        raise broken[0]
    for state in ("refused", "waiting"):
        if reasons := [f"{result.table}：{result.reason}" for result, _ in made if result.state == state]:
            return Report("refused" if state == "refused" else "done", "；".join(reasons), facts)
    return Report("done", facts=facts)


def make_one(step: Step, table: str, pinned: Mapping[str, Pin]) -> "tuple[TableResult, Exception | None]":
    """Make one table; what goes wrong is kept until the others are made, and raised then."""
    from citylake.engine.run.context import TableResult
    from citylake.engine.run.run import run_table

    try:
        return run_table(step.lake, step.spark_when_asked, table, step.business_date, pinned=pinned), None
    except Exception as error:  # noqa: BLE001  (raised by the caller once the other tables are made)
        return TableResult(table, "failed"), error


def _said(result: "TableResult") -> dict[str, Any]:
    return {
        "state": result.state,
        "version": result.version,
        "rows": result.rows,
        "counts": result.counts,
        "seconds": round(result.seconds, 1),
    }
