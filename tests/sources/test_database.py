"""A department's database, read only."""

import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from citylake.contract.department import Department
from citylake.contract.model import CollectedContract
from citylake.settings import Settings
from citylake.sources.errors import DeliveryError, UnreachableError
from citylake.sources.fetch import fetch
from citylake.sources.offer import Fetched
from citylake.sources.parse import parse
from tests.sources.conftest import BUSINESS_DATE

Make = Callable[..., CollectedContract]
TABLE = 'ren "yuan"; 表'


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    path = tmp_path / "department 库.db"
    monkeypatch.setenv("CITYLAKE_CONNECTION_CIVIL_AFFAIRS", f"sqlite:///{path}")
    connection = sqlite3.connect(path, isolation_level=None)
    quoted = '"' + TABLE.replace('"', '""') + '"'
    connection.execute(f'CREATE TABLE {quoted} ("BH" TEXT, "XM" TEXT, "JE" NUMERIC, "GX SJ" TEXT, "BZ" BLOB)')
    connection.executemany(
        f"INSERT INTO {quoted} VALUES (?, ?, ?, ?, ?)",
        [
            ("3", "'; DROP TABLE x; --", 2.0, "2026-11-21 10:00:00", b"secret"),
            ("1", None, 12.5, "2026-11-20 10:00:00", None),
            ("2", "", 3, "2026-11-22 10:00:00", None),
        ],
    )
    return connection


def taken(
    contract: CollectedContract, lake: Settings, office: Department, target: Path, **more: Any
) -> tuple[Fetched, list[dict[str, Any]]]:
    ((offer, rows),) = [
        (item, _rows(item, contract, target)) for item in fetch(contract, lake, office, BUSINESS_DATE, **more)
    ]
    assert isinstance(offer, Fetched)
    return offer, rows


def _rows(item: Any, contract: CollectedContract, target: Path) -> list[dict[str, Any]]:
    return list(pq.read_table(parse(item.path, contract, target, name=item.name).path).to_pylist())


SOURCE = {"table": TABLE, "watermark": "GX SJ"}


def test_rows_come_in_the_order_of_the_key_as_text(
    lake: Settings, office: Department, database: Any, make: Make, tmp_path: Path
) -> None:
    offer, rows = taken(make("database", source=SOURCE), lake, office, tmp_path / "out")
    assert [(row["no"], row["name"], row["amount"], row["_line"]) for row in rows] == [
        ("1", None, "12.5", 1),
        ("2", "", "3", 2),
        ("3", "'; DROP TABLE x; --", "2", 3),
    ]
    assert (offer.name, offer.as_of, offer.watermark) == (TABLE, BUSINESS_DATE, None)


def test_the_same_rows_are_the_same_bytes(
    lake: Settings, office: Department, database: Any, make: Make, tmp_path: Path
) -> None:
    contract = make("database", source=SOURCE)
    assert (
        taken(contract, lake, office, tmp_path / "1")[0].sha256
        == taken(contract, lake, office, tmp_path / "2")[0].sha256
    )


def test_what_is_newer_than_the_watermark_and_an_overlap_is_asked_for(
    lake: Settings, office: Department, database: Any, make: Make, tmp_path: Path
) -> None:
    contract = make("database", mode="event", source=SOURCE)
    offer, rows = taken(contract, lake, office, tmp_path / "out", watermark="2026-11-22 10:00:00")
    assert [row["no"] for row in rows] == ["2", "3"]
    assert (offer.watermark, offer.whole) == ("2026-11-22 10:00:00", False)
    contract = make("database", mode="event", source={**SOURCE, "lookback": "2d"})
    offer, rows = taken(contract, lake, office, tmp_path / "out", watermark="2026-11-22 10:00:00")
    assert [row["no"] for row in rows] == ["1", "2", "3"]


def test_an_answer_that_is_only_the_tail_of_the_last_delivery_is_nothing_new(
    lake: Settings, office: Department, database: Any, make: Make, tmp_path: Path
) -> None:
    contract = make("database", mode="event", source=SOURCE)
    first, _ = taken(contract, lake, office, tmp_path / "out")
    assert (first.watermark, first.whole) == ("2026-11-22 10:00:00", True)
    asked: dict[str, Any] = {"watermark": first.watermark, "tail": first.tail}
    assert list(fetch(contract, lake, office, BUSINESS_DATE, **asked)) == []
    database.execute(f'UPDATE "{TABLE.replace(chr(34), chr(34) * 2)}" SET "JE" = 4 WHERE "BH" = \'2\'')
    assert len(taken(contract, lake, office, tmp_path / "out", **asked)[1]) == 2


def test_a_snapshot_is_whole_whatever_the_watermark(
    lake: Settings, office: Department, database: Any, make: Make, tmp_path: Path
) -> None:
    assert len(taken(make("database", source=SOURCE), lake, office, tmp_path / "out", watermark="9999")[1]) == 3


def test_an_empty_table_is_refused_for_a_snapshot_and_no_lines_for_events(
    lake: Settings, office: Department, database: Any, make: Make, tmp_path: Path
) -> None:
    database.execute("CREATE TABLE kong (BH TEXT, XM TEXT, JE TEXT)")
    assert taken(make("database", mode="event", source={"table": "kong"}), lake, office, tmp_path / "out")[1] == []
    with pytest.raises(DeliveryError) as caught:
        taken(make("database", source={"table": "kong"}), lake, office, tmp_path / "out")
    assert caught.value.code == "empty"


def test_changed_columns_are_refused_when_parsed(
    lake: Settings, office: Department, database: Any, make: Make, tmp_path: Path
) -> None:
    database.execute("CREATE TABLE gai (BH TEXT, XM2 TEXT, JE TEXT)")
    with pytest.raises(DeliveryError) as caught:
        taken(make("database", source={"table": "gai", "watermark": "GXSJ"}), lake, office, tmp_path / "out")
    assert caught.value.code == "columns"
    assert "数据库表“gai”" in caught.value.message


def test_a_table_that_is_not_there_is_named(lake: Settings, office: Department, database: Any, make: Make) -> None:
    with pytest.raises(DeliveryError, match="没有表“mei”"):
        list(fetch(make("database", source={"table": "mei"}), lake, office, BUSINESS_DATE))


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/x.db", "postgresql+psycopg2://user:hunter2@127.0.0.1:1/x", "nonsense", "nodriver://x/y"]
)
def test_a_database_that_does_not_answer_is_unreachable_and_its_password_stays_secret(
    lake: Settings, office: Department, make: Make, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CITYLAKE_CONNECTION_CIVIL_AFFAIRS", url)
    with pytest.raises(UnreachableError) as caught:
        list(fetch(make("database", source=SOURCE), lake, office, BUSINESS_DATE))
    assert "hunter2" not in caught.value.message
    assert "民政局" in caught.value.message


def test_a_connection_nobody_configured_is_unreachable(lake: Settings, office: Department, make: Make) -> None:
    with pytest.raises(UnreachableError, match="没有配置"):
        list(fetch(make("database", source=SOURCE), lake, office, BUSINESS_DATE))


def test_a_damaged_database_is_unreachable(
    lake: Settings, office: Department, database: Any, make: Make, tmp_path: Path
) -> None:
    database.close()
    path = next(tmp_path.glob("*.db"))
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 4096)
    with pytest.raises(UnreachableError):
        list(fetch(make("database", source=SOURCE), lake, office, BUSINESS_DATE))
    assert not list((lake.run / "staging").iterdir())


def test_the_as_of_column_of_a_table_is_found_by_the_parser(
    lake: Settings, office: Department, database: Any, make: Make, tmp_path: Path
) -> None:
    contract = make("database", source={"table": TABLE, "as_of": {"column": "GX SJ"}})
    for offer in fetch(contract, lake, office, BUSINESS_DATE):
        assert isinstance(offer, Fetched)
        assert offer.as_of is None
        assert parse(offer.path, contract, tmp_path / "out").as_of == date(2026, 11, 22)
