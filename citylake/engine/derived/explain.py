"""What a run would read, check and write, told from contract and ledger alone; Spark is not asked."""

from datetime import date
from typing import Any

from citylake.contract.model import CollectedContract, Contract, DerivedContract
from citylake.engine.run.meaning import meaning
from citylake.engine.transforms import select_text
from citylake.lake import Lake
from citylake.ledger.nights.nights import night
from citylake.ledger.runs.tables import TableState, table_state


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
    return said | _derived(contract, lake, state, business_date)


def _checks(contract: Contract) -> dict[str, list[str]]:
    rules = {kind: [rule.id for rule in getattr(contract.rules, kind)] for kind in ("quarantine", "warn", "gate")}
    rules["gate"].insert(0, f"unique:{'_'.join(contract.key)}")
    return rules


def _collected(contract: CollectedContract, lake: Lake, state: TableState | None) -> dict[str, Any]:
    thing = f"{contract.domain}__{contract.thing}"
    return {
        "mode": contract.mode,
        "reads": {
            "form": contract.source.form,
            "from": contract.source.files or contract.source.table or contract.source.path,
        },
        "writes": [f"raw.{thing}", f"quarantine.{thing}", contract.name],
        "plan": "replay all deliveries"
        if state and state.meaning != meaning(lake, contract)
        else "take what is offered",
    }


def _derived(contract: DerivedContract, lake: Lake, state: TableState | None, business_date: date) -> dict[str, Any]:
    pinned = night(lake.ledger, business_date)
    vector = pinned.vector if pinned else {}
    reads: dict[str, Any] = {}
    for alias, item in contract.inputs.items():
        known = table_state(lake.ledger, item.table)
        content = known.parts.get(item.part, 0) if known and item.part else (known.content if known else None)
        if item.table in vector:
            content = vector[item.table].content
        last = state.consumed.get(alias) if state else None
        reads[alias] = {
            "table": item.table,
            "by": "all" if item.all else list(item.on) or [list(columns) for columns in item.any],
            "via": item.via,
            "content": content,
            "consumed": last.content if last else None,
            "moved": last is None or last.content != content,
        }
    return {
        "unit": list(contract.unit),
        "reads": reads,
        "writes": [contract.name],
        "transform": select_text(lake.catalog, contract, lake.transforms) or contract.maker or "Python",
        "plan": _plan(contract, lake, state, reads, business_date),
    }


def _plan(
    contract: DerivedContract, lake: Lake, state: TableState | None, reads: dict[str, Any], business_date: date
) -> str:
    if any(item["content"] is None for item in reads.values()):
        return "wait: an input has never been accepted"
    if state is None or state.version is None:
        return "first load"
    if state.meaning != meaning(lake, contract):
        return "rebuild: its meaning changed; only what differs is written"
    moved = [alias for alias, item in reads.items() if item["moved"]]
    if any(contract.inputs[alias].all for alias in moved):
        return f"rebuild: {', '.join(moved)} moved as a whole; only what differs is written"
    if state.recheck_on is not None and state.recheck_on <= business_date:
        return "incremental: units that changed, and those due by time"
    return f"incremental: units touched by {', '.join(moved)}" if moved else "nothing: no input moved"
