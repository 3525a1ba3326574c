"""Which tables can change tonight: asked of the ledger alone, so that what cannot is not even started."""

from collections.abc import Mapping, Sequence
from datetime import date

from citylake.engine.run.standing import standing
from citylake.lake import Lake
from citylake.ledger.nights.nights import Pin, night
from citylake.ledger.runs.tables import table_states
from citylake.night.steps.publish import is_closed
from citylake.night.steps.step import Report, Step


def start_night(step: Step, tasks: Mapping[str, Sequence[str]]) -> Report:
    """Say which tables can move tonight and which tasks have nothing to do.

    Args:
        step: the step.
        tasks: task -> tables it makes or judges.

    The facts are ``number`` (of the vector), ``tables`` (that can move, inputs first) and ``pinned`` (table -> content and version).
    """
    if is_closed(step.lake, step.business_date):
        return Report("done", f"{step.business_date} 已发布，无事可做", {"tables": []}, tuple([*tasks, "publish"]))
    made = night(step.lake.ledger, step.business_date)
    if made is None:
        return Report("refused", f"{step.business_date} 还没有放行：请先运行采集或触发 cutoff")
    tables = movable(step.lake, step.business_date, made.vector)
    idle = tuple(task for task, names in tasks.items() if not set(names) & set(tables))
    pins = {table: [pin.content, pin.version] for table, pin in made.vector.items()}
    facts = {"number": made.number, "tables": tables, "pinned": pins}
    return Report("done", f"今晚可能变化的表 {len(tables)} 张", facts, idle)


def movable(lake: Lake, business_date: date, pinned: Mapping[str, Pin]) -> list[str]:
    """Return the derived tables that can change, inputs before what reads them.

    A table can when it has to run, when what it holds was not judged yet, or when an input can change.

    Args:
        lake: the lake.
        business_date: the night's date.
        pinned: the night's content of every clean table.
    """
    states = table_states(lake.ledger)
    moving: dict[str, None] = {}
    for contract in lake.catalog.derived:
        found = standing(lake, contract, business_date, pinned, states)
        can_follow = any(item.table in moving for item in contract.inputs.values())
        if can_follow or found.has_to_run or not found.is_accepted:
            moving[contract.name] = None
    return list(moving)
