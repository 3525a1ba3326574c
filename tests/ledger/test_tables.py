from datetime import date

import pytest
from sqlalchemy import Engine

from citylake.ledger.errors import NothingToAcceptError, UnknownTableError
from citylake.ledger.runs import runs, tables
from citylake.ledger.runs.runs import Consumed, Outcome
from tests.ledger.given import FIRST_NIGHT, SECOND_NIGHT, started, written

TABLE = "base.population__person"
OLD = {"c": Consumed(1, 1), "d": Consumed(1, 4)}
NEW = {"c": Consumed(2, 2), "d": Consumed(1, 4)}


def test_a_table_never_recorded_stands_nowhere(ledger: Engine) -> None:
    assert tables.table_state(ledger, TABLE) is None
    assert tables.table_states(ledger) == {}
    for touch in (
        lambda: tables.refuse(ledger, TABLE, restored_version=1, reason="x"),
        lambda: tables.note_version(ledger, TABLE, 1),
        lambda: tables.accept(ledger, [TABLE], business_date=FIRST_NIGHT),
    ):
        with pytest.raises(UnknownTableError, match=TABLE):
            touch()


def test_content_numbers_only_grow_also_after_a_refusal(ledger: Engine) -> None:
    assert written(ledger, TABLE, 1, accept=True).content == 1
    assert written(ledger, TABLE, 2).content == 2
    assert tables.refuse(ledger, TABLE, restored_version=3, reason="x").content == 1
    assert written(ledger, TABLE, 4).content == 3
    assert [one.number for one in tables.contents(ledger, TABLE)] == [1, 2, 3]


def test_accepting_moves_what_others_may_read(ledger: Engine) -> None:
    written(ledger, TABLE, 5, accept=True)
    state = written(ledger, TABLE, 6)
    assert (state.accepted_version, state.accepted_content) == (5, 1)
    state = tables.accept(ledger, [TABLE], business_date=SECOND_NIGHT)[TABLE]
    assert (state.accepted_version, state.accepted_content) == (6, 2)
    assert state == tables.table_state(ledger, TABLE)
    newest = tables.contents(ledger, TABLE)[-1]
    assert (newest.verdict, newest.decided_for) == ("accepted", SECOND_NIGHT)


def test_tables_are_accepted_all_or_none(ledger: Engine) -> None:
    written(ledger, "a", 1)
    runs.record(ledger, started(ledger, "b"), Outcome("refused", reason="空"))
    with pytest.raises(NothingToAcceptError, match="b holds no content"):
        tables.accept(ledger, ["a", "b"], business_date=FIRST_NIGHT)
    assert tables.table_states(ledger)["a"].accepted_content is None


def test_a_refusal_puts_back_what_the_accepted_content_was_made_of(ledger: Engine) -> None:
    due = date(2026, 12, 24)
    before = written(ledger, TABLE, 1, OLD, accept=True, parts=("hrss", "health"), rows=10, recheck_on=due)
    moved = written(ledger, TABLE, 2, NEW, parts=("hrss",), rows=99)
    assert (moved.consumed, moved.parts, moved.rows, moved.recheck_on) == (NEW, {"hrss": 2, "health": 1}, 99, None)
    after = tables.refuse(ledger, TABLE, restored_version=3, reason="年龄超出范围")
    assert (after.consumed, after.parts, after.rows, after.recheck_on) == (OLD, {"hrss": 1, "health": 1}, 10, due)
    assert (after.content, after.accepted_content) == (before.content, before.accepted_content)
    assert (after.version, after.accepted_version) == (3, 3), "the RESTORE made a version of the same content"
    assert (after.refused, after.reason) == (True, "年龄超出范围")
    assert after == tables.table_state(ledger, TABLE)
    first, second = tables.contents(ledger, TABLE)
    assert (first.verdict, first.version, first.newest_version) == ("accepted", 1, 3)
    assert (second.verdict, second.reason) == ("refused", "年龄超出范围")


def test_a_refusal_takes_back_everything_written_since_the_acceptance(ledger: Engine) -> None:
    written(ledger, TABLE, 1, OLD, accept=True)
    written(ledger, TABLE, 2, NEW)
    written(ledger, TABLE, 3, NEW)
    tables.refuse(ledger, TABLE, restored_version=4, reason="x")
    assert [one.verdict for one in tables.contents(ledger, TABLE)] == ["accepted", "refused", "refused"]


def test_a_table_that_read_a_refused_one_and_wrote_nothing_reads_it_again(ledger: Engine) -> None:
    written(ledger, TABLE, 1, OLD, accept=True)
    assert written(ledger, TABLE, None, NEW).consumed == NEW
    after = tables.refuse(ledger, TABLE, restored_version=1, reason="同层表被退回")
    assert after.consumed == OLD
    assert (after.content, after.version, after.refused) == (1, 1, True)
    assert tables.contents(ledger, TABLE)[0].verdict == "accepted"


def test_accepting_a_table_that_wrote_nothing_accepts_what_it_read(ledger: Engine) -> None:
    written(ledger, TABLE, 1, OLD, accept=True)
    written(ledger, TABLE, None, NEW)
    tables.accept(ledger, [TABLE], business_date=SECOND_NIGHT)
    written(ledger, TABLE, 2, {"c": Consumed(3, 3)})
    assert tables.refuse(ledger, TABLE, restored_version=3, reason="x").consumed == NEW


def test_accepting_after_a_refusal_does_not_hide_it(ledger: Engine) -> None:
    written(ledger, TABLE, 1, OLD, accept=True)
    written(ledger, TABLE, 2, NEW)
    tables.refuse(ledger, TABLE, restored_version=3, reason="x")
    assert tables.accept(ledger, [TABLE], business_date=FIRST_NIGHT)[TABLE].refused


def test_refusing_twice_is_refusing_once(ledger: Engine) -> None:
    written(ledger, TABLE, 1, OLD, accept=True)
    written(ledger, TABLE, 2, NEW)
    first = tables.refuse(ledger, TABLE, restored_version=3, reason="x")
    assert tables.refuse(ledger, TABLE, restored_version=3, reason="x") == first


def test_a_table_never_accepted_holds_nothing_after_a_refusal(ledger: Engine) -> None:
    written(ledger, TABLE, 1, OLD, parts=("hrss",))
    state = tables.refuse(ledger, TABLE, restored_version=2, reason="x")
    assert (state.content, state.consumed, state.parts, state.meaning) == (None, {}, {}, "")
    assert (state.version, state.accepted_content, state.refused) == (2, None, True)
    with pytest.raises(NothingToAcceptError):
        tables.accept(ledger, [TABLE], business_date=FIRST_NIGHT)
    state = written(ledger, TABLE, 3, NEW, accept=True)
    assert (state.content, state.accepted_content, state.refused) == (2, 2, False)


def test_the_next_write_after_a_refusal_is_an_ordinary_one(ledger: Engine) -> None:
    written(ledger, TABLE, 1, OLD, accept=True)
    written(ledger, TABLE, 2, NEW)
    tables.refuse(ledger, TABLE, restored_version=3, reason="x")
    state = written(ledger, TABLE, 4, NEW, accept=True)
    assert (state.accepted_version, state.accepted_content, state.refused, state.reason) == (4, 3, False, "")


def test_a_content_raises_the_numbers_of_the_parts_it_touches_only(ledger: Engine) -> None:
    written(ledger, TABLE, 1, parts=("hrss", "health"))
    assert written(ledger, TABLE, 2, parts=("health", "justice")).parts == {"hrss": 1, "health": 2, "justice": 2}
    assert written(ledger, TABLE, None).parts == {"hrss": 1, "health": 2, "justice": 2}


def test_a_version_without_new_content_moves_nothing_but_versions(ledger: Engine) -> None:
    written(ledger, TABLE, 1, OLD, accept=True)
    state = tables.note_version(ledger, TABLE, 2)
    assert (state.version, state.content, state.accepted_version, state.accepted_content) == (2, 1, 2, 1)
    content = tables.contents(ledger, TABLE)[0]
    assert (content.version, content.newest_version) == (1, 2)


def test_a_version_of_unaccepted_content_is_not_an_accepted_one(ledger: Engine) -> None:
    written(ledger, TABLE, 1, OLD, accept=True)
    written(ledger, TABLE, 2, NEW)
    state = tables.note_version(ledger, TABLE, 3)
    assert (state.version, state.accepted_version) == (3, 1)
    assert tables.accept(ledger, [TABLE], business_date=FIRST_NIGHT)[TABLE].accepted_version == 3


def test_a_new_dress_is_no_new_content(ledger: Engine) -> None:
    written(ledger, TABLE, 1, OLD, accept=True)
    state = tables.dress(ledger, TABLE, "silk", 2)
    assert (state.dress, state.version, state.accepted_version, state.content) == ("silk", 2, 2, 1)
    written(ledger, TABLE, 3, NEW)
    assert tables.refuse(ledger, TABLE, restored_version=4, reason="x").dress == "silk"


def test_a_run_keeps_the_inputs_it_does_not_name(ledger: Engine) -> None:
    written(ledger, TABLE, 1, OLD)
    assert written(ledger, TABLE, 2, {"c": Consumed(5, 9)}).consumed == {"c": Consumed(5, 9), "d": OLD["d"]}


def test_a_run_with_another_meaning_forgets_the_inputs_of_the_old_one(ledger: Engine) -> None:
    written(ledger, TABLE, 1, OLD)
    number = started(ledger, TABLE, meaning="another")
    state = runs.record(ledger, number, Outcome("done", version=2, consumed={"e": Consumed(1, 1)}))
    assert (state.consumed, state.meaning) == ({"e": Consumed(1, 1)}, "another")
