"""Three nights with changes, back to the first, and on: the next night is as if the lake had never gone back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NoReturn

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

import citylake
import citylake.recovery.restore.restore
from citylake.delta.log import newest_version
from citylake.engine.run.run import run_table
from citylake.ledger.deliveries import deliveries
from citylake.ledger.errors import RestorationError, RestorationOpenError
from citylake.ledger.nights import contents as night_contents
from citylake.ledger.nights.nights import newest_published
from citylake.ledger.people import decisions as audit
from citylake.ledger.runs.tables import table_states
from citylake.night.publication.publish import Published
from citylake.read.session import NotPublishedError
from citylake.recovery.restore.errors import VersionGoneError
from citylake.recovery.restore.restore import Restored, restore
from citylake.settings import Settings
from citylake.spark.session import session
from citylake.spelling import resource_of
from tests.engine.small_lake import SmallLake, line
from tests.recovery.restore.nights import CHANGE, CROSSWALK, LINKED, PLAIN, SNAPSHOT, TALLY, content_hash, make, night

FIRST, SECOND, THIRD, FOURTH = (date(2026, 3, day) for day in (1, 2, 3, 4))
TABLES = (CHANGE, SNAPSHOT, CROSSWALK, LINKED, PLAIN, TALLY)
SHOWN = (LINKED, PLAIN, TALLY)
NIGHTS = {
    FIRST: {
        "change_20260301.csv": [line(str(number)) for number in (1, 2, 3)],
        "snapshot_20260301.csv": [line(str(number), GSBH=f"P{number}") for number in (1, 2, 3)],
    },
    SECOND: {
        "change_20260302.csv": [
            line("1", CZBZ="U", JE="11.00", GXSJ="2026-03-02 08:00:00"),
            line("2", CZBZ="D", GXSJ="2026-03-02 08:00:00"),
            line("3", CZBZ="U", MC="", GXSJ="2026-03-02 08:00:00"),
            line("4", GXSJ="2026-03-02 08:00:00"),
        ],
        "snapshot_20260302.csv": [line(str(number), GSBH=f"P{number % 4}") for number in (1, 2, 3, 4, 5)],
    },
    THIRD: {
        "change_20260303_1.csv": [line("1", CZBZ="U", JE="12.00", GXSJ="2026-03-03 08:00:00")],
        "change_20260303_2.csv": [line("1", CZBZ="U", JE="13.00", GXSJ="2026-03-03 09:00:00"), line("6")],
        "snapshot_20260303.csv": [line(str(number), GSBH=f"P{number % 5}") for number in (1, 2, 3, 5, 6)],
    },
}
TAKEN_AGAIN = 5


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Story:
    """What was seen on the way."""

    small: SmallLake
    published: dict[date, Published]
    hashes: dict[date, dict[str, str]]
    shown_when_killed: date
    stopped_meanwhile: str
    done: Restored
    back: dict[str, str]
    shown_when_back: date
    quarantined_when_back: int
    fourth: Published

    def shown(self, day: date) -> dict[str, str]:
        """Return hashes of what a publication shows."""
        lake = self.small.lake
        entries = self.published[day].publication.entries
        return {one.table: content_hash(lake.location(one.table), one.version) for one in entries}


def hashes(small: SmallLake) -> dict[str, str]:
    return {table: content_hash(small.lake.location(table)) for table in TABLES}


def killed_once(table: str) -> object:
    """Return a ``go_back`` that ends the process after a table's files are back and before the ledger knows."""

    def go_back(engine: object, held: object, **said: object) -> object:
        if getattr(held, "table", "") == table:
            raise Killed
        return night_contents.go_back(engine, held, **said)  # type: ignore[arg-type]

    return go_back


@pytest.fixture(scope="module")
def story(lake_of_module: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with session(lake_of_module) as spark, pytest.MonkeyPatch.context() as patch:
        small = make(lake_of_module, spark, tmp_path_factory.mktemp("restore") / "project")
        published, seen = {}, {}
        for day, files in NIGHTS.items():
            published[day] = night(small, day, files)
            seen[day] = hashes(small)
        with patch.context() as once:
            once.setattr(citylake.recovery.restore.restore, "go_back", killed_once(LINKED))
            with pytest.raises(Killed):
                go(small, spark, FIRST)
        shown_when_killed = citylake.connect(settings=small.settings).night
        with pytest.raises(RestorationOpenError) as stopped:
            run_table(small.lake, spark, TALLY, FOURTH, rebuild=True)
        done = go(small, spark, FIRST)
        back = hashes(small)
        shown_when_back = citylake.connect(settings=small.settings).night
        quarantined = len(small.rows("quarantine.office__change", "_line"))
        fourth = night(small, FOURTH, {})
        published[FOURTH] = fourth
        yield Story(
            small, published, seen, shown_when_killed, str(stopped.value), done, back, shown_when_back, quarantined, fourth
        )  # fmt: skip


def go(small: SmallLake, spark: SparkSession, day: date) -> Restored:
    return restore(small.lake, lambda: spark, day, actor="operator", reason="错误的归并规则")


def no_spark() -> NoReturn:
    raise AssertionError("Spark is not asked before it is sure that the lake goes back")


def test_every_table_holds_again_what_the_night_held(story: Story) -> None:
    assert len({seen[TALLY] for seen in story.hashes.values()}) == len(NIGHTS)
    assert story.back == story.hashes[FIRST]


def test_a_restore_killed_between_files_and_ledger_is_completed_by_the_same_command(story: Story) -> None:
    assert story.shown_when_killed == THIRD
    assert f"citylake restore --night {FIRST}" in story.stopped_meanwhile
    assert LINKED in story.done.tables


def test_readers_are_shown_the_night_whole_and_the_later_ones_no_more(story: Story) -> None:
    assert story.shown_when_back == FIRST
    assert story.shown(FIRST) == {table: story.hashes[FIRST][table] for table in SHOWN}
    assert story.done.withdrawn == [THIRD, SECOND]
    with pytest.raises(NotPublishedError, match="已撤回"):
        citylake.connect(night=THIRD, settings=story.small.settings)


def test_the_next_night_ends_where_a_lake_that_never_went_back_is(story: Story) -> None:
    assert hashes(story.small) == story.hashes[THIRD]
    assert story.shown(FOURTH) == {table: story.hashes[THIRD][table] for table in SHOWN}
    assert story.fourth.stale == []


def test_what_was_delivered_since_is_taken_again_in_its_order_with_receipts_of_its_own(story: Story) -> None:
    ledger = story.small.lake.ledger
    assert sum(one.retakes is not None for one in deliveries.receipts(ledger)) == TAKEN_AGAIN
    every = [one for one in reversed(deliveries.receipts(ledger)) if one.resource == resource_of(CHANGE)]
    again = [one for one in every if one.retakes is not None]
    assert [one.name for one in again] == ["change_20260302.csv", "change_20260303_1.csv", "change_20260303_2.csv"]
    assert {one.verdict for one in every} == {"accepted"}
    assert [one.counts for one in again] == [one.counts for one in every[1:4]]
    assert len(deliveries.accepted(ledger, resource_of(CHANGE))) == len(every) - len(again)
    assert deliveries.verify_chain(ledger) == []


def test_lines_of_deliveries_that_are_taken_again_are_not_kept_twice(story: Story) -> None:
    assert story.quarantined_when_back == 0
    taken = {one.id for one in deliveries.accepted(story.small.lake.ledger, resource_of(CHANGE))}
    assert {row[0] for row in story.small.rows("raw.office__change", "_delivery_id")} == taken
    assert len(story.small.rows("quarantine.office__change", "_line")) == 1


def test_nights_only_go_forward_and_who_decided_is_kept(story: Story) -> None:
    lake = story.small.lake
    assert newest_published(lake.ledger) == FOURTH
    entry = audit.entries(lake.ledger)[0]
    assert (entry.actor, entry.action, entry.subject, entry.reason) == (
        "operator", "restore", str(FIRST), "错误的归并规则",
    )  # fmt: skip


@pytest.mark.parametrize(("day", "why"), [(SECOND, "withdrawn"), (date(2026, 2, 1), "never published")])
def test_a_night_that_does_not_stand_is_none_to_go_back_to(story: Story, day: date, why: str) -> None:
    with pytest.raises(RestorationError, match=why):
        restore(story.small.lake, no_spark, day, actor="operator", reason="")


def test_a_night_whose_files_are_gone_is_refused_before_anything_is_changed(story: Story) -> None:
    lake = story.small.lake
    before = table_states(lake.ledger)
    folder = Path(lake.location(TALLY).removeprefix("file://"))
    entry = story.published[FIRST].publication.entry(TALLY)
    assert entry is not None
    for file in DeltaTable(folder, version=entry.version).file_uris():
        Path(file.removeprefix("file://")).unlink()
    with pytest.raises(VersionGoneError, match=TALLY):
        restore(lake, no_spark, FIRST, actor="operator", reason="")
    assert table_states(lake.ledger) == before
    assert newest_version(lake.location(TALLY)) == before[TALLY].version
