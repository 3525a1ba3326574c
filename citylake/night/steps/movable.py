"""Which tables can change tonight: asked of the ledger alone, so that what cannot is not even started."""

from collections.abc import Mapping, Sequence
from datetime import date

from citylake.contract.model import DerivedContract, Input
from citylake.engine.run.meaning import meaning
from citylake.lake import Lake
from citylake.ledger.nights.nights import Pin, night
from citylake.ledger.runs.tables import TableState, table_states
from citylake.night.steps.publish import is_published
from citylake.night.steps.step import Report, Step


def start_night(step: Step, tasks: Mapping[str, Sequence[str]]) -> Report:
    """Say which tables can move tonight and which tasks have nothing to do.

    Args:
        step: the step.
        tasks: task -> tables it makes or judges.

    The facts are ``night``, ``tables`` (that can move, inputs first) and ``pinned`` (table -> content and version).
    """
    if is_published(step.lake, step.business_date):
        return Report("done", f"{step.business_date} 已发布，无事可做", {"tables": []}, tuple([*tasks, "publish"]))
    made = night(step.lake.ledger, step.business_date)
    if made is None:
        return Report("refused", f"{step.business_date} 还没有放行：请先运行采集或触发 cutoff")
    tables = movable(step.lake, step.business_date, made.vector)
    idle = tuple(task for task, names in tasks.items() if not set(names) & set(tables))
    pins = {table: [pin.content, pin.version] for table, pin in made.vector.items()}
    facts = {"night": made.number, "tables": tables, "pinned": pins}
    return Report("done", f"今晚可能变化的表 {len(tables)} 张", facts, idle)


def movable(lake: Lake, business_date: date, pinned: Mapping[str, Pin]) -> list[str]:
    """Return the derived tables that can change, inputs before what reads them.

    A table can when it was never made or accepted, its contract or transform changed, one of its rows is due to be
    looked at again, an input has another content than it last consumed, or an input can change.

    Args:
        lake: the lake.
        business_date: the night's date.
        pinned: the night's content of every clean table.
    """
    states = table_states(lake.ledger)
    moving: dict[str, None] = {}
    for contract in lake.catalog.derived:
        state = states.get(contract.name)
        if _can_move(lake, contract, state, business_date) or any(
            item.table in moving or _moved(alias, item, state, states, pinned)
            for alias, item in contract.inputs.items()
        ):
            moving[contract.name] = None
    return list(moving)


def _can_move(lake: Lake, contract: DerivedContract, state: TableState | None, business_date: date) -> bool:
    if state is None or state.content is None:
        return True
    if state.recheck_on is not None and state.recheck_on <= business_date:
        return True
    if state.accepted_content != state.content:
        return True
    return state.meaning != meaning(lake, contract)


def _moved(
    alias: str,
    item: Input,
    state: TableState | None,
    states: Mapping[str, TableState],
    pinned: Mapping[str, Pin],
) -> bool:
    """Return whether an input has another content for tonight than was consumed; of a part, whether that part has."""
    consumed = state.consumed.get(alias) if state is not None else None
    source = states.get(item.table)
    if item.table in pinned:
        return consumed is None or consumed.content != pinned[item.table].content
    if source is None or source.accepted_content is None:
        return False
    now = source.accepted_content if item.part is None else source.parts.get(item.part, 0)
    return consumed is None or consumed.content != now
