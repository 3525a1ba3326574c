"""A night in which nothing moved: published again from the ledger alone, for hundreds of tables."""

from datetime import timedelta

import pytest

from citylake.lake import Lake
from citylake.ledger.nights.nights import Entry, publication, publish
from citylake.ledger.runs.tables import table_states
from citylake.night.steps.movable import start_night
from citylake.night.steps.publish import publish_night
from citylake.night.steps.ready import make_ready
from citylake.night.steps.step import Step
from citylake.settings import Settings
from tests.night.given import DAY, a_lake, settle_all, write, write_everything

NEXT = DAY + timedelta(days=1)
TASKS = {"base_population": ["base.population__person"]}


@pytest.fixture
def published(settings: Settings) -> Lake:
    """A lake with one night published, and no Spark server."""
    lake = a_lake(settings)
    write_everything(lake)
    settle_all(lake, DAY)
    make_ready(Step(DAY, given=lake), cutoff_asset="cutoff")
    publish(lake.ledger, DAY, _entries(lake))
    return lake


def _entries(lake: Lake) -> list[Entry]:
    from citylake.ledger.nights.nights import night
    from citylake.read.entries import candidates

    made = night(lake.ledger, DAY)
    assert made is not None
    return list(candidates(lake, table_states(lake.ledger), made).values())


def night_through(lake: Lake) -> Step:
    """Run the steps of ``NEXT`` as Airflow would when nothing can move; return the publishing one."""
    settle_all(lake, NEXT, outcome="unchanged")
    assert make_ready(Step(NEXT, given=lake), cutoff_asset="cutoff").state == "done"
    started = start_night(Step(NEXT, given=lake), tasks=TASKS)
    step = Step(NEXT, given=lake, reports={"start": started.facts})
    assert publish_night(step).state == "done"
    return step


def test_a_night_in_which_nothing_moved_is_published_without_asking_spark(published: Lake) -> None:
    step = night_through(published)
    assert not step.asked_for_spark
    before, after = publication(published.ledger, DAY), publication(published.ledger, NEXT)
    assert before is not None
    assert after is not None
    assert after.entries == before.entries
    assert after.entries


def test_a_moved_table_still_has_its_files_looked_at_before_they_are_published(published: Lake) -> None:
    write(
        published,
        "base.population__person",
        consumed=table_states(published.ledger)["base.population__person"].consumed,
    )
    # No file lies there: the version cannot be read, and only the views need Spark.
    with pytest.raises(ConnectionError, match="citylake up"):
        night_through(published)
    shown = publication(published.ledger, NEXT)
    assert shown is not None
    assert shown.entry("base.population__person") is None
    assert shown.entry("base.population__crosswalk") is not None


def test_the_session_is_announced_before_it_is_opened(settings: Settings) -> None:
    told: list[str] = []
    step = Step(DAY, announce=told.append, given=a_lake(settings))
    with pytest.raises(ConnectionError):
        _ = step.spark
    assert told == [step.session_id]
