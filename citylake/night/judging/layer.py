"""One layer in one night: what moved is judged, then accepted or put back."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pyspark.sql import SparkSession

from citylake.contract.model import DerivedContract
from citylake.delta.small_read import HELD_ROWS
from citylake.delta.tables import at_version
from citylake.lake import Lake
from citylake.ledger.runs.runs import JUDGING, Outcome, RuleResult, abandon, open_runs, record, start
from citylake.ledger.runs.tables import TableState, accept, table_states
from citylake.night.judging.held import hold
from citylake.night.judging.restore import put_back, tainted
from citylake.night.judging.suite import compile_suite
from citylake.night.judging.validate import Validator
from citylake.verify.store import opened

LAYERS = ("base", "topic", "office", "special")
"""Layers that are judged; what lies below is accepted by its own gates when it is written."""


@dataclass(frozen=True)
class Judgement:
    """What became of one table.

    ``pass``: accepted. ``warn``: accepted although a warning rule found something or could not run. ``refused``: put
    back. ``unchanged``: nothing new to judge. ``version`` and ``content`` are what others may read now, None when
    nothing ever was accepted; ``rules`` what the rules said, empty when they were not asked; ``seconds`` wall time of
    asking.
    """

    table: str
    verdict: Literal["pass", "warn", "refused", "unchanged"]
    version: int | None
    content: int | None
    rules: tuple[RuleResult, ...] = ()
    reason: str = ""
    seconds: float = 0.0


def judge_layer(
    lake: Lake,
    spark: SparkSession,
    layer: str,
    business_date: date,
    *,
    session_id: str,
    tables: Collection[str] | None = None,
) -> list[Judgement]:
    """Judge all tables of a layer that were written since their last acceptance.

    What passes is accepted in one transaction. What fails is restored, and so is every table of the layer that has
    read it. A second call after a kill judges again what has no verdict yet.

    Args:
        lake: the lake.
        spark: a session of this task's own, asked only for what this process may not hold, and to put a table back.
        layer: one of ``LAYERS``.
        business_date: the night.
        session_id: id of the session, which may not be open yet; runs are recorded with it.
        tables: only these and what they read in the layer; default: all of it.

    Returns:
        A judgement for each table that was ever recorded, in the order of the data flow.
    """
    if layer not in LAYERS:
        raise ValueError(f"layer '{layer}' is not judged; judged are: {', '.join(LAYERS)}")
    contracts = [item for item in lake.catalog.derived if item.layer == layer and item.made_by != "resolver"]
    states = table_states(lake.ledger)
    chosen = _with_inputs(contracts, tables) if tables is not None else {item.name for item in contracts}
    recorded = [item for item in contracts if item.name in states and item.name in chosen]
    moved = [item for item in recorded if _has_moved(states[item.name])]
    judged = _judge(lake, spark, moved, states, business_date)
    reasons = {name: _reason(one.rules) for name, one in judged.items() if one.verdict == "refused"}
    for name, source in tainted(contracts, states, reasons).items():
        reasons[name] = f"同层输入 {source} 未通过检验"
    # Last in the flow first: what failed by itself keeps its unjudged content until all that read it is back, so that
    # a kill in between cannot leave a reader with refused rows.
    for contract in reversed(contracts):
        if contract.name in reasons:
            one, reason = judged.get(contract.name), reasons[contract.name]
            if one is not None:
                refused = Outcome("refused", rules=one.rules, reason=reason)
                _note(lake, session_id, states[contract.name], business_date, refused)
            put_back(lake, spark, contract.name, reason)
    return _accept(lake, session_id, recorded, judged, reasons, business_date)


def _with_inputs(contracts: list[DerivedContract], tables: Collection[str]) -> set[str]:
    """Return the tables and what they read in the same layer: nothing is accepted before what it was made from."""
    chosen = set(tables)
    for contract in reversed(contracts):
        if contract.name in chosen:
            chosen |= {item.table for item in contract.inputs.values()}
    return chosen & {contract.name for contract in contracts}


def _has_moved(state: TableState) -> bool:
    return state.content is not None and state.content != state.accepted_content


def _judge(
    lake: Lake, spark: SparkSession, moved: list[DerivedContract], states: dict[str, TableState], business_date: date
) -> dict[str, Judgement]:
    if not moved:
        return {}
    judged = {}
    with opened(lake.settings.timezone) as store:
        validator = Validator(store)
        for contract in moved:
            state = states[contract.name]
            began = time.monotonic()
            rules = _asked(lake, spark, validator, contract, state, business_date)
            judged[contract.name] = Judgement(
                contract.name, _verdict(rules), state.version, state.content, rules, seconds=time.monotonic() - began
            )
    return judged


def _asked(
    lake: Lake,
    spark: SparkSession,
    validator: Validator,
    contract: DerivedContract,
    state: TableState,
    business_date: date,
) -> tuple[RuleResult, ...]:
    """Ask a table's rules where its rows are: in this process if it may hold them, else in Spark."""
    suite = compile_suite(contract, lake.codes, rows=state.rows)
    uri, version, is_small = lake.location(state.table), state.version or 0, (state.rows or 0) <= HELD_ROWS
    held = hold(uri, version, suite) if is_small else None
    said = validator.validate_held(held, suite, lake.codes, business_date) if held is not None else None
    if said is not None:
        return said
    return validator.validate(at_version(spark, uri, version), suite, lake.codes, business_date, is_small=is_small)


def _verdict(rules: tuple[RuleResult, ...]) -> Literal["pass", "warn", "refused"]:
    if any(rule.action == "gate" and rule.verdict != "pass" for rule in rules):
        return "refused"
    return "warn" if any(rule.verdict != "pass" for rule in rules) else "pass"


def _reason(rules: tuple[RuleResult, ...]) -> str:
    stopped = [rule for rule in rules if rule.action == "gate" and rule.verdict != "pass"]
    return "；".join(f"{rule.rule}（{_found(rule)}）{rule.message}" for rule in stopped)


def _found(rule: RuleResult) -> str:
    return "未能执行" if rule.verdict == "error" else f"{rule.bad}/{rule.checked}"


def _accept(
    lake: Lake,
    session_id: str,
    recorded: list[DerivedContract],
    judged: dict[str, Judgement],
    reasons: dict[str, str],
    business_date: date,
) -> list[Judgement]:
    states = table_states(lake.ledger)
    passed = [item.name for item in recorded if item.name not in reasons and states[item.name].content is not None]
    for name in passed:
        if name in judged:
            state, one = states[name], judged[name]
            done = Outcome("done", recheck_on=state.recheck_on, rules=one.rules, metrics={"seconds": one.seconds})
            _note(lake, session_id, state, business_date, done)
    accept(lake.ledger, passed, business_date=business_date)
    states = table_states(lake.ledger)
    return [_final(states[item.name], judged.get(item.name), reasons.get(item.name)) for item in recorded]


def _note(lake: Lake, session_id: str, state: TableState, business_date: date, outcome: Outcome) -> None:
    """Record what the rules said as a run of its own, so that it can be read like what the engine's rules said."""
    for left in open_runs(lake.ledger, state.table):
        if left.kind == JUDGING:
            abandon(lake.ledger, left.id, "killed while its verdict was recorded")
    run = start(
        lake.ledger,
        table=state.table,
        kind=JUDGING,
        business_date=business_date,
        session_id=session_id,
        inputs={},
        meaning=state.meaning,
        dress=state.dress,
    )
    record(lake.ledger, run.id, outcome)


def _final(state: TableState, judged: Judgement | None, reason: str | None) -> Judgement:
    rules = judged.rules if judged is not None else ()
    seconds = judged.seconds if judged is not None else 0.0
    verdict = "refused" if reason is not None else judged.verdict if judged is not None else "unchanged"
    return Judgement(state.table, verdict, state.accepted_version, state.accepted_content, rules, reason or "", seconds)
