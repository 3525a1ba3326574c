"""May the night begin? And if so, on which contents of the clean tables."""

from collections.abc import Mapping
from datetime import date, timedelta

from jobs.lake import Lake
from jobs.night.publish import is_published
from jobs.night.step import Report, Step
from ledger.deliveries import newest_as_of
from ledger.nights import Pin, Settled, night, ready, settlements
from ledger.tables import table_states
from schemas.contract import CollectedContract, Due

_PERIODS = {"week": timedelta(days=7), "month": timedelta(days=31), "year": timedelta(days=366)}


def cutoff(step: Step) -> Report:
    """Say that nobody is waited for any longer; the asset event of this task is the message."""
    return Report("done", f"{step.business_date} 截止")


def decide_gate(step: Step, cutoff_asset: str) -> Report:
    """Pin tonight's contents when every due resource is settled or the cut-off has come for this date.

    The facts are ``night`` (its number), ``missing`` and ``pinned`` (table -> content and version).
    """
    lake, day = step.lake, step.business_date
    if is_published(lake, day):
        return Report("nothing", f"{day} 已发布")
    settled = settlements(lake.ledger, day)
    before = night(lake.ledger, day)
    open_still = sorted(item.name for item in lake.catalog.collected if item.name not in settled)
    if open_still and before is None and cutoff_asset not in step.events:
        return Report("nothing", f"还在等 {len(open_still)} 项：{'、'.join(open_still[:10])}")
    vector = pinned_now(lake)
    if before is not None and _contents(before.vector) == _contents(vector):
        return Report("nothing", f"内容没有变化，第 {before.number} 次已经发出")
    made = ready(lake.ledger, day, vector, missing(lake, day, settled))
    pins = {table: [pin.content, pin.version] for table, pin in made.vector.items()}
    return Report("done", facts={"night": made.number, "missing": list(made.missing), "pinned": pins})


def pinned_now(lake: Lake) -> dict[str, Pin]:
    """Return the newest accepted content of every clean table that has one."""
    states = table_states(lake.ledger)
    vector = {}
    for contract in lake.catalog.collected:
        state = states.get(contract.name)
        if state is not None and state.accepted_content is not None and state.accepted_version is not None:
            vector[contract.name] = Pin(state.accepted_content, state.accepted_version)
    return vector


def missing(lake: Lake, day: date, settled: Mapping[str, Settled]) -> list[str]:
    """Return the resources that were due on a date and have not come, by name."""
    came = {name for name, one in settled.items() if one.outcome in ("accepted", "unchanged")}
    return sorted(item.name for item in lake.catalog.collected if item.name not in came and _is_due(lake, item, day))


def _is_due(lake: Lake, contract: CollectedContract, day: date) -> bool:
    """Return whether the newest accepted delivery is older than the period it was due in, with its grace."""
    newest = newest_as_of(lake.ledger, contract.name)
    period = _PERIODS.get(contract.due.every)
    return newest is None or period is None or day > newest + period + _grace(contract.due)


def _grace(due: Due) -> timedelta:
    number, unit = int(due.grace[:-1]), due.grace[-1]
    return timedelta(days=number) if unit == "d" else timedelta(hours=number)


def _contents(vector: Mapping[str, Pin]) -> dict[str, int]:
    return {table: pin.content for table, pin in vector.items()}
