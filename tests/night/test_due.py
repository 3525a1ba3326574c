"""What is missing on a night: what was due, has not come, and whose grace is over."""

from datetime import date, timedelta

import pytest

from citylake.contract.model import CollectedContract
from citylake.lake import Lake
from citylake.ledger.database import writing
from citylake.ledger.deliveries.deliveries import close, skip
from citylake.ledger.nights.nights import Settled, SettledOutcome, settle
from citylake.read.due import dry, overdue
from citylake.read.summary import summarise
from citylake.settings import Settings
from citylake.spelling import table_of
from tests.night.given import DAY, a_lake, settle_all
from tests.read.why.given import delivered

PUPILS, BIRTHS = "education.pupil", "health.birth_certificate"
PRISONERS, MARRIAGES = "justice.serving_sentence", "civil_affairs.marriage"
SILENT: list[SettledOutcome] = ["nothing"] * 29


@pytest.fixture
def made(settings: Settings) -> Lake:
    return a_lake(settings)


@pytest.mark.parametrize(
    ("resource", "outcomes", "wanted"),
    [
        pytest.param(PUPILS, ["accepted", "nothing", "nothing", "nothing"], [], id="a database with nothing new"),
        pytest.param(BIRTHS, ["accepted", "nothing", "nothing", "nothing"], [], id="an API with nothing new"),
        pytest.param(PUPILS, ["accepted", "nothing", "unreachable", "unreachable"], [3], id="a database that is gone"),
        pytest.param(
            MARRIAGES, ["accepted", "nothing", "nothing", "nothing"], [2, 3], id="a daily file that stays out"
        ),
        pytest.param(
            MARRIAGES, ["accepted", "refused", "refused", "unchanged"], [2], id="a daily file that is refused"
        ),
        pytest.param(MARRIAGES, ["nothing", "accepted"], [0], id="a file that never came before"),
        pytest.param(PRISONERS, ["accepted", *SILENT, "nothing", "nothing", "nothing"], [32], id="a monthly file"),
        pytest.param(PRISONERS, ["accepted", *SILENT, "unchanged", *SILENT], [], id="a monthly file like the last one"),
    ],
)
def test_a_resource_is_missing_when_the_grace_of_its_next_delivery_is_over(
    made: Lake, resource: str, outcomes: list[SettledOutcome], wanted: list[int]
) -> None:
    found = []
    for number, outcome in enumerate(outcomes):
        day = DAY + timedelta(days=number)
        settle(made.ledger, resource.partition(".")[0], day, [Settled(resource, outcome)])
        found += [number] if resource in overdue(made, day) else []
    assert found == wanted


def test_what_came_later_does_not_change_what_was_missing(made: Lake) -> None:
    settle_all(made, DAY, but=("justice",))
    settle_all(made, DAY + timedelta(days=1))
    assert overdue(made, DAY) == [PRISONERS]


def test_what_was_taken_by_hand_is_not_missing_in_the_night_that_follows(made: Lake) -> None:
    taken = delivered(made, MARRIAGES, "hydj_20261122.csv", DAY)
    assert MARRIAGES in overdue(made, DAY)
    skip(made.ledger, taken, "与上次相同")
    assert MARRIAGES not in overdue(made, DAY)


def test_the_second_night_shows_as_absent_only_files_that_were_expected_and_systems_that_are_gone(made: Lake) -> None:
    after = DAY + timedelta(days=1)
    settle_all(made, DAY)
    settle_all(made, after, outcome="nothing", but=("tax",))
    settle(made.ledger, "tax", after, [Settled("tax.taxpayer", "unreachable")])
    absent = {one.department: one.absent for one in summarise(made, after).departments}
    titles = {item.resource: item.title for item in made.catalog.collected}
    assert (absent["education"], absent["health"], absent["justice"]) == ((), (), ())
    assert absent["tax"] == (f"{titles['tax.taxpayer']}:unreachable",)
    assert f"{titles[MARRIAGES]}:nothing" in absent["civil_affairs"]
    assert overdue(made, after) == []


def accepted(lake: Lake, resource: str, day: date, **counts: int) -> None:
    number = delivered(lake, resource, "asked", day)
    with writing(lake.ledger) as session:
        close(session, number, "accepted", "", {"lines": 9, **counts}, None)


def test_a_source_that_answers_and_changes_nothing_is_told_as_dry(made: Lake) -> None:
    accepted(made, PUPILS, DAY, inserted=9)
    accepted(made, MARRIAGES, DAY, inserted=9)
    accepted(made, PUPILS, DAY + timedelta(days=4), updated=1)
    accepted(made, PUPILS, DAY + timedelta(days=9), repeated=9)
    every = made.catalog.contract(table_of(PUPILS))
    assert isinstance(every, CollectedContract)
    assert every.due.every == "day"
    assert dry(made, DAY + timedelta(days=14)) == {}
    assert dry(made, DAY + timedelta(days=15)) == {PUPILS: 11}
