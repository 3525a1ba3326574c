"""A department's MySQL or MariaDB, where a server and a driver are installed: its own words, and waiting that ends."""

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

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


@pytest.fixture(scope="module")
def address() -> Iterator[sa.URL]:
    """A private server on a loopback port, removed at the end."""
    program = shutil.which("mariadbd")
    if program is None or importlib.util.find_spec("pymysql") is None:
        pytest.skip("MariaDB or the driver PyMySQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="citylake-mysql-"))
    account = pwd.getpwuid(os.geteuid()).pw_name
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "data").mkdir()
    options = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 's'}", f"--pid-file={folder / 'p'}"]
    server = subprocess.Popen(
        [
            program,
            "--no-defaults",
            f"--datadir={folder / 'data'}",
            f"--user={account}",
            "--skip-grant-tables",
            *options,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = sa.URL.create("mysql+pymysql", "root", host="127.0.0.1", port=port, query={"charset": "utf8mb4"})
    try:
        _wait_for(url)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=60)
        shutil.rmtree(folder)


def _wait_for(url: sa.URL) -> None:
    deadline = time.monotonic() + 60
    engine = sa.create_engine(url)
    while True:
        try:
            engine.connect().close()
            engine.dispose()
            return
        except sa.exc.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@pytest.fixture
def server(address: sa.URL, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    run(engine, "DROP DATABASE IF EXISTS department", "CREATE DATABASE department CHARACTER SET utf8mb4")
    engine.dispose()
    url = address.set(database="department")
    monkeypatch.setenv("CITYLAKE_CONNECTION_CIVIL_AFFAIRS", url.render_as_string(hide_password=False))
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


def run(engine: sa.Engine, *statements: str) -> None:
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


Night = Callable[..., tuple[Fetched | None, list[dict[str, Any]]]]


@pytest.fixture
def night(lake: Settings, office: Department, tmp_path: Path) -> Night:
    def read(contract: CollectedContract, **more: Any) -> tuple[Fetched | None, list[dict[str, Any]]]:
        for offer in fetch(contract, lake, office, BUSINESS_DATE, **more):
            assert isinstance(offer, Fetched)
            parsed = parse(offer.path, contract, tmp_path / "out", name="T")
            return offer, pq.read_table(parsed.path).sort_by("_line").to_pylist()
        return None, []

    return read


COLUMNS = {"no": "BH", "name": "XM", "day": "RQ", "amount": "JE", "share": "BL", "picture": "TP"}


def test_values_are_the_servers_own_words(server: sa.Engine, make: Make, night: Night) -> None:
    run(
        server,
        "CREATE TABLE T (BH decimal(20,2), XM text, RQ date, JE double, BL float, TP blob)",
    )
    with server.connect() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode = ''")
        connection.exec_driver_sql(
            """INSERT INTO T VALUES (1, '甲𠮷', '0000-00-00', 0.1, 0.1, x'616263'),
            (2, NULL, '9999-12-31', 12345678901234.67, 16777215, NULL), (3, '丙', '2026-11-21', 1e17, 0, NULL),
            (4, '丁', '2026-00-00', 1, 16777216, NULL), (5.50, '', NULL, NULL, 1234567.1, NULL)"""
        )
    _, rows = night(make("database", source={"table": "T"}, columns=COLUMNS))
    assert [tuple(row[name] for name in COLUMNS) for row in rows] == [
        ("1.00", "甲𠮷", "0000-00-00", "0.1", "0.1", "abc"),
        ("2.00", None, "9999-12-31", "12345678901234.67", "16777215", None),
        (None,) * 6,
        (None,) * 6,
        ("5.50", "", None, None, "1234567.1", None),
    ]
    assert ["是浮点数" in row["_unreadable"] for row in rows[2:4]] == [True, True]


def test_stamps_overlap_and_a_zero_day_comes_every_time(server: sa.Engine, make: Make, night: Night) -> None:
    run(server, "CREATE TABLE T (BH varchar(9), XM text, GX datetime)")
    with server.connect() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode = ''")
        connection.exec_driver_sql(
            """INSERT INTO T VALUES ('1', 'a', '2026-11-19 10:00:00'), ('2', 'b', '2026-11-21 10:00:00'),
            ('3', 'c', NULL), ('4', 'd', '0000-00-00')"""
        )
    columns = {"no": "BH", "name": "XM", "changed": "GX"}
    contract = make("database", mode="event", source={"table": "T", "watermark": "GX"}, columns=columns)
    first, rows = night(contract)
    assert first is not None
    assert [row["changed"] for row in rows] == [
        "2026-11-19 10:00:00", "2026-11-21 10:00:00", None, "0000-00-00 00:00:00",
    ]  # fmt: skip
    asked: dict[str, Any] = {"watermark": first.watermark, "tail": first.tail}
    assert night(contract, **asked) == (None, [])
    run(server, "INSERT INTO T VALUES ('5', 'e', '2026-11-20 10:00:00')")
    assert [row["no"] for row in night(contract, **asked)[1]] == ["2", "3", "4", "5"]


def test_a_locked_table_and_a_slow_view_are_told_apart_and_nothing_can_be_written(
    server: sa.Engine, make: Make, night: Night
) -> None:
    run(server, "CREATE TABLE T (BH varchar(9), XM text, JE text)")
    contract = make("database", source={"table": "T"})
    with server.connect() as connection:
        connection.exec_driver_sql("LOCK TABLES T WRITE")
        with pytest.raises(DeliveryError, match="被别的作业锁住，等了 1 秒"):
            night(contract, limits=Limits(lock_seconds=1))
        connection.exec_driver_sql("UNLOCK TABLES")
    run(server, "DROP TABLE T", "CREATE VIEW T AS SELECT '1' AS BH, 'a' AS XM, sleep(60) AS JE")
    began = time.monotonic()
    with pytest.raises(DeliveryError, match="在 1 秒内没有读完"):
        night(contract, limits=Limits(fetch_seconds=1))
    assert time.monotonic() - began < 20


def test_a_server_that_is_gone_is_unreachable(
    server: sa.Engine, make: Make, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = server.url.set(database="nobody_made_this").render_as_string(hide_password=False)
    monkeypatch.setenv("CITYLAKE_CONNECTION_CIVIL_AFFAIRS", away)
    with pytest.raises(UnreachableError, match="连接不上或中途断开"):
        night(make("database", source={"table": "T"}))
