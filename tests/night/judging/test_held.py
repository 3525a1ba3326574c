"""A table judged in this process says what Spark says of it, whatever its values; what might differ is left to Spark."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from citylake.contract.model import Column, DerivedContract, Input
from citylake.contract.rules import Rules
from citylake.delta.tables import local_frame
from citylake.ledger.runs.runs import RuleResult
from citylake.night.judging.held import Held
from citylake.night.judging.suite import compile_suite
from citylake.night.judging.validate import Validator
from citylake.settings import Settings
from citylake.spark.session import session
from citylake.verify.store import opened

DAY = date(2026, 3, 1)
CODES = {"sex": {"1": "男", "2": "女"}, "village": {str(number): "村" for number in range(3_000)}}
NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
ARROW = {
    "string": pa.string(), "month": pa.string(), "int": pa.int32(), "bigint": pa.int64(), "double": pa.float64(),
    "boolean": pa.bool_(), "date": pa.date32(), "timestamp": pa.timestamp("us", "UTC"), "decimal(12,2)": pa.decimal128(12, 2),
    "decimal(20,4)": pa.decimal128(20, 4),
}  # fmt: skip
TYPES = {
    "person_id": "string", "pay_month": "month", "number": "bigint", "sex_code": "string", "village_code": "string", "small": "int",
    "share": "double", "is_open": "boolean", "start_date": "date", "end_date": "date", "seen_at": "timestamp",
    "amount": "decimal(12,2)", "note": "string", "paid": "decimal(20,4)",
}  # fmt: skip
KEY = ("person_id", "pay_month", "number")
CODED = {"sex_code": "sex", "village_code": "village"}
# Python's hash and doubles take the last two numbers for one.
PAID = [
    Decimal(text) if text else None
    for text in (
        "20000.0001",
        "20000",
        "19999.9999",
        "-0.0050",
        "-0.0051",
        "",
        "9999999999999999.9999",
        "-9007199254740993.0001",
    )
]
ROWS: list[tuple[Any, ...]] = [
    ("P1", "2026-01", 1, "1", "0", 1, 0.5, True, date(2026, 1, 1), date(2026, 1, 31), NOON, Decimal("9.51"), "一"),
    ("P1", "2026-01", 1, "2", "2999", 0, 9.5, False, date(1, 1, 1), date(9999, 12, 31), NOON, Decimal("9.52"), "一二三"),
    ("P1", "2026-02", None, "１", "3000", 10, float("nan"), None, date(2026, 3, 2), None, None, Decimal("-0.01"), "𠮷𠮷𠮷𠮷"),
    ("P1", "2026-02", None, "1 ", "02", -1, float("inf"), None, None, date(2026, 1, 1), NOON, Decimal("0.00"), "a\nb"),
    ("Ｐ1", "2026-13", 2, "", "", 9, -0.0, True, date(2026, 1, 2), date(2026, 1, 1), datetime(2026, 3, 1, 16, tzinfo=UTC),
     Decimal("9999999999.99"), "abc\n"),
    (None, "2026-1", 2, None, None, None, None, None, date(2026, 3, 1), date(2026, 3, 1), datetime(1, 1, 2, tzinfo=UTC), None, None),
    ("P2", "２０２６-01", 9007199254740993, "1", "7", 2**31 - 1, 9.51, True, None, None, NOON, Decimal("9.51"), "(a)"),
    ("P2", "２０２６-01", 9007199254740992, "1", "7", -(2**31), 1e300, True, None, None, NOON, Decimal("9.51"), "\u00852026"),
]  # fmt: skip
ROWS = [(*row, paid) for row, paid in zip(ROWS, PAID, strict=True)]
STATED: dict[str, list[dict[str, Any]]] = {
    "gate": [
        {"row_count": {"min": 1, "max": 7}},
        {"not_null": "share"}, {"not_null": "is_open"}, {"not_null": "seen_at"}, {"not_null": "amount"}, {"not_null": "start_date"},
        {"unique": ["person_id", "sex_code", "start_date"]}, {"unique": "amount"}, {"unique": ["is_open", "seen_at"]},
        {"in_range": {"column": "small", "min": -0.5, "max": 9}},
        {"in_range": {"column": "number", "min": 1.5, "max": 999999999999999}},
        {"in_range": {"column": "share", "min": 0, "max": 9.51}},
        {"in_range": {"column": "amount", "min": 0, "max": 9.51}},
        {"in_range": {"column": "paid", "min": -0.005, "max": 20000}},
    ],
    "warn": [
        {"row_count": {"min": 9}},
        {"in_range": {"column": "amount", "max": 10_000_000_000}},
        {"in_range": {"column": "share", "max": 9}},
        {"not_before": {"column": "end_date", "other": "start_date"}},
        {"not_in_future": "start_date"}, {"not_in_future": "seen_at"},
        {"matches": {"column": "note", "pattern": r"(?:[一-龥]+|\w+|\(a\)|(\d{4}))$"}},
        {"max_length": {"column": "note", "length": 3}},
        {"in_codes": {"column": "note", "codes": "sex"}},
    ],
}  # fmt: skip


def contract(types: dict[str, str], key: tuple[str, ...], stated: dict[str, list[dict[str, Any]]]) -> DerivedContract:
    return DerivedContract(
        name="base.demo__t",
        title="表",
        grain="行",
        owner="a",
        key=key,
        by=key[:1],
        columns={
            name: Column(label=name, grade="L2", type=kind, codes=CODED.get(name)) for name, kind in types.items()
        },
        inputs={"c": Input(table="clean.a__b", on=key[:1])},
        rules=Rules.model_validate(stated),
    )


def table(types: dict[str, str], rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(types)
    return pa.table({name: pa.array(list(told), ARROW[types[name]]) for name, told in zip(types, columns, strict=True)})


def here(validator: Validator, made: DerivedContract, rows: pa.Table) -> tuple[RuleResult, ...] | None:
    return validator.validate_held(Held(tuple(rows.column_names), rows), compile_suite(made, CODES), CODES, DAY)


@dataclass
class Said:
    """What was said in this process and by Spark of the same tables."""

    here: dict[str, tuple[RuleResult, ...] | None]
    there: dict[str, tuple[RuleResult, ...]]


@pytest.fixture(scope="module")
def validator() -> Iterator[Validator]:
    with opened("Asia/Shanghai") as store:
        yield Validator(store)


@pytest.fixture(scope="module")
def said(lake_of_module: Settings, validator: Validator) -> Said:
    made = contract(TYPES, KEY, STATED)
    whole = table(TYPES, ROWS)
    tables = {
        "all": whole,
        "none": whole.slice(0, 0),
        "one": whole.slice(0, 1),
        "unknown": table(TYPES, [(None,) * len(TYPES)] * 3),
        "a column gone, another come": whole.drop_columns(["amount"]).append_column("id_no", whole.column("note")),
        "nothing known": pa.table({"id_no": pa.array(["1", None])}),
    }
    found = Said({}, {})
    with session(lake_of_module) as spark:
        spark.conf.set("spark.sql.shuffle.partitions", "1")
        for name, rows in tables.items():
            found.here[name] = here(validator, made, rows)
            suite = compile_suite(made, CODES)
            found.there[name] = validator.validate(local_frame(spark, rows), suite, CODES, DAY, is_small=True)
    return found


def test_every_result_is_that_of_spark(said: Said) -> None:
    for name, results in said.there.items():
        assert said.here[name] == results, name


def test_the_table_breaks_what_it_is_meant_to_break(said: Said) -> None:
    found = {rule.rule: rule for rule in said.there["all"]}
    kept = [name for name, rule in found.items() if rule.verdict == "pass"]
    assert kept == ["columns", "not_null:pay_month", "unique:person_id_sex_code_start_date", "in_range:amount"]
    assert found["in_range:paid"].bad == 4
    assert found["matches:pay_month"].bad == 4
    assert found["unique:person_id_pay_month_number"].bad == 2
    assert (found["not_null:share"].bad, found["in_range:number"].bad) == (1, 4)
    assert {rule.verdict for rule in said.there["a column gone, another come"]} == {"pass", "fail", "warn", "error"}


@pytest.mark.parametrize(
    ("kind", "value", "rule"),
    [
        ("bigint", 2**53 + 1, {"in_range": {"column": "v", "max": 2**53}}),
        ("decimal(20,4)", Decimal("1.5"), {"in_range": {"column": "v", "max": 10**11}}),
        ("double", 1.5, {"in_range": {"column": "v", "max": 0.1234567890123456}}),
        ("double", 1.5, {"unique": ["v"]}),
    ],
)
def test_what_doubles_might_decide_otherwise_is_left_to_spark(
    validator: Validator, kind: str, value: object, rule: dict[str, Any]
) -> None:
    types = {"k": "int", "v": kind}
    assert here(validator, contract(types, ("k",), {"gate": [rule]}), table(types, [(1, value)])) is None


@pytest.mark.parametrize(
    "rule", [{"not_before": {"column": "v", "other": "k"}}, {"in_range": {"column": "v", "max": 1}}]
)
def test_files_of_another_type_than_their_contract_are_left_to_spark(
    validator: Validator, rule: dict[str, Any]
) -> None:
    made = contract({"k": "int", "v": "int"}, ("k",), {"gate": [rule]})
    assert here(validator, made, table({"k": "int", "v": "string"}, [(1, "x")])) is None
