"""May the night begin? And if so, on which contents of the clean tables."""

from collections.abc import Mapping
from datetime import date

from citylake.lake import Lake
from citylake.ledger.nights.nights import Pin, night, ready, settlements
from citylake.ledger.runs.tables import table_states
from citylake.night.steps.publish import is_closed
from citylake.night.steps.step import Report, Step
from citylake.read.due import overdue


def cutoff(step: Step) -> Report:
    """Say that nobody is waited for any longer; the asset event of this task is the message."""
    return Report("done", f"{step.business_date} 截止")


def make_ready(step: Step, cutoff_asset: str) -> Report:
    """Pin tonight's contents when every resource is settled or the cut-off has come for this date.

    The facts are ``number`` (of the vector), ``missing`` and ``pinned`` (table -> content and version).
    """
    lake, day = step.lake, step.business_date
    if is_closed(lake, day):
        return Report("nothing", f"{day} 已发布")
    before = night(lake.ledger, day)
    open_still = open_resources(lake, day)
    if open_still and before is None and cutoff_asset not in step.events:
        return Report("nothing", f"还在等 {len(open_still)} 项：{'、'.join(open_still[:10])}")
    vector = pinned_now(lake)
    if before is not None and _contents(before.vector) == _contents(vector):
        return Report("nothing", f"内容没有变化，第 {before.number} 次已经发出")
    made = ready(lake.ledger, day, vector, overdue(lake, day))
    pins = {table: [pin.content, pin.version] for table, pin in made.vector.items()}
    return Report("done", facts={"number": made.number, "missing": list(made.missing), "pinned": pins})


def open_resources(lake: Lake, business_date: date) -> list[str]:
    """Return the resources that are waited for still."""
    settled = settlements(lake.ledger, business_date)
    return sorted(item.resource for item in lake.catalog.collected if item.resource not in settled)


def pinned_now(lake: Lake) -> dict[str, Pin]:
    """Return the newest accepted content of every clean table that has one."""
    states = table_states(lake.ledger)
    vector = {}
    for contract in lake.catalog.collected:
        state = states.get(contract.name)
        if state is not None and state.accepted_content is not None and state.accepted_version is not None:
            vector[contract.name] = Pin(state.accepted_content, state.accepted_version)
    return vector


def _contents(vector: Mapping[str, Pin]) -> dict[str, int]:
    return {table: pin.content for table, pin in vector.items()}
