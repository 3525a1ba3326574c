"""People resolved night by night in a real lake: ids stay, decisions hold and are taken back, nothing is done twice."""

from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from citylake.ledger.people.overrides import add_override, withdraw_override
from citylake.settings import Settings
from tests.engine.small_lake import SmallLake
from tests.resolve.small_city import deliver, line, people, small_city, subject_of
from tests.resolve.test_identifiers import number

DAYS = [date(2026, 3, day) for day in range(1, 8)]
A = number("37070219800115302")
B = number("37070219751201441")
REGISTER = [
    line("1", XM="张伟", ZJHM=A, CSRQ="19800115", DH="13800000001"),
    line("2", XM="李娜", ZJHM=B, CSRQ="19751201"),
]
LIST = [
    line("1", XM="张伟", ZJHM=A[:6] + A[8:17]),
    line("2", XM="王芳", ZJHM=A, CSRQ="19900203"),
    line("3", XM="李娜", CSRQ="19751201", DH="13900000002"),
    line("4", XM="赵静", CSRQ="19880808", DH="13700000004"),
]


@pytest.fixture(scope="module")
def small(lake_of_module: Settings, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> SmallLake:
    return small_city(lake_of_module, spark, tmp_path_factory.mktemp("project"))


def events(small: SmallLake, day: date) -> list[tuple[str, int]]:
    rows = small.rows("base.population__event", "event_kind_code", "subject_count", where=f"event_date = '{day}'")
    return [(kind, count) for kind, count in rows]


def test_nights_of_a_small_city(small: SmallLake, tmp_path: Path) -> None:
    small.day = DAYS[0]
    assert set(deliver(small, register=REGISTER, list=LIST).values()) == {"written"}
    first = people(small)
    assert first["register 1"] == first["list 1"] != first["list 2"]
    assert first["register 2"] == first["list 3"]
    reasons = small.rows("base.population__review", "review_reason")
    assert reasons == [("borrowed_id",)]
    assert set(deliver(small).values()) == {"unchanged"}

    small.day = DAYS[1]
    moved = {"XM": "赵静", "CSRQ": "19880808", "DH": "13700000009"}
    deliver(small, list=[*LIST[:3], line("4", **moved), line("5", **moved)])
    second = people(small)
    assert {name: second[name] for name in first} == first
    assert second["list 5"] == second["list 4"]
    assert events(small, DAYS[1]) == [("ABSORB", 1)]

    small.day = DAYS[2]
    pair = subject_of(small, "list", "4"), subject_of(small, "register", "2")
    made = add_override(
        small.lake.ledger, library="population", subject_id=pair[0], other_subject_id=pair[1], decision="must_link",
        actor="clerk", reason="same person, seen the papers",
    )  # fmt: skip
    deliver(small)
    third = people(small)
    assert third["list 4"] == third["list 5"] == third["register 2"] == third["list 3"]
    assert third["list 4"] in (second["list 4"], second["register 2"])
    assert events(small, DAYS[2]) == [("MERGE_APPROVED", 2)]
    assert set(deliver(small).values()) == {"unchanged"}
    assert small.run("base.population__crosswalk", rebuild=True).state == "unchanged"

    small.day = DAYS[3]
    withdraw_override(small.lake.ledger, made.id, actor="clerk", reason="it was somebody else after all")
    deliver(small)
    assert people(small) == second
    assert events(small, DAYS[3]) == [("UNMERGE", 2)]

    small.day = DAYS[4]
    add_override(
        small.lake.ledger, library="population", subject_id=subject_of(small, "list", "3"),
        other_subject_id=subject_of(small, "register", "2"), decision="cannot_link", actor="clerk", reason="a namesake", until=DAYS[4],
    )  # fmt: skip
    deliver(small)
    assert people(small)["list 3"] != second["list 3"]
    small.day = DAYS[5]
    deliver(small)
    assert people(small) == second
    assert small.run("base.population__crosswalk", rebuild=True).state == "unchanged"
