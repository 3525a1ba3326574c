"""A delete that is held back takes nothing away, and the second engine says so by itself."""

from collections.abc import Iterator
from datetime import date

import pytest
from pyspark.sql import SparkSession

from citylake.contract.catalog import load_catalog
from citylake.ledger.nights import nights
from citylake.ledger.nights.nights import Pin
from citylake.ledger.runs.tables import table_states
from citylake.read.entries import candidates
from citylake.settings import Settings
from tests.engine.small_lake import SmallLake, contract, line
from tests.verify.story import CHANGE, Story

FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)
LATER = "2026-02-05 00:00:00"
HELD = {"2": "2026-03-09 00:00:00", "3": "2026-02-30 00:00:00", "4": "1988-04-17 02:30:00"}
"""Deletes whose stamp is ahead, no day, or a time that the clock skipped."""


@pytest.fixture
def story(lake: Settings, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    small = SmallLake.make(lake, spark, tmp_path_factory.mktemp("held") / "project")
    rules = {"quarantine": [{"not_null": "name"}, {"not_in_future": "updated_at"}]}
    small.write("clean/office/change.yml", contract("change", rules=rules))
    yield Story(small, small.settings)
    load_catalog.cache_clear()


def publish(small: SmallLake, day: date, rows: list[dict[str, str]]) -> None:
    small.day = day
    small.drop(f"change_{day:%Y%m%d}.csv", rows)
    small.collect(CHANGE)
    ledger = small.lake.ledger
    states = table_states(ledger)
    state = states[CHANGE]
    assert state.content is not None
    assert state.version is not None
    night = nights.ready(ledger, day, {CHANGE: Pin(state.content, state.version)}, [])
    nights.publish(ledger, day, candidates(small.lake, states, night).values(), number=night.number)


def test_a_delete_that_was_held_back_takes_nothing_away_in_either_engine(story: Story) -> None:
    small = story.small
    publish(small, FIRST, [line(number) for number in "1234"])
    publish(
        small,
        SECOND,
        [
            line("1", CZBZ="D", MC="", GXSJ=LATER),
            *[line(number, CZBZ="D", GXSJ=stamp) for number, stamp in HELD.items()],
        ],
    )
    rows = small.rows(CHANGE, "record_no", "_deleted", "_held_since")
    assert rows == [("1", True, None), *[(number, False, SECOND) for number in "234"]]
    assert [(one.table, one.state) for one in story.verified(CHANGE).values()] == [(CHANGE, "equal")]


@pytest.mark.parametrize("number", [*HELD])
def test_the_second_engine_finds_a_record_that_went_by_a_held_delete(story: Story, number: str) -> None:
    publish(story.small, FIRST, [line(one) for one in "1234"])
    publish(story.small, SECOND, [line(number, CZBZ="D", GXSJ=HELD[number])])
    story.plant(f"UPDATE {{}} SET _deleted = true, _held_since = NULL WHERE record_no = '{number}'", CHANGE)
    found = story.verified(CHANGE)[CHANGE]
    assert found.is_wrong
