"""A run of a date three weeks back: it does nothing, says so, and never makes a table forget what it knows."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, cast

import pytest
from pyspark.sql import SparkSession

from citylake.delta.errors import TableError
from citylake.engine.run.run import run_table
from citylake.lake import Lake
from citylake.ledger.deliveries.deliveries import receipts
from citylake.ledger.errors import NightOrderError
from citylake.ledger.nights.nights import night, publication, publications, publish, ready, settlements
from citylake.ledger.runs.runs import runs
from citylake.ledger.runs.tables import table_states
from citylake.night.steps.collect import collect_resource, settle_department
from citylake.night.steps.movable import start_night
from citylake.night.steps.ready import make_ready, pinned_now
from citylake.night.steps.step import Step
from citylake.settings import Settings
from tests.night.given import DAY, a_lake, settle_all, write_everything

BACK = DAY - timedelta(weeks=3)
MARRIAGE, CLEAN = "civil_affairs.marriage", "clean.civil_affairs__marriage"
BASE = "base.population__person"


@pytest.fixture
def published(settings: Settings) -> Lake:
    """A lake whose newest night is published; nothing in these tests may ask Spark for anything."""
    lake = a_lake(settings)
    write_everything(lake)
    settle_all(lake, DAY)
    ready(lake.ledger, DAY, pinned_now(lake), [])
    publish(lake.ledger, DAY, [])
    return lake


def step(lake: Lake, day: date, reports: Mapping[str, Any] | None = None) -> Step:
    return Step(day, events=frozenset({"cutoff"}), reports=reports or {}, given=lake)


def test_every_task_of_the_night_has_nothing_to_do_and_changes_nothing(published: Lake) -> None:
    before = (table_states(published.ledger), publications(published.ledger))
    drop = published.settings.inbox / "civil_affairs" / "hydj_20261101.csv"
    drop.parent.mkdir(parents=True)
    drop.write_text("x", "utf-8")
    said = collect_resource(step(published, BACK), MARRIAGE)
    assert (said.state, "已发布，不再采集" in said.message) == ("nothing", True)
    assert drop.exists(), "the file waits for the next night"
    assert settle_department(step(published, BACK), "civil_affairs", [MARRIAGE]).state == "done"
    assert make_ready(step(published, BACK), "cutoff").state == "nothing"
    started = start_night(step(published, BACK), {"base_population": [BASE]})
    assert (started.state, started.facts["tables"]) == ("done", [])
    assert (settlements(published.ledger, BACK), night(published.ledger, BACK)) == ({}, None)
    assert receipts(published.ledger) == []
    assert (table_states(published.ledger), publications(published.ledger)) == before


def test_it_cannot_be_made_ready_nor_published_by_force(published: Lake) -> None:
    with pytest.raises(NightOrderError, match=DAY.isoformat()):
        ready(published.ledger, BACK, pinned_now(published), [])
    newest = publication(published.ledger)
    assert newest is not None
    assert newest.business_date == DAY


@pytest.mark.parametrize("table", [CLEAN, BASE])
def test_one_table_is_not_run_for_a_date_before_one_it_was_made_for(published: Lake, table: str) -> None:
    before = len(runs(published.ledger))
    with pytest.raises(TableError, match=f"already made for {DAY}; nights only go forward"):
        run_table(published, cast("SparkSession", None), table, BACK)
    assert len(runs(published.ledger)) == before
