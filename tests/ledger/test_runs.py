import signal
from datetime import date

import pytest
from sqlalchemy import Engine

from citylake.ledger.deliveries import deliveries
from citylake.ledger.errors import DeliveryClosedError, OpenRunError, OutcomeError, RunClosedError, UnknownRunError
from citylake.ledger.runs import runs, tables
from citylake.ledger.runs.owner import this_process
from citylake.ledger.runs.runs import Consumed, DeliveryOutcome, Outcome, RuleResult
from tests.ledger.conftest import Elsewhere
from tests.ledger.given import FIRST_NIGHT, SECOND_NIGHT, received, started, written

TABLE = "topic.social_security__person"
RULES = (
    RuleResult("not_null: name", "quarantine", "fail", 10, 2, "2 行为空"),
    RuleResult("unique: person_id", "gate", "pass", 10, 0),
)


def test_a_run_says_who_works_on_what_from_where(ledger: Engine) -> None:
    inputs = {"p": Consumed(3, 17), "b": Consumed(1, 0)}
    run = runs.start(
        ledger,
        table=TABLE,
        kind="rebuild",
        business_date=FIRST_NIGHT,
        session_id="session-1",
        inputs=inputs,
        meaning="m",
        dress="d",
        steps=2,
    )
    me = this_process()
    assert run == runs.run(ledger, run.id)
    assert (run.state, run.inputs, run.steps) == ("open", inputs, 2)
    assert (run.host, run.boot_id, run.pid) == (me.host, me.boot_id, me.pid)
    assert runs.open_runs(ledger, TABLE) == [run]


def test_run_numbers_only_grow(ledger: Engine) -> None:
    numbers = []
    for table in ("a", "b", "a"):
        numbers.append(started(ledger, table))
        runs.fail(ledger, numbers[-1], "出错")
    assert numbers == sorted(set(numbers))


def test_a_table_has_one_open_run(ledger: Engine) -> None:
    first = started(ledger, TABLE)
    with pytest.raises(OpenRunError, match=f"run {first} of {TABLE} is still open"):
        started(ledger, TABLE)
    runs.abandon(ledger, first, "没有提交")
    assert started(ledger, TABLE) > first


def test_recording_closes_the_run_and_moves_the_table(ledger: Engine) -> None:
    number = started(ledger, TABLE)
    consumed = {"p": Consumed(3, 17)}
    outcome = Outcome(
        "done",
        version=4,
        rows=12,
        recheck_on=date(2026, 12, 1),
        consumed=consumed,
        rules=RULES,
        metrics={"seconds": 1.5},
    )
    state = runs.record(ledger, number, outcome)
    run = runs.run(ledger, number)
    assert (run.state, run.version, run.metrics) == ("done", 4, {"seconds": 1.5})
    assert run.ended_at is not None
    assert runs.open_runs(ledger, TABLE) == []
    assert runs.rule_results(ledger, number) == list(RULES)
    assert state == tables.table_state(ledger, TABLE)
    assert (state.version, state.content, state.rows, state.consumed) == (4, 1, 12, consumed)
    assert (state.recheck_on, state.accepted_content) == (date(2026, 12, 1), None)


def test_recording_gives_the_delivery_its_receipt(ledger: Engine) -> None:
    one = received(ledger)
    number = started(ledger, "clean.x__y", one)
    counts = {"lines": 10, "inserted": 8, "quarantined": 2}
    runs.record(
        ledger, number, Outcome("done", version=1, accepted=True, delivery=DeliveryOutcome("accepted", "", counts))
    )
    receipt = deliveries.delivery(ledger, one.id)
    assert (receipt.verdict, receipt.counts, receipt.run_id, receipt.receipt_number) == ("accepted", counts, number, 1)
    assert deliveries.verify_chain(ledger) == []


@pytest.mark.parametrize("where", ["close", "read_on", "accept_table"])
def test_a_kill_while_recording_leaves_nothing_of_it(ledger: Engine, elsewhere: Elsewhere, where: str) -> None:
    one = received(ledger)
    number = started(ledger, TABLE, one)
    assert elsewhere.has_done("die_while_recording", number, where) == -signal.SIGKILL
    assert runs.run(ledger, number).state == "open"
    assert runs.rule_results(ledger, number) == []
    assert tables.contents(ledger, TABLE) == []
    assert tables.table_state(ledger, TABLE) is None
    assert deliveries.delivery(ledger, one.id) == one
    assert deliveries.verify_chain(ledger) == []
    state = runs.record(ledger, number, Outcome("done", version=7, delivery=DeliveryOutcome("accepted")))
    assert state.content == 1


def test_a_verdict_given_meanwhile_leaves_nothing_of_the_record(ledger: Engine) -> None:
    one = received(ledger)
    number = started(ledger, TABLE, one)
    deliveries.refuse(ledger, one.id, reason="空文件", counts={})
    with pytest.raises(DeliveryClosedError):
        runs.record(ledger, number, Outcome("done", version=1, rules=RULES, delivery=DeliveryOutcome("accepted")))
    assert runs.run(ledger, number).state == "open"
    assert runs.rule_results(ledger, number) == []
    assert tables.table_state(ledger, TABLE) is None


def test_a_run_is_recorded_once(ledger: Engine) -> None:
    number = started(ledger, TABLE)
    before = runs.record(ledger, number, Outcome("done", version=1))
    with pytest.raises(RunClosedError, match="already done"):
        runs.record(ledger, number, Outcome("done", version=2))
    with pytest.raises(RunClosedError):
        runs.fail(ledger, number, "出错")
    assert tables.table_state(ledger, TABLE) == before


@pytest.mark.parametrize("end", [runs.fail, runs.abandon])
def test_a_run_without_success_leaves_the_table_where_it_was(ledger: Engine, end: object) -> None:
    before = written(ledger, TABLE, 1)
    number = started(ledger, TABLE)
    closed = (runs.fail if end is runs.fail else runs.abandon)(ledger, number, "会话中断")
    assert closed.state == ("failed" if end is runs.fail else "abandoned")
    assert closed.reason == "会话中断"
    assert tables.table_state(ledger, TABLE) == before


def test_a_run_recorded_as_failed_keeps_what_its_rules_said(ledger: Engine) -> None:
    broken = RuleResult("sum: amount", "gate", "error", 0, 0, "列不存在")
    before = written(ledger, TABLE, 1)
    number = started(ledger, TABLE)
    assert runs.record(ledger, number, Outcome("failed", rules=(broken,), reason="规则无法执行")) == before
    assert runs.rule_results(ledger, number) == [broken]
    assert runs.run(ledger, number).state == "failed"


def test_a_gate_refusal_marks_the_table_and_keeps_its_content(ledger: Engine) -> None:
    before = written(ledger, TABLE, 1, {"p": Consumed(1, 1)}, accept=True)
    state = runs.record(ledger, started(ledger, TABLE), Outcome("refused", reason="少了三成", rules=RULES))
    assert (state.refused, state.reason) == (True, "少了三成")
    assert (state.content, state.version, state.consumed) == (before.content, before.version, before.consumed)
    assert not written(ledger, TABLE, None).refused, "a later run that is done clears it"


def test_a_first_load_that_is_refused_leaves_a_table_without_content(ledger: Engine) -> None:
    state = runs.record(ledger, started(ledger, TABLE), Outcome("refused", reason="空"))
    assert (state.content, state.version, state.accepted_content, state.refused) == (None, None, None, True)


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome("refused", version=1),
        Outcome("failed", accepted=True),
        Outcome("refused", consumed={"p": Consumed(1, 1)}),
        Outcome("done", parts=("hrss",)),
        Outcome("done", version=1, delivery=DeliveryOutcome("accepted")),
    ],
)
def test_an_outcome_that_contradicts_itself_is_refused(ledger: Engine, outcome: Outcome) -> None:
    number = started(ledger, TABLE)
    with pytest.raises(OutcomeError, match=TABLE):
        runs.record(ledger, number, outcome)
    assert runs.run(ledger, number).state == "open"


def test_runs_are_found_by_table_and_date_newest_first(ledger: Engine) -> None:
    first = started(ledger, "a")
    runs.fail(ledger, first, "出错")
    second = started(ledger, "b")
    third = started(ledger, "a")
    assert [run.id for run in runs.runs(ledger)] == [third, second, first]
    assert [run.id for run in runs.runs(ledger, table="a")] == [third, first]
    assert [run.id for run in runs.runs(ledger, business_date=FIRST_NIGHT, limit=2)] == [third, second]
    assert runs.runs(ledger, business_date=SECOND_NIGHT) == []


def test_an_unknown_run_is_an_error(ledger: Engine) -> None:
    with pytest.raises(UnknownRunError, match="citylake status"):
        runs.fail(ledger, 99, "出错")


def test_a_driver_message_with_a_citizens_number_is_kept_without_it(ledger: Engine) -> None:
    made_up = "3707" + "1" * 14
    closed = runs.fail(ledger, started(ledger, TABLE), f"duplicate key ({made_up})")
    assert closed.reason == "duplicate key (…)"
