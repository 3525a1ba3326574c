"""A database table read night by night through the whole engine: late rows, stamps that lie, and accounts that close."""

import sqlite3
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from citylake.contract.model import CollectedContract
from citylake.engine.clean.collect import Collected
from citylake.engine.clean.whole import is_due
from citylake.ledger.deliveries.deliveries import delivery
from citylake.read.summary import closes
from tests.engine.small_lake import SmallLake, contract

COLUMNS = "CZBZ, JLBH, GSBH, MC, BM, LB, JE, FSRQ, GXSJ"
ASKED = {"source": {"form": "database", "table": "T", "watermark": "GXSJ", "as_of": {"received": True}}}


class Write:
    """Writes lines (operation, record number, name, stamp)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __call__(self, *said: tuple[str, str, str, str | None]) -> None:
        rows = [(mark, no, "G1", name, "", "A", "1", "20260115", stamp) for mark, no, name, stamp in said]
        self.connection.executemany("INSERT INTO T VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


@pytest.fixture
def write(small: SmallLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """What writes into the department's database."""
    monkeypatch.setenv("CITYLAKE_CONNECTION_OFFICE", f"sqlite:///{tmp_path / 'office.db'}")
    connection = sqlite3.connect(tmp_path / "office.db", isolation_level=None)
    connection.execute(f"CREATE TABLE T ({COLUMNS})")

    return Write(connection)


def night(small: SmallLake, table: str, day: date) -> tuple[Collected, dict[str, int], str]:
    """Collect a night; return what came of it, with the receipt's counts and sentence."""
    small.day = day
    found = small.collect(table)
    told = [delivery(small.lake.ledger, number) for number in found.delivery_ids]
    assert all(closes(one.counts) for one in told)
    return found, dict(told[-1].counts) if told else {}, told[-1].reason if told else ""


def some(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count and not name.startswith("live")}


def test_every_row_of_an_event_table_arrives_and_an_overlap_is_repeated(small: SmallLake, write: Write) -> None:
    small.write("clean/office/event.yml", contract("event", **ASKED))
    write(("I", "R1", "甲", "2026-03-01 01:10:00"))
    assert some(night(small, "clean.office__event", date(2026, 3, 1))[1]) == {"lines": 1, "inserted": 1}
    assert night(small, "clean.office__event", date(2026, 3, 2))[0].outcome == "nothing"
    write(("I", "R2", "甲", "2026-03-01 01:10:00"))
    write(("I", "R3", "甲", "2026-03-02 09:00:00"), ("I", "R4", "甲", "2026-03-01 01:09:59"), ("I", "R5", "甲", None))
    found, counts, said = night(small, "clean.office__event", date(2026, 3, 3))
    assert some(counts) == {"lines": 5, "inserted": 4, "repeated": 1}
    assert "1 行为空" in said
    assert found.outcome == "accepted"
    assert small.rows("clean.office__event", "record_no") == [("R1",), ("R2",), ("R3",), ("R4",), ("R5",)]


def test_a_stamp_of_a_day_to_come_is_held_back_even_with_a_delete(small: SmallLake, write: Write) -> None:
    small.write("clean/office/change.yml", contract("change", **ASKED))
    write(("I", "R1", "甲", "2026-03-01 01:10:00"), ("I", "R2", "乙", "2026-03-01 01:10:00"))
    night(small, "clean.office__change", date(2026, 3, 1))
    write(("U", "R1", "丙", "2062-03-01 01:10:00"), ("D", "R2", "乙", "2062-03-01 01:10:00"))
    _, counts, said = night(small, "clean.office__change", date(2026, 3, 2))
    assert some(counts) == {"lines": 4, "unchanged": 2, "quarantined": 2}
    assert "2 行晚于业务日期" in said
    write(("U", "R1", "丁", "2026-03-02 08:00:00"))
    night(small, "clean.office__change", date(2026, 3, 3))
    rows = small.rows("clean.office__change", "record_no", "name", "_deleted")
    assert rows == [("R1", "丁", False), ("R2", "乙", False)]


def test_what_slipped_past_the_stamps_is_found_by_asking_for_everything(small: SmallLake, write: Write) -> None:
    source = {**ASKED["source"], "full_comparison": "week"}
    small.write("clean/office/event.yml", contract("event", source=source))
    write(("I", "R1", "甲", "2026-03-01 01:10:00"), ("I", "R2", "甲", "2026-03-01 01:10:00"))
    night(small, "clean.office__event", date(2026, 3, 1))
    write(("I", "R3", "甲", "2026-02-01 08:00:00"))
    write.connection.execute("DELETE FROM T WHERE JLBH = 'R2'")
    told = {day: night(small, "clean.office__event", date(2026, 3, day)) for day in range(2, 9)}
    compared = {day: told[day] for day in told if "全量核对" in told[day][2]}
    assert len(compared) == 1
    ((_, counts, said),) = compared.values()
    assert some(counts) == {"lines": 2, "inserted": 1, "repeated": 1}
    assert "全量核对：来源已没有的记录 1 条，未作删除，请核实" in said
    assert small.rows("clean.office__event", "record_no") == [("R1",), ("R2",), ("R3",)]
    found = small.collect("clean.office__event", rebuild=True)
    assert found.results[0].state == "written"
    assert small.rows("clean.office__event", "record_no") == [("R1",), ("R2",), ("R3",)]


@pytest.mark.parametrize(("period", "days"), [("week", 7), ("month", 28), ("quarter", 91)])
def test_everything_is_asked_for_once_in_a_period(small: SmallLake, period: str, days: int) -> None:
    small.write("clean/office/event.yml", contract("event", source={**ASKED["source"], "full_comparison": period}))
    said = small.lake.catalog.contract("clean.office__event")
    assert isinstance(said, CollectedContract)
    last, asked = date(2026, 3, 1), []
    for number in range(1, 4 * days):
        today = date(2026, 3, 1) + timedelta(days=number)
        if is_due(said, last, today):
            last = today
            asked.append(number)
    assert len(asked) == 3 + (asked[0] + 3 * days < 4 * days)
    assert {later - earlier for earlier, later in pairwise(asked)} == {days}
    assert is_due(said, None, date(2026, 3, 1))
    assert not is_due(said.model_copy(update={"mode": "snapshot"}), None, date(2026, 3, 1))
