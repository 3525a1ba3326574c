import csv
import gzip
import json
import re
import sqlite3
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pytest

from city.delivery.truth import TruthWriter
from city.kit.layouts import layouts
from city.world.city import City
from city.world.firms.mistakes import BORROWED
from city.world.frames import Frame
from city.world.mistakes import Damage
from city.world.planting import libraries
from city.world.texts import constant
from citylake.contract.catalog import load_catalog
from citylake.settings import Settings
from citylake.spelling import table_of


@pytest.fixture(scope="module")
def truth(larger: Settings) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    folder = larger.home / "city" / "truth"
    for name, pattern in (
        ("link", "link/*/*.parquet"),
        ("error", "error/*/*.parquet"),
        ("cases", "case/silent_certification/*.parquet"),
        ("person", "person/*.parquet"),
    ):
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM '{folder / pattern}'")
    return connection


def test_of_rows_that_name_nobody_there_is_no_link(tmp_path: Path) -> None:
    nothing = np.zeros(2, dtype=np.int64)
    frame = Frame("hrss.x", ("no",), {"no": constant("1", 2)}, nothing, {}, nothing, nothing > 0)
    writer = TruthWriter(tmp_path, City(400, 3707, date(2026, 11, 22)), 0)
    writer.records(frame, [Damage(nothing[:1], "no", "missing")], date(2026, 11, 22))
    writer.close()
    assert [path.parts[-3] for path in tmp_path.glob("*/*/*.parquet")] == ["error"]


def numbers(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    return dict(connection.execute(query).fetchall())


@pytest.mark.parametrize("people", [400, 1000])
def test_every_kind_of_case_is_there_three_times_at_any_scale(make_city: Callable[..., Settings], people: int) -> None:
    folder = make_city(people, 1).home / "city" / "truth" / "case"
    for library, cases in libraries().items():
        if cases.about == "person":
            found = numbers(
                duckdb.connect(), f"SELECT \"case\", count(*) FROM '{folder}/{library}/*.parquet' GROUP BY 1"
            )
            assert set(found) == {kind.name for kind in cases.kinds}
            assert min(found.values()) >= 3


def test_cases_are_as_many_as_catalogued(truth: duckdb.DuckDBPyConnection) -> None:
    found = numbers(truth, "SELECT \"case\", count(*) FROM cases WHERE business_date = '2026-11-22' GROUP BY 1")
    assert found == {
        kind.name: max(3, round(12_000 * kind.per_100_000 / 100_000))
        for kind in libraries()["silent_certification"].kinds
    }


def test_one_more_case_comes_to_light_on_the_next_day(truth: duckdb.DuckDBPyConnection) -> None:
    by_day = numbers(truth, "SELECT business_date, count(*) FROM cases GROUP BY 1")
    assert by_day["2026-11-23"] == by_day["2026-11-22"] + 1


def test_over_payments_of_the_dead_are_what_the_pension_office_really_paid(
    larger: Settings, truth: duckdb.DuckDBPyConnection
) -> None:
    paid = sqlite3.connect(larger.home / "city" / "hrss.db")
    cases = truth.execute(
        "SELECT c.number, c.event_date, c.months, c.amount FROM cases c WHERE c.status = 'dead' AND business_date = '2026-11-23'"
    ).fetchall()
    assert cases
    for person, died, months, amount in cases:
        keys = truth.execute(
            "SELECT DISTINCT record_key FROM link WHERE resource = 'hrss.pension_payment' AND person = ?", [person]
        ).fetchall()
        marks = ",".join("?" * len(keys))
        rows = paid.execute(
            f"SELECT DISTINCT AAZ220, AAE019 FROM IC61 WHERE AAZ220 IN ({marks}) AND AAE002 > ? AND AAE117 = '1'",
            [*(key for (key,) in keys), died[:7]],
        ).fetchall()
        assert (len(rows), sum((Decimal(value) for _, value in rows), Decimal())) == (months, Decimal(amount))


def test_stopped_in_time_means_no_payment_after_the_month_of_death(truth: duckdb.DuckDBPyConnection) -> None:
    assert truth.execute(
        "SELECT max(months), count(*) > 0 FROM cases WHERE \"case\" = 'stopped_in_time'"
    ).fetchone() == (0, True)


def test_a_namesake_case_has_somebody_of_the_same_name_and_age_who_died(truth: duckdb.DuckDBPyConnection) -> None:
    rows = truth.execute(
        "SELECT c.person, count(d.person) FROM (SELECT DISTINCT number AS person FROM cases WHERE \"case\" = 'dead_namesake') c"
        " JOIN person p USING (person) LEFT JOIN person d ON d.name = p.name AND d.person <> p.person AND d.death_date IS NOT NULL"
        " AND abs(date_diff('day', d.birth_date::DATE, p.birth_date::DATE)) < 1100 GROUP BY 1"
    ).fetchall()
    assert rows
    assert all(count >= 1 for _, count in rows)


def test_every_delivered_ride_with_a_number_is_linked_to_its_holder(
    larger: Settings, truth: duckdb.DuckDBPyConnection
) -> None:
    path = larger.inbox / "transport" / "gjsk_20261123.ndjson.gz"
    rides = [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
    known = {ride["TapId"]: ride["IDNo"] for ride in rides if ride["IDNo"]}
    found = numbers(
        truth,
        "SELECT record_key, id_no FROM link JOIN person USING (person) WHERE resource = 'transport.bus_tap' AND role = 'self'",
    )
    assert known
    assert {key: found.get(key) for key in known} == known


def test_anonymous_rides_say_nothing_about_anybody(truth: duckdb.DuckDBPyConnection) -> None:
    total = truth.execute("SELECT count(*) FROM link WHERE resource = 'transport.bus_tap'").fetchone()
    assert total is not None
    assert total[0] > 0


def test_an_undamaged_number_is_the_holders_own(larger: Settings, truth: duckdb.DuckDBPyConnection) -> None:
    path = larger.inbox / "civil_affairs" / "hydj_20261122.csv"
    with path.open(encoding="GB18030", newline="") as file:
        rows = {row["ZJZH"]: row["NFZJHM"] for row in csv.DictReader(file)}
    true = numbers(
        truth,
        "SELECT record_key, any_value(id_no) FROM link JOIN person p USING (person)"
        " WHERE role = 'husband' AND p.business_date = '2026-11-22' GROUP BY 1",
    )
    damaged = {
        key
        for (key,) in truth.execute(
            "SELECT record_key FROM error WHERE resource = 'civil_affairs.marriage' AND field = 'husband_id_no'"
        ).fetchall()
    }
    differing = {key for key, number in rows.items() if true[key] != number}
    assert differing == {key for key in damaged if key in rows}
    assert differing


def test_mistakes_come_at_their_catalogued_rates(truth: duckdb.DuckDBPyConnection) -> None:
    records = numbers(
        truth, "SELECT resource, count(DISTINCT record_key) FROM link WHERE business_date = '2026-11-22' GROUP BY 1"
    )
    records["transport.bus_tap"] = int(records["transport.bus_tap"] / 0.46)
    roles = {
        (resource, role): count
        for resource, role, count in truth.execute(
            "SELECT resource, role, count(DISTINCT record_key) FROM link WHERE business_date = '2026-11-22' GROUP BY ALL"
        ).fetchall()
    }
    errors = truth.execute(
        "SELECT resource, field, kind, count(DISTINCT record_key) FROM error WHERE business_date = '2026-11-22' GROUP BY ALL"
    ).fetchall()
    found = {(resource, field, kind): count for resource, field, kind, count in errors}
    for resource, layout in layouts().items():
        for rate in layout.habits.rates:
            role = re.sub("_(id_no|uscc|name)$", "", rate.field)
            expected = roles.get((resource, role), records[resource]) * rate.rate
            if expected < 40 or rate.kind in ("borrowed_valid_id", "half_width_brackets", *BORROWED):
                continue
            kind = "missing" if rate.kind == "missing_until_corrected" else rate.kind
            count = found[(resource, rate.field, kind)]
            assert 0.4 * expected < count < 1.35 * expected, (resource, rate.field, rate.kind)


def test_codes_delivered_are_in_their_lists_but_for_the_planted(larger: Settings) -> None:
    catalog = load_catalog()
    for department, table, resource in (
        ("public_security", "HJ_CZRK", "public_security.household_register"),
        ("public_security", "HJ_BGDJ", "public_security.household_change"),
        ("hrss", "IC10", "hrss.pension_recipient"),
        ("hrss", "IC61", "hrss.pension_payment"),
    ):
        with sqlite3.connect(larger.home / "city" / f"{department}.db") as connection:
            for name, column in catalog.contract(table_of(resource)).columns.items():
                if column.codes:
                    query = f'SELECT DISTINCT "{column.source}" FROM {table} WHERE "{column.source}" IS NOT NULL'
                    found = {value for (value,) in connection.execute(query)}
                    unknown = found - set(catalog.codes[column.codes])
                    assert all(code.startswith("Z") for code in unknown) if name == "change_kind_code" else not unknown
