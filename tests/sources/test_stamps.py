"""Progress taken from a source's own stamps, whatever these are."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from citylake.contract.department import Department
from citylake.contract.model import CollectedContract
from citylake.settings import Settings
from citylake.sources.fetch import fetch
from citylake.sources.offer import Fetched
from citylake.sources.parse import parse
from citylake.sources.stamps import read_stamp

Make = Callable[..., CollectedContract]
DAY = date(2026, 3, 1)
COLUMNS = {"no": "BH", "name": "XM"}


class Register:
    """A department's table, and what a lake that remembers its last delivery gets of it night by night."""

    def __init__(self, folder: Path, make: Make, lake: Settings, office: Department) -> None:
        self.connection = sqlite3.connect(folder / "stamped.db", isolation_level=None)
        self.lake, self.office, self.target, self.make = lake, office, folder / "out", make
        self.last: Fetched | None = None
        self.remarks: tuple[str, ...] = ()
        self.use("TEXT")

    def use(self, kind: str, **more: Any) -> None:
        self.connection.execute("DROP TABLE IF EXISTS T")
        self.connection.execute(f"CREATE TABLE T (BH TEXT, XM TEXT, GX {kind})")
        source = {"table": "T", "watermark": "GX", **more}
        self.contract = self.make("database", mode="event", columns=COLUMNS, source=source)

    def write(self, *rows: tuple[str, object]) -> None:
        self.connection.executemany("INSERT INTO T VALUES (?, 'a', ?)", rows)

    def night(self, number: int) -> Sequence[str]:
        """Return the keys that come in a night, none when nothing does."""
        asked: dict[str, Any] = {"watermark": self.last.watermark, "tail": self.last.tail} if self.last else {}
        keys: list[str] = []
        for offer in fetch(self.contract, self.lake, self.office, DAY + timedelta(days=number), **asked):
            assert isinstance(offer, Fetched)
            self.last, self.remarks = offer, offer.remarks
            keys += pq.read_table(parse(offer.path, self.contract, self.target, name="T").path)["no"].to_pylist()
        return keys


@pytest.fixture
def register(
    tmp_path: Path, lake: Settings, office: Department, make: Make, monkeypatch: pytest.MonkeyPatch
) -> Register:
    monkeypatch.setenv("CITYLAKE_CONNECTION_CIVIL_AFFAIRS", f"sqlite:///{tmp_path / 'stamped.db'}")
    return Register(tmp_path, make, lake, office)


def test_an_equal_stamp_a_late_commit_and_a_row_without_a_stamp_come(register: Register) -> None:
    register.write(("R1", "2026-03-01 01:10:00"))
    assert register.night(0) == ["R1"]
    register.write(("R2", "2026-03-01 01:10:00"))
    assert register.night(1) == ["R1", "R2"]
    register.write(("R3", "2026-03-02 09:00:00"), ("R4", "2026-03-01 01:09:59"), ("R5", None))
    assert register.night(2) == ["R1", "R2", "R3", "R4", "R5"]
    assert register.remarks == ("更新标记“GX”1 行为空：不作为采集进度，以后每次都会再取，请改正",)
    assert register.night(3) == []
    register.write(("R6", "2026-03-01 08:00:00"), ("R7", "2026-03-01 09:00:00"))
    assert register.night(4) == ["R3", "R5", "R7"]


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        ("2062-03-01 01:10:00", "1 行晚于业务日期"),
        ("待补录", "1 行不是时间或序号"),
        ("20026-03-01 01:10:00", "1 行不是时间或序号"),
        ("2026-02-30 01:10:00", "1 行不是时间或序号"),
        ("0000-00-00 00:00:00", "1 行不是时间或序号"),
        ("2026-03-09", "1 行晚于业务日期"),
        ("", "1 行为空"),
    ],
)
def test_a_stamp_that_is_none_or_of_a_day_to_come_is_said_and_stops_nothing(
    register: Register, odd: str, says: str
) -> None:
    register.write(("R1", "2026-03-01 01:10:00"), ("R2", odd))
    assert register.night(0) == ["R1", "R2"]
    assert says in register.remarks[0]
    assert register.last is not None
    assert register.last.watermark == "2026-03-01 01:10:00"
    register.write(("R3", "2026-03-01 02:00:00"))
    assert register.night(1) == ["R1", "R2", "R3"]
    register.write(("R4", "2026-03-03 02:00:00"))
    assert register.night(2) == ["R1", "R2", "R3", "R4"]


def test_a_watermark_that_is_itself_of_a_day_to_come_counts_as_none(register: Register) -> None:
    register.write(("R1", "2026-03-01 01:10:00"))
    register.last = Fetched(Path(), "T", None, "", 0, watermark="2062-03-01 01:10:00")
    assert register.night(0) == ["R1"]
    assert register.last.whole


def test_stamps_in_several_spellings_come_all_the_same(register: Register) -> None:
    register.write(("R1", "2026/3/1 9:10:00"), ("R2", "20260301100000"), ("R3", "2026-03-01T11:00:00"))
    assert register.night(1) == ["R1", "R2", "R3"]
    register.write(("R4", "2026/3/1 11:30:00"), ("R5", "20260301113000"), ("R6", "2026-03-01T10:59:00"))
    assert register.night(1) == ["R1", "R2", "R3", "R4", "R5", "R6"]


@pytest.mark.parametrize("kind", ["INTEGER", "TEXT", "NUMERIC", ""])
def test_stamps_that_are_numbers_are_compared_as_numbers(register: Register, kind: str) -> None:
    register.use(kind, lookback="2")
    value = str if kind == "TEXT" else int
    register.write(*((f"R{number:02d}", value(number)) for number in range(1, 10)))
    assert len(register.night(0)) == 9
    register.write(("R10", value(10)), ("R11", value(11)))
    assert register.night(1) == ["R07", "R08", "R09", "R10", "R11"]
    register.write(("R12", value(100)), ("R13", "未知"), ("R14", None))
    assert register.night(2) == ["R09", "R10", "R11", "R12", "R13", "R14"]
    assert register.last is not None
    assert register.last.watermark == "100"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-03-01 01:10:00", datetime(2026, 3, 1, 1, 10)),
        ("2026-03-01T01:10:00.250000", datetime(2026, 3, 1, 1, 10, 0, 250000)),
        ("2026-03-01T01:10Z", datetime(2026, 3, 1, 9, 10)),
        ("2026-03-01 01:10:00+08:00", datetime(2026, 3, 1, 1, 10)),
        ("2026-03-01 01:10:00-05", datetime(2026, 3, 1, 14, 10)),
        ("2026年3月1日", datetime(2026, 3, 1)),
        ("20260301", datetime(2026, 3, 1)),
        ("20260301011000", datetime(2026, 3, 1, 1, 10)),
        ("20269901", 20269901),
        ("0017", 17),
        ("2026-13-01", None),
        ("1e5", None),
        ("-5", None),
    ],
)
def test_a_stamp_is_a_moment_of_the_city_or_a_number(text: str, value: object) -> None:
    stamp = read_stamp(text, zone="Asia/Shanghai")
    assert (stamp.value if stamp else None) == value


@pytest.mark.parametrize(
    ("text", "back", "since"),
    [
        ("2026-03-01 01:10:00", timedelta(days=1), "2026-02-28 01:10:00"),
        ("2026-03-01T01:10:00.25Z", timedelta(hours=2), "2026-02-27T21:10:00.25Z"),
        ("2026/3/1", timedelta(days=1), "2026/2/28"),
        ("20260301011000", timedelta(minutes=11), "20260301005900"),
        ("2026-03-01 00:00:00", timedelta(), "2026-02-28 23:59:59"),
        ("0001-01-01 00:00:00", timedelta(days=1), "0001-01-01 00:00:00"),
        ("17", 5, "12"),
        ("17", 0, "16"),
        ("3", 5, "0"),
        ("1772323200", timedelta(days=1), "1772236800"),
        ("1772323200000", timedelta(days=1), "1772236800000"),
        ("1772323200000", 5, "1772323199995"),
        ("4772323200", timedelta(days=1), "4772323199"),
    ],
)
def test_asking_begins_a_little_earlier_in_the_spelling_of_the_source(
    text: str, back: timedelta | int, since: str
) -> None:
    stamp = read_stamp(text)
    assert stamp is not None
    assert stamp.back(back).text == since


@pytest.mark.parametrize(
    ("text", "day", "since"),
    [
        ("20260301", date(2026, 3, 1), "20260228"),
        ("20260301080000", date(2026, 3, 1), "20260228080000"),
        ("1772380800", date(2026, 3, 2), "1772294400"),  # 16:00 of the day before in Greenwich
        ("1772380800000", date(2026, 3, 2), "1772294400000"),
        ("20260230", None, "20260229"),
        ("99991231", None, "99991230"),
        ("400", None, "399"),
        ("9999999999", None, "9999999998"),
        ("123456789012345678", None, "123456789012345677"),
    ],
)
def test_a_number_may_mean_a_moment(text: str, day: date | None, since: str) -> None:
    stamp = read_stamp(text, "number")
    assert stamp is not None
    assert stamp.value == int(text)
    assert stamp.day("Asia/Shanghai") == day
    assert stamp.back(timedelta(days=1)).text == since


@pytest.mark.parametrize("typed", ["bigint", "string"])
@pytest.mark.parametrize("kind", ["BIGINT", "TEXT"])
@pytest.mark.parametrize(
    ("good", "late", "ahead", "after"),
    [
        (1772323200000, 1772323200000 - 80_000_000, 2909106600000, 1772409600000),
        (1772323200, 1772323200 - 80_000, 2909106600, 1772409600),
        (20260301080000, 20260228090000, 20620228080000, 20260302080000),
        (20260301, 20260228, 20620228, 20260302),
    ],
)
def test_a_number_that_means_a_day_to_come_is_no_progress(
    register: Register, kind: str, typed: str, good: int, late: int, ahead: int, after: int
) -> None:
    register.use(kind)
    if typed == "bigint":
        body = register.contract.model_dump(by_alias=True)
        body["columns"]["seq"] = {"label": "序号", "grade": "L2", "from": "GX", "type": "bigint"}
        register.contract = CollectedContract.model_validate(body)
    value = str if kind == "TEXT" else int
    register.write(("R1", value(good)), ("R2", value(ahead)))
    assert register.night(0) == ["R1", "R2"]
    assert "1 行晚于业务日期" in register.remarks[0]
    assert register.last is not None
    assert register.last.watermark == str(good)
    register.write(("R3", value(after)), ("R4", value(late)))
    assert register.night(1) == ["R1", "R2", "R3", "R4"]


@pytest.mark.parametrize(
    ("newest", "others"),
    [
        ("20260301080000", ["2026-03-01 09:00:00", "2026/3/2", "2026年3月2日", "20260302"]),
        ("20260301", ["2026-03-01", "2026-03-01 09:00:00", "2026年3月1日 8:00"]),
        ("2026-3-1 9:10:00", ["2026-3-1 10:30:00", "2026-3-2 8:00:00", "2026-03-02 8:00:00", "20260302"]),
        ("2026-3-1", ["2026-3-2", "2026-03-01", "2026-3-1 9:10"]),
        ("2026-03-01T09:10:00+08:00", ["2026-03-01T01:30:00Z", "2026-03-01T09:40:00+08:00", "2026-03-01 09:40:00"]),
        ("2026-03-01T01:10:00Z", ["2026-02-28T21:30:00-05:00", "2026-03-01T01:40:00Z", "2026-03-01T09:40:00"]),
        ("2026-03-01 09:10:00", ["2026-03-01T01:30:00Z", "2026-03-01 01:30:00Z", "2026-02-28 20:30:00-05:00"]),
    ],
)
def test_a_stamp_that_is_spelt_otherwise_is_asked_for_all_the_same(
    register: Register, newest: str, others: list[str]
) -> None:
    register.use("TEXT", lookback="30m")
    register.write(("R0", newest))
    assert register.night(1) == ["R0"]
    register.write(*((f"R{number}", text) for number, text in enumerate(others, 1)))
    assert register.night(1) == [f"R{number}" for number in range(len(others) + 1)]


def test_days_and_hours_without_zeros_are_not_in_the_order_of_their_texts(register: Register) -> None:
    register.write(("R1", "2026-3-10 9:10:00"))
    assert register.night(9) == ["R1"]
    register.write(("R2", "2026-3-10 10:00:00"), ("R3", "2026-3-9 10:00:00"), ("R4", "2026-3-11 8:00:00"))
    assert register.night(10) == ["R1", "R2", "R3", "R4"]


def test_what_is_spelt_alike_and_older_is_not_asked_for(register: Register) -> None:
    register.write(("R1", "2026-03-01 09:10:00.25"), ("R2", "2026-02-01 09:10:00"), ("R3", "2026-02-01 09:10"))
    assert register.night(0) == ["R1", "R2", "R3"]
    assert register.night(1) == []
    register.write(("R4", "2026-03-01 09:10"), ("R5", "2026-01-01 09:10"))
    assert register.night(1) == ["R1", "R4"]


@pytest.mark.parametrize("newest", ["2026-03-01 09:10:00", "17"])
def test_a_stamp_that_is_no_utf8_stops_nothing(register: Register, newest: str) -> None:
    register.write(("R1", newest))
    assert register.night(0) == ["R1"]
    register.connection.execute("INSERT INTO T VALUES ('R2', 'a', CAST(x'ff41' AS TEXT))")
    assert set(register.night(1)) == {"R1", None}


def test_a_lookback_that_does_not_fit_the_stamps_is_refused(make: Make) -> None:
    columns = {"no": "BH", "seq": "XH"}
    said = {"no": {"label": "编号", "grade": "L2", "from": "BH"}, "seq": {"label": "序号", "grade": "L2", "from": "XH"}}
    body = make("database", mode="event", columns=columns, source={"table": "T"}).model_dump(by_alias=True)
    body["columns"] = {**said, "seq": {**said["seq"], "type": "bigint"}}
    body["source"] |= {"watermark": "XH", "lookback": "100"}
    assert CollectedContract.model_validate(body).source.overlap == 100
    body["source"]["lookback"] = "2d"
    with pytest.raises(ValueError, match="lookback: 2d does not fit the watermark XH"):
        CollectedContract.model_validate(body)
