"""What a run would read, check and write, told from contract and ledger alone; Spark is not asked."""

from datetime import date
from typing import Any

from citylake.contract.model import CollectedContract, Contract, DerivedContract, Input
from citylake.engine.run.meaning import meaning
from citylake.engine.run.standing import Reason, Standing, means_something_else, standing
from citylake.engine.transforms import input_types, select_text
from citylake.lake import Lake
from citylake.ledger.nights.nights import night
from citylake.ledger.runs.tables import TableState, table_state
from citylake.spark.proven_sql import unproven_sql
from citylake.spelling import table_of


def explain(lake: Lake, table: str, business_date: date) -> dict[str, Any]:
    """Return the plan of one table: what it reads, what it checks, how and what it would write.

    Raises:
        ContractError: there is no such table.
    """
    contract = lake.catalog.contract(table)
    state = table_state(lake.ledger, table)
    said: dict[str, Any] = {
        "table": table,
        "title": contract.title,
        "grain": contract.grain,
        "location": lake.location(table),
        "key": list(contract.key),
        "columns": {name: f"{column.type}  {column.label}" for name, column in contract.columns.items()},
        "checks": _checks(contract),
        "rows": state.rows if state else None,
        "version": state.version if state else None,
    }
    if isinstance(contract, CollectedContract):
        return said | _collected(contract, lake, state)
    return said | _derived(contract, lake, business_date)


def _checks(contract: Contract) -> dict[str, list[str]]:
    rules = {kind: [rule.id for rule in getattr(contract.rules, kind)] for kind in ("quarantine", "warn", "gate")}
    rules["gate"].insert(0, f"unique:{'_'.join(contract.key)}")
    return rules


def _collected(contract: CollectedContract, lake: Lake, state: TableState | None) -> dict[str, Any]:
    return {
        "mode": contract.mode,
        "reads": {
            "form": contract.source.form,
            "from": contract.source.files or contract.source.table or contract.source.path,
        },
        "writes": [*(table_of(contract.resource, layer) for layer in ("raw", "quarantine")), contract.name],
        "plan": "replay all deliveries"
        if means_something_else(state, meaning(lake, contract))
        else "take what is offered",
        "executor": _executor(lake, "this process up to 400,000 lines, Spark beyond"),
    }


def _derived(contract: DerivedContract, lake: Lake, business_date: date) -> dict[str, Any]:
    pinned = night(lake.ledger, business_date)
    found = standing(lake, contract, business_date, pinned.vector if pinned is not None else {})
    return {
        "unit": list(contract.unit),
        "reads": {alias: _read(found, alias, item) for alias, item in contract.inputs.items()},
        "writes": [contract.name],
        "transform": select_text(lake.catalog, contract, lake.transforms) or contract.maker or "Python",
        "plan": _plan(found),
        "executor": _executor(lake, _by_plan(found, lake)),
    }


def _executor(lake: Lake, chosen: str) -> str:
    return chosen if lake.settings.engine != "spark" else "Spark: CITYLAKE_ENGINE says so"


def _by_plan(found: Standing, lake: Lake) -> str:
    """Return who would evaluate a derived table, and what of its SELECT is why."""
    text = select_text(lake.catalog, found.contract, lake.transforms)
    if text is None:
        return "this process, or Spark for what of its plans is not proven"
    why = unproven_sql(text, input_types(lake.catalog, found.contract))
    return f"Spark: not proven {', '.join(why)}" if why else "this process if it is small, else Spark"


def _read(found: Standing, alias: str, item: Input) -> dict[str, Any]:
    taken, last = found.inputs.get(alias), found.consumed.get(alias)
    return {
        "table": item.table,
        "by": "all" if item.all else list(item.on) or [list(columns) for columns in item.any],
        "via": item.via,
        "content": taken.content if taken is not None else None,
        "consumed": last.content if last is not None else None,
        "moved": alias in found.moved or alias in found.unread,
    }


def _plan(found: Standing) -> str:
    moved = ", ".join(found.moved)
    said: dict[Reason | None, str] = {
        "waits": f"wait: {', '.join(found.waits_for)} was never accepted",
        "first": "first load",
        "meaning": "rebuild: its meaning changed; only what differs is written",
        "unread": f"rebuild: {', '.join(found.unread)} was never read; only what differs is written",
        "whole": f"rebuild: {moved} moved as a whole; only what differs is written",
        "due": "incremental: units that changed, and those due by time",
        "moved": f"incremental: units touched by {moved}",
        None: "nothing: no input moved",
    }
    return said[found.reason]
