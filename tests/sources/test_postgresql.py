"""A department's PostgreSQL, where one is installed: what its driver could not hold, waiting that ends, other clocks."""

import socket
import threading
import time
import uuid
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
from tests.ledger.conftest import postgresql as postgresql
from tests.sources.conftest import BUSINESS_DATE

Make = Callable[..., CollectedContract]


@pytest.fixture(params=["UTF8", "SQL_ASCII"])
def server(request: pytest.FixtureRequest, postgresql: sa.URL, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    name = f"department_{uuid.uuid4().hex}"
    admin = sa.create_engine(postgresql.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} ENCODING '{request.param}' TEMPLATE template0"))
    url = postgresql.set(drivername="postgresql+psycopg2", database=name)
    monkeypatch.setenv("CITYLAKE_CONNECTION_CIVIL_AFFAIRS", url.render_as_string(hide_password=False))
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"client_encoding": "utf8"})
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


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


COLUMNS = {"no": "BH", "name": "XM", "day": "RQ", "amount": "JE", "share": "BL"}


def test_values_are_the_servers_own_words(server: sa.Engine, make: Make, night: Night) -> None:
    run(
        server,
        'CREATE TABLE "T" ("BH" numeric, "XM" text, "RQ" date, "JE" double precision, "BL" real, "BZ" bytea)',
        """INSERT INTO "T" VALUES (1, '甲', '20026-01-01', 0.1, 0.1, NULL), (2, NULL, 'infinity', 12345678901234.67, 16777215, NULL),
        (3, '丙', '2026-11-21', 1e17, 0, NULL), (4, '丁', '0044-03-15 BC', 1, 16777216, NULL), (5.50, '', NULL, NULL, NULL, NULL)""",
    )
    _, rows = night(make("database", source={"table": "T"}, columns=COLUMNS))
    assert [tuple(row[name] for name in COLUMNS) for row in rows] == [
        ("1", "甲", "20026-01-01", "0.1", "0.1"),
        ("2", None, "infinity", "12345678901234.67", "16777215"),
        (None,) * 5,
        (None,) * 5,
        ("5.50", "", None, None, None),
    ]
    assert ["列“JE”是浮点数" in row["_unreadable"] or "列“BL”是浮点数" in row["_unreadable"] for row in rows[2:4]]


def test_bytes_are_text_or_unreadable(server: sa.Engine, make: Make, night: Night) -> None:
    run(
        server,
        'CREATE TABLE "T" ("BH" text, "XM" bytea)',
        r"""INSERT INTO "T" VALUES ('1', '\xe794b2'), ('2', '\xff00'), ('3', NULL)""",
    )
    offer, rows = night(make("database", source={"table": "T"}, columns={"no": "BH", "name": "XM"}))
    assert [(row["no"], row["name"]) for row in rows] == [("1", "甲"), (None, None), ("3", None)]
    assert "是二进制内容" in rows[1]["_unreadable"]
    assert offer is not None
    assert "列“XM”有 2 行存为二进制" in offer.remarks[0]


def test_stamps_with_a_zone_are_told_on_the_citys_clock_and_overlap(
    server: sa.Engine, make: Make, night: Night
) -> None:
    run(
        server,
        'CREATE TABLE "T" ("BH" text, "XM" text, "GX" timestamptz)',
        """INSERT INTO "T" VALUES ('1', 'a', '2026-11-20 02:00:00+00'), ('2', 'b', '2026-11-21 02:00:00.5+00'), ('3', 'c', NULL)""",
    )
    columns = {"no": "BH", "name": "XM", "changed": "GX"}
    contract = make("database", mode="event", source={"table": "T", "watermark": "GX"}, columns=columns)
    first, rows = night(contract)
    assert first is not None
    assert [row["changed"] for row in rows] == ["2026-11-20 10:00:00", "2026-11-21 10:00:00.5", None]
    assert first.watermark == "2026-11-21 10:00:00.5"
    asked: dict[str, Any] = {"watermark": first.watermark, "tail": first.tail}
    assert night(contract, **asked) == (None, [])
    run(server, """INSERT INTO "T" VALUES ('4', 'd', '2026-11-20 02:00:01+00'), ('5', 'e', '9999-01-01 00:00:00+00')""")
    second, rows = night(contract, **asked)
    assert second is not None
    assert [row["no"] for row in rows] == ["2", "3", "4", "5"]
    assert second.watermark == first.watermark


def test_texts_that_are_spelt_otherwise_are_asked_for(server: sa.Engine, make: Make, night: Night) -> None:
    run(server, 'CREATE TABLE "T" ("BH" text, "GX" text)', "INSERT INTO \"T\" VALUES ('1', '20261120080000')")
    contract = make(
        "database", mode="event", source={"table": "T", "watermark": "GX"}, columns={"no": "BH", "stamp": "GX"}
    )
    first, _ = night(contract)
    assert first is not None
    asked: dict[str, Any] = {"watermark": first.watermark, "tail": first.tail}
    run(server, "INSERT INTO \"T\" VALUES ('2', '2026-11-21 08:00:00'), ('3', '20261101080000')")
    second, rows = night(contract, **asked)
    assert second is not None
    assert [row["no"] for row in rows] == ["1", "2"]
    run(server, "INSERT INTO \"T\" VALUES ('4', '2026-11-21T00:30:00Z'), ('5', '2026-11-01 08:00:00')")
    asked = {"watermark": second.watermark, "tail": second.tail}
    assert [row["no"] for row in night(contract, **asked)[1]] == ["1", "2", "3", "4"]


def test_a_moment_is_a_day_where_the_contract_says_so(server: sa.Engine, make: Make, night: Night) -> None:
    run(
        server,
        'CREATE TABLE "T" ("BH" text, "RQ" timestamp)',
        """INSERT INTO "T" VALUES ('1', '2026-11-20'), ('2', '2026-11-20 08:00:00')""",
    )
    body = make("database", source={"table": "T"}, columns={"no": "BH", "day": "RQ"}).model_dump(by_alias=True)
    body["columns"]["day"]["type"] = "date"
    _, rows = night(CollectedContract.model_validate(body))
    assert [row["day"] for row in rows] == ["2026-11-20", "2026-11-20 08:00:00"]


def test_bytes_nobody_checked_make_their_row_unreadable(
    server: sa.Engine, make: Make, night: Night, request: pytest.FixtureRequest
) -> None:
    with server.connect() as connection:
        if connection.exec_driver_sql("SHOW server_encoding").scalar() != "SQL_ASCII":
            pytest.skip("this database checks its texts")
    run(server, 'CREATE TABLE "T" ("BH" text, "XM" text, "JE" text)')
    with server.connect() as connection:
        connection.exec_driver_sql("SET client_encoding = 'SQL_ASCII'")
        connection.exec_driver_sql(
            r"""INSERT INTO "T" VALUES ('1', '甲', '1'), ('2', E'\xd2\xd2', '1'), ('3', 'c', '1')"""
        )
    _, rows = night(make("database", source={"table": "T"}))
    assert [(row["no"], row["name"]) for row in rows] == [("1", "甲"), (None, None), ("3", "c")]
    assert rows[1]["_unreadable"] == "列“XM”含有不是 UTF-8 的字节，请改正编码"


def test_a_locked_table_a_slow_view_and_one_without_a_grant_are_told_apart(
    server: sa.Engine, make: Make, night: Night
) -> None:
    run(server, 'CREATE TABLE "T" ("BH" text, "XM" text, "JE" text)')
    contract = make("database", source={"table": "T"})
    with server.connect() as connection, connection.execution_options(isolation_level="READ COMMITTED").begin():
        connection.exec_driver_sql('LOCK TABLE "T" IN ACCESS EXCLUSIVE MODE')
        with pytest.raises(DeliveryError, match="被别的作业锁住，等了 1 秒"):
            night(contract, limits=Limits(lock_seconds=1))
    run(server, 'DROP TABLE "T"', """CREATE VIEW "T" AS SELECT '1' AS "BH", 'a' AS "XM", pg_sleep(60)::text AS "JE" """)
    began = time.monotonic()
    with pytest.raises(DeliveryError, match="在 1 秒内没有读完"):
        night(contract, limits=Limits(fetch_seconds=1))
    assert time.monotonic() - began < 20


def test_a_server_that_answers_a_byte_now_and_then_is_given_up_at_the_deadline(
    server: sa.Engine, make: Make, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relay between both, which lets the table's rows through one byte at a time."""
    run(
        server,
        'CREATE TABLE "T" ("BH" text, "XM" text, "JE" text)',
        f"""INSERT INTO "T" VALUES ('1', '{"x" * 9000}', '1')""",
    )
    relay = Relay(server.url)
    shown = server.url.set(port=relay.port).render_as_string(hide_password=False)
    monkeypatch.setenv("CITYLAKE_CONNECTION_CIVIL_AFFAIRS", shown)
    began = time.monotonic()
    try:
        with pytest.raises(DeliveryError, match="在 4 秒内没有读完"):
            night(make("database", source={"table": "T"}), limits=Limits(fetch_seconds=4))
    finally:
        relay.close()
    assert time.monotonic() - began < 30


class Relay:
    """Passes bytes on between a client and PostgreSQL; long answers drop by drop."""

    def __init__(self, url: sa.URL) -> None:
        self._target = (url.host, url.port)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._held: list[socket.socket] = [self._door]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            behind = socket.create_connection(self._target)
            self._held += [client, behind]
            threading.Thread(target=self._pass, args=(client, behind), daemon=True).start()
            threading.Thread(target=self._pass, args=(behind, client, 5_000), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, drops_from: int = 1 << 30) -> None:
        try:
            while block := one.recv(65_536):
                if len(block) < drops_from:
                    other.sendall(block)
                    continue
                for byte in block:
                    other.sendall(bytes([byte]))
                    time.sleep(0.2)
        except OSError:
            return

    def close(self) -> None:
        for held in self._held:
            held.close()


def test_a_server_that_is_gone_is_unreachable(
    server: sa.Engine, make: Make, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = server.url.set(database="nobody_made_this").render_as_string(hide_password=False)
    monkeypatch.setenv("CITYLAKE_CONNECTION_CIVIL_AFFAIRS", away)
    with pytest.raises(UnreachableError, match="连接不上或中途断开"):
        night(make("database", source={"table": "T"}))
