"""Values of a database as they are: none goes through a driver's conversion unharmed only by luck, none stops its table."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from citylake.contract.department import Department
from citylake.contract.model import CollectedContract
from citylake.settings import Settings
from citylake.sources.errors import DeliveryError, UnreachableError
from citylake.sources.fetch import fetch
from citylake.sources.limits import Limits
from citylake.sources.offer import Fetched
from citylake.sources.parse import parse
from tests.sources.conftest import BUSINESS_DATE

Make = Callable[..., CollectedContract]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    monkeypatch.setenv("CITYLAKE_CONNECTION_CIVIL_AFFAIRS", f"sqlite:///{tmp_path / 'd.db'}")
    return sqlite3.connect(tmp_path / "d.db", isolation_level=None)


@pytest.fixture
def rows(lake: Settings, office: Department, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    def read(contract: CollectedContract, **more: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for offer in fetch(contract, lake, office, BUSINESS_DATE, **more):
            assert offer.path is not None
            found += pq.read_table(parse(offer.path, contract, tmp_path / "out", name="T").path).to_pylist()
        return found

    return read


Rows = Callable[..., list[dict[str, Any]]]


def test_a_double_keeps_its_own_digits_and_is_unreadable_where_it_has_lost_some(
    database: sqlite3.Connection, make: Make, rows: Rows
) -> None:
    database.execute('CREATE TABLE T ("BH" DOUBLE PRECISION, "XM" TEXT, "JE" DOUBLE PRECISION)')
    database.executemany(
        "INSERT INTO T VALUES (?, ?, ?)",
        [
            (6222021234567891.0, "a", 12345678901234.67),
            (370705199001010011.0, "b", 0.1),
            (3.0, "c", 9007199254740991.0),
            (4.0, "d", 9007199254740992.0),
            (5.0, "e", 1e-7),
        ],
    )
    found = rows(make("database", source={"table": "T"}))
    assert {(row["no"], row["amount"]) for row in found if row["_unreadable"] is None} == {
        ("6222021234567891", "12345678901234.67"),
        ("3", "9007199254740991"),
        ("5", "0.0000001"),
    }
    why = [row["_unreadable"] for row in found if row["_unreadable"]]
    assert ["列“JE”" in one or "列“BH”" in one for one in why] == [True, True]
    assert all("是浮点数" in one for one in why)
    assert all(row["no"] is None for row in found if row["_unreadable"])


def test_a_column_that_is_agreed_to_be_a_double_may_be_any(
    database: sqlite3.Connection, make: Make, rows: Rows
) -> None:
    database.execute('CREATE TABLE T ("BH" TEXT, "XM" TEXT, "JE" REAL)')
    database.execute("INSERT INTO T VALUES ('1', 'a', 1e20)")
    body = make("database", source={"table": "T"}).model_dump(by_alias=True)
    body["columns"]["amount"]["type"] = "double"
    (row,) = rows(CollectedContract.model_validate(body))
    assert row["amount"] == "100000000000000000000"


def test_whole_numbers_are_exact_however_long(database: sqlite3.Connection, make: Make, rows: Rows) -> None:
    database.execute('CREATE TABLE T ("BH" INTEGER, "XM" TEXT, "JE" TEXT)')
    database.execute("INSERT INTO T VALUES (370705199001010011, 'a', '1')")
    assert rows(make("database", source={"table": "T"}))[0]["no"] == "370705199001010011"


def test_bytes_that_are_no_utf8_make_their_row_unreadable_and_the_rest_is_taken(
    database: sqlite3.Connection, make: Make, rows: Rows
) -> None:
    database.execute('CREATE TABLE T ("BH" TEXT, "XM" TEXT, "JE" TEXT)')
    database.executemany(
        "INSERT INTO T VALUES (?, CAST(? AS TEXT), '1')",
        [("1", "甲".encode()), ("2", "乙".encode("gb18030")), ("3", "丙".encode())],
    )
    found = rows(make("database", source={"table": "T"}))
    assert [(row["_line"], row["no"], row["name"]) for row in sorted(found, key=lambda row: row["_line"])] == [
        (1, "1", "甲"),
        (2, None, None),
        (3, "3", "丙"),
    ]
    assert [row["_unreadable"] for row in found if row["_unreadable"]] == ["列“XM”含有不是 UTF-8 的字节，请改正编码"]


def test_bytes_are_the_text_that_they_are_and_their_row_is_unreadable_when_they_are_none(
    database: sqlite3.Connection, make: Make, rows: Rows, lake: Settings, office: Department
) -> None:
    database.execute('CREATE TABLE T ("BH" TEXT, "XM" BLOB, "JE" TEXT)')
    database.executemany(
        "INSERT INTO T VALUES (?, ?, '1')",
        [
            ("R1", "甲"),
            (b"R2", "乙".encode()),
            ("R3", "丙".encode("gb18030")),
            ("R4", b"\x00\x01"),
            ("R5", b""),
            ("R6", None),
        ],
    )
    contract = make("database", source={"table": "T"})
    found = rows(contract)
    taken = {(row["no"], row["name"]) for row in found if row["_unreadable"] is None}
    assert taken == {("R1", "甲"), ("R2", "乙"), ("R5", ""), ("R6", None)}
    assert [row["_unreadable"] for row in found if row["_unreadable"]] == [
        "列“XM”是二进制内容，不是文本；请改存为文本"
    ] * 2
    (offer,) = fetch(contract, lake, office, BUSINESS_DATE)
    assert isinstance(offer, Fetched)
    assert offer.remarks == (
        "列“BH”有 1 行存为二进制：是 UTF-8 文本的按文本读取，其余无法读取，请改为文本类型",
        "列“XM”有 4 行存为二进制：是 UTF-8 文本的按文本读取，其余无法读取，请改为文本类型",
    )


def test_a_table_that_somebody_has_locked_is_refused_with_that_reason(
    database: sqlite3.Connection, make: Make, rows: Rows
) -> None:
    database.execute('CREATE TABLE T ("BH" TEXT, "XM" TEXT, "JE" TEXT)')
    database.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DeliveryError, match="被别的作业锁住，等了 1 秒") as caught:
        rows(make("database", source={"table": "T"}), limits=Limits(lock_seconds=1))
    assert caught.value.code == "locked"


def test_a_table_that_never_ends_is_given_up_at_the_deadline(
    database: sqlite3.Connection, make: Make, rows: Rows, lake: Settings
) -> None:
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS BH, 'a' AS XM, 1 AS JE FROM n"
    )
    database.execute(f"CREATE VIEW T AS {endless}")
    with pytest.raises(DeliveryError, match="在 1 秒内没有读完") as caught:
        rows(make("database", source={"table": "T"}), limits=Limits(fetch_seconds=1))
    assert caught.value.code == "deadline"
    assert not list((lake.run / "staging").iterdir())


def test_a_table_beyond_the_bytes_agreed_on_is_refused(database: sqlite3.Connection, make: Make, rows: Rows) -> None:
    database.execute('CREATE TABLE T ("BH" TEXT, "XM" TEXT, "JE" TEXT)')
    database.executemany("INSERT INTO T VALUES (?, ?, '1')", [(str(number), "x" * 1000) for number in range(3000)])
    with pytest.raises(DeliveryError, match="超过 1 MiB"):
        rows(make("database", source={"table": "T"}), limits=Limits(file_bytes=1 << 20))


def test_a_view_that_fails_is_no_database_that_is_away(database: sqlite3.Connection, make: Make, rows: Rows) -> None:
    database.execute('CREATE TABLE S ("BH" TEXT, "XM" TEXT, "JE" TEXT)')
    database.execute("INSERT INTO S VALUES ('1', 'not json', '1')")
    database.execute("CREATE VIEW T AS SELECT BH, json_extract(XM, '$.a') AS XM, JE FROM S")
    with pytest.raises(DeliveryError, match="能连上，但读取出错") as caught:
        rows(make("database", source={"table": "T"}))
    assert "not json" not in caught.value.message
    with pytest.raises(UnreachableError):
        rows(make("database", source={"table": "T", "connection": "nobody"}))
