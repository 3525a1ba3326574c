"""When a night may begin, and what can move in it: decided from the ledger alone."""

from datetime import date, timedelta

import pytest

from citylake.lake import Lake
from citylake.ledger.nights.nights import Entry, night, publish
from citylake.ledger.runs.tables import table_states
from citylake.night.steps.collect import settle_department
from citylake.night.steps.movable import movable, start_night
from citylake.night.steps.ready import make_ready, pinned_now
from citylake.night.steps.step import Report, Step
from citylake.settings import Settings
from tests.night.given import DAY, a_lake, settle_all, write, write_everything

CUTOFF = frozenset({"cutoff"})


@pytest.fixture
def made(settings: Settings) -> Lake:
    return a_lake(settings)


def decide(lake: Lake, day: date = DAY, events: frozenset[str] = frozenset()) -> Report:
    return make_ready(Step(day, events=events, given=lake), cutoff_asset="cutoff")


def test_the_night_waits_while_a_department_has_not_settled(made: Lake) -> None:
    settle_all(made, DAY, but=("justice",))
    assert decide(made).state == "nothing"
    assert night(made.ledger, DAY) is None


def test_the_night_begins_when_the_last_department_has_settled_and_names_what_is_missing(made: Lake) -> None:
    write(made, "clean.transport__bus_tap")
    settle_all(made, DAY, outcome="unreachable", but=("transport",))
    settle_all(made, DAY, but=("justice", "hrss", "health", "civil_affairs", "public_security"))
    report = decide(made)
    assert report.state == "done"
    assert report.facts["pinned"] == {"clean.transport__bus_tap": [1, 1]}
    assert "hrss.pension_payment" in report.facts["missing"]
    assert "transport.bus_tap" not in report.facts["missing"]


def settle_one(lake: Lake, department: str) -> object:
    resources = [item.resource for item in lake.catalog.of_department(department)]
    return settle_department(Step(DAY, given=lake), department, resources).facts["wakes"]


def test_the_night_is_woken_by_the_last_department_alone_and_by_whoever_settles_again(made: Lake) -> None:
    settle_all(made, DAY, but=("justice", "tax"))
    assert settle_one(made, "tax") is False
    assert settle_one(made, "justice") is True
    decide(made)
    assert settle_one(made, "tax") is True
    publish(made.ledger, DAY, [Entry("base.population__person", 1, 1, stale=False)])
    assert settle_one(made, "tax") is False


def test_who_is_late_wakes_a_night_that_the_cutoff_has_begun(made: Lake) -> None:
    settle_all(made, DAY, but=("justice", "tax"))
    decide(made, events=CUTOFF)
    assert settle_one(made, "tax") is True


def test_the_cutoff_of_this_date_begins_the_night_without_those_who_are_late(made: Lake) -> None:
    settle_all(made, DAY, but=("justice",))
    report = decide(made, events=CUTOFF)
    assert report.state == "done"
    assert "justice.serving_sentence" in report.facts["missing"]


def test_the_same_contents_are_not_sent_out_twice_but_a_late_delivery_is(made: Lake) -> None:
    write(made, "clean.transport__bus_tap")
    settle_all(made, DAY, but=("justice",))
    assert decide(made, events=CUTOFF).facts["number"] == 1
    assert decide(made).state == "nothing"
    write(made, "clean.justice__serving_sentence")
    settle_all(made, DAY)
    assert decide(made).facts["number"] == 2


def test_a_published_date_is_left_alone(made: Lake) -> None:
    settle_all(made, DAY)
    decide(made)
    publish(made.ledger, DAY, [Entry("base.population__person", 1, 1, stale=False)])
    assert decide(made, events=CUTOFF).state == "nothing"
    started = start_night(Step(DAY, given=made), tasks={"base_population": ["base.population__person"]})
    assert started.leave_out == ("base_population", "publish")


def test_before_the_first_night_every_table_can_move(made: Lake) -> None:
    assert movable(made, DAY, {}) == [item.name for item in made.catalog.derived]


def test_when_nothing_moved_no_table_can_and_no_task_is_started(made: Lake) -> None:
    write_everything(made)
    settle_all(made, DAY, outcome="unchanged")
    decide(made)
    assert movable(made, DAY, pinned_now(made)) == []
    started = start_night(Step(DAY, given=made), tasks={"link_transport": ["linked.transport__bus_tap"]})
    assert started.state == "done"
    assert started.leave_out == ("link_transport",)


def test_one_moved_clean_table_moves_what_is_above_it_and_nothing_else(made: Lake) -> None:
    write_everything(made)
    write(made, "clean.transport__bus_tap")
    moving = movable(made, DAY, pinned_now(made))
    assert "linked.transport__bus_tap" in moving
    assert "special.silent_certification__evidence" in moving


def test_a_row_due_to_be_looked_at_again_moves_its_table_on_that_day_and_not_before(made: Lake) -> None:
    write_everything(made)
    table = "special.silent_certification__evidence"
    consumed = table_states(made.ledger)[table].consumed
    write(made, table, recheck_on=DAY + timedelta(days=3), consumed=consumed)
    assert movable(made, DAY, pinned_now(made)) == []
    assert movable(made, DAY + timedelta(days=3), pinned_now(made)) == [table]


def test_a_night_that_was_never_made_ready_is_refused_in_words(made: Lake) -> None:
    report = start_night(Step(DAY, given=made), tasks={})
    assert report.state == "refused"
    assert "cutoff" in report.message
