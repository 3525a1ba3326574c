"""Collection of a date: each resource of a department, then what the department's collection came to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from citylake.contract.model import CollectedContract
from citylake.ledger.nights.nights import Settled, SettledOutcome, night, settle
from citylake.night.steps.publish import is_closed
from citylake.night.steps.ready import open_resources
from citylake.night.steps.step import Report, State, Step
from citylake.read.unrecognised import unrecognised
from citylake.spelling import table_of

_STATES: Mapping[SettledOutcome, State] = {
    "accepted": "done",
    "unchanged": "nothing",
    "nothing": "nothing",
    "refused": "refused",
    "unreachable": "unreachable",
}
_WORDS = {"unchanged": "与上次交付相同，未重复入库", "nothing": "今日没有新数据"}
PUBLISHED = "{date} 已发布，不再采集；之后到的数据进入下一晚"


def collect_resource(step: Step, resource: str) -> Report:
    """Take all that a department offers of one resource, delivery by delivery.

    The report's facts hold ``outcome`` (as in ``citylake.ledger.nights.nights.Settled``), ``deliveries``, ``reason``, ``counts`` of
    lines per fate, ``rows``, ``version`` and ``content``.
    """
    if is_closed(step.lake, step.business_date):
        return Report("nothing", PUBLISHED.format(date=step.business_date))
    from citylake.engine.clean.collect import collect
    from citylake.engine.run.context import Context

    contract = step.lake.catalog.contract(table_of(resource))
    assert isinstance(contract, CollectedContract)
    found = collect(Context(step.lake, step.spark_when_asked, step.business_date), contract)
    counts: Counter[str] = Counter()
    for result in found.results:
        counts.update(result.counts)
    written = [result for result in found.results if result.version is not None]
    facts = {
        "outcome": found.outcome,
        "deliveries": found.delivery_ids,
        "reason": found.reason,
        "counts": dict(counts),
        "rows": written[-1].rows if written else None,
        "version": written[-1].version if written else None,
        "content": written[-1].content if written else None,
    }
    return Report(_STATES[found.outcome], found.reason or _WORDS.get(found.outcome, ""), facts)


def settle_department(step: Step, department: str, resources: Sequence[str]) -> Report:
    """Write down what a department's collection came to, whatever it was.

    A resource whose task left no report (killed, out of time) counts as unreachable: nothing of it came through.
    Files in the drop folder that no contract takes are counted in the message; their names may be somebody's.

    The facts hold ``wakes``: whether there is something to decide about the night, because nobody is waited for any
    longer, or because it was made ready before and may have to be once more.
    """
    lake, day = step.lake, step.business_date
    if is_closed(lake, day):
        return Report("done", PUBLISHED.format(date=day), {"wakes": False})
    # A collection's task is called what the resource is within its department.
    settled = [_settled(one, step.reports.get(one.partition(".")[2])) for one in resources]
    settle(lake.ledger, department, day, settled)
    # Asked after the commit, so that of two departments that settle at once at least one sees both.
    wakes = not open_resources(lake, day) or night(lake.ledger, day) is not None
    files = unrecognised(lake, department).get(department, [])
    outcomes = {one.resource: one.outcome for one in settled}
    facts = {"outcomes": outcomes, "unrecognised": len(files), "wakes": wakes}
    message = f"未识别的文件 {len(files)} 个，文件名见 citylake receipts" if files else ""
    return Report("done", message, facts)


def _settled(resource: str, facts: Mapping[str, Any] | None) -> Settled:
    outcome = (facts or {}).get("outcome")
    for known in get_args(SettledOutcome):
        if facts is not None and outcome == known:
            return Settled(resource, known, tuple(facts["deliveries"]), facts["reason"])
    return Settled(resource, "unreachable", (), "采集任务没有完成，详见任务日志")
