"""Deleted and cancelled records: evidence of who is who, but no golden value where a standing record speaks."""

from collections.abc import Sequence
from datetime import date

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from citylake.contract.catalog import load_catalog
from citylake.contract.errors import ContractError
from citylake.contract.model import DerivedContract
from citylake.contract.resolve_spec import load_resolve_spec, roles
from citylake.delta.tables import columns_of
from citylake.resolve.subjects import subjects
from citylake.spelling import alias_of
from citylake.verify import identifiers
from citylake.verify.golden import golden
from citylake.verify.store import opened
from citylake.verify.translate import input_schema
from tests.promises.plan import Row
from tests.promises.spark_evaluation import SparkEvaluation
from tests.verify.given import types_of

CATALOG = load_catalog()
SPEC = load_resolve_spec(CATALOG.root / "base/population/resolve.yml")
IDENTITY = CATALOG.contract("base.population__identity")
DAY, OLD, NEW = date(2026, 11, 22), date(2020, 1, 1), date(2026, 1, 1)
REGISTER, PERMITS = "public_security.household_register", "public_security.residence_permit"


def subject(number: int, *, stands: bool, since: date = NEW, **said: str) -> Row:
    return {
        "subject_id": f"s{number}",
        "source": REGISTER,
        "role": "self",
        "is_standing": stands,
        "since": since,
        **said,
    }


GIVEN: dict[str, list[Row]] = {
    "crosswalk": [{"person_id": person, "subject_id": f"s{number}", "guard": "agrees"}
          for number, person in enumerate(("P1", "P1", "P2", "P3", "P3"), start=1)],
    "subject": [
        subject(1, stands=True, since=OLD, name="测试甲", id_no="N1", phone="1"),
        subject(2, stands=False, name="测试乙", id_no="N2", phone="2"),
        subject(3, stands=False, name="测试丙"),
        subject(4, stands=True, phone="4"),
        subject(5, stands=False, name="测试丁", phone="5"),
    ],
    alias_of(REGISTER): [
        {"_self_subject": "s1", "_deleted": False, "residence_address": "旧街", "_as_of": OLD, "household_state_code": "1"},
        {"_self_subject": "s2", "_deleted": False, "residence_address": "新街", "_as_of": NEW, "household_state_code": "4"},
    ],
    alias_of(PERMITS): [],
    alias_of("medical_insurance.medical_insured"): [],
}  # fmt: skip
WANTED: dict[str, Row] = {
    "P1": {
        "name": "测试甲",
        "name_conflicts": 0,
        "id_no": "N1",
        "phone": "1",
        "address": "旧街",
        "address_conflicts": 0,
    },
    "P2": {"name": "测试丙", "name_rule": "agreed", "phone": None},
    "P3": {"name": "测试丁", "phone": "4", "phone_conflicts": 0},
}


def check(rows: Sequence[Row], key: str) -> None:
    found = {row[key]: row for row in rows}
    assert {who: {name: found[who][name] for name in said} for who, said in WANTED.items()} == WANTED
    assert set(found) == set(WANTED)


def test_a_cancelled_record_wins_only_where_no_standing_record_speaks(spark: SparkSession) -> None:
    assert isinstance(IDENTITY, DerivedContract)
    columns = {
        alias: {column.name: column.type for column in columns_of(CATALOG.contract(item.table))}
        for alias, item in IDENTITY.inputs.items()
    }
    check(SparkEvaluation(spark, CATALOG, IDENTITY, columns)(GIVEN, DAY), "person_id")


def test_the_second_engine_lets_a_cancelled_record_win_where_the_first_does() -> None:
    assert isinstance(IDENTITY, DerivedContract)
    with opened("Asia/Shanghai") as store:
        identifiers.install(store)
        for alias, item in IDENTITY.inputs.items():
            types = types_of(CATALOG, item.table)
            store.run(f'CREATE TABLE "{alias}" ({input_schema(types)})')
            for row in GIVEN[alias]:
                values = [None if row.get(name) is None else str(row[name]) for name in types]
                store.connection.execute(f'INSERT INTO "{alias}" VALUES ({", ".join("?" for _ in types)})', values)
        made = store.run(f"SELECT * FROM {golden(store, CATALOG, IDENTITY, SPEC, {a: a for a in GIVEN}, DAY)}")
        names = [item[0] for item in made.description or ()]
        check([dict(zip(names, row, strict=True)) for row in made.fetchall()], "entity_id")


@pytest.mark.parametrize(
    ("source", "said", "stands"),
    [
        (REGISTER, {"household_state_code": "1"}, True),
        (REGISTER, {"household_state_code": "2"}, True),
        (REGISTER, {"household_state_code": "4"}, False),
        (REGISTER, {"household_state_code": None}, True),
        (REGISTER, {"household_state_code": "1", "_deleted": "true"}, False),
        (PERMITS, {"licence_state_code": "3"}, False),
    ],
)
def test_a_subject_stands_while_its_record_is_neither_deleted_nor_cancelled(
    spark: SparkSession, source: str, said: Row, stands: bool
) -> None:
    (role,) = [one for one in roles(SPEC, CATALOG.collected) if (one.source, one.role) == (source, "self")]
    types = types_of(CATALOG, role.table)
    given = {"_self_subject": "s1", "_deleted": "false", "name": "测试甲", **said}
    cells = [F.lit(given.get(name)).cast(kind).alias(name) for name, kind in types.items()]
    made = subjects({role.alias: spark.range(1).select(*cells)}, [role], DAY, SPEC)
    assert [row["is_standing"] for row in made.collect()] == [stands]


def test_a_state_that_a_table_does_not_have_is_refused() -> None:
    wrong = SPEC.model_copy(update={"cancelled": (SPEC.cancelled[0].model_copy(update={"column": "state"}),)})
    with pytest.raises(ContractError, match=r"household_register has no column state"):
        roles(wrong, CATALOG.collected)
