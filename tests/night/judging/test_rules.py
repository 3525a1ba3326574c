"""Each rule about rows, asked of the same rows by every engine: Spark's check, DuckDB's lines, and Great Expectations over
Spark and over pandas."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import functions as F

from citylake.contract.model import Column, DerivedContract, Input
from citylake.contract.rules import RULES, Rules
from citylake.delta.tables import local_frame
from citylake.engine.check import bad
from citylake.ledger.runs.runs import RuleResult
from citylake.night.judging.held import Held
from citylake.night.judging.suite import compile_suite
from citylake.night.judging.validate import Validator
from citylake.settings import Settings
from citylake.spark.session import session
from citylake.verify import identifiers, lines
from citylake.verify.store import opened
from tests.resolve.test_identifiers import GOOD, uscc_code

DAY = date(2026, 3, 1)
MANY = {str(number): "村" for number in range(2_000)}
CODES: Mapping[str, Mapping[str, str]] = {"kind": {"A": "甲", "B": "乙"}, "many": MANY}


NOBODY = GOOD[:17] + ("0" if GOOD[17] != "0" else "1")
FIRM = uscc_code("91370702" + "MA3C0GCB")
ENDINGS = ("\n", "\r", "\r\n", "\u0085", "\u2028", "\u2029")
"""What one regular expression or another takes for the end of a text."""

Case = tuple[dict[str, Any], Column, list[Any], list[Any]]
"""A rule of column ``v``, the column, values that keep it, values that break it."""


def text(**said: Any) -> Column:
    return Column(label="值", grade="L2", **said)


CASES: list[Case] = [
    ({"not_null": "v"}, text(), ["", "\n"], []),
    ({"valid_id_no": "v"}, text(), [GOOD, f"{GOOD}\n", f"\u00a0{GOOD}\u200b"], [NOBODY, f"{GOOD}1", "\n"]),
    ({"valid_uscc": "v"}, text(), [FIRM, f"\u00a0{FIRM}\n"], ["1", f"{GOOD}\n"]),
    ({"not_in_future": "v"}, text(type="date"), [DAY, date(1, 1, 1)], [date(2026, 3, 2)]),
    ({"not_in_future": "v"}, text(type="timestamp"), [datetime(2026, 3, 1, 15, 59, tzinfo=UTC)], [datetime(2026, 3, 1, 16, tzinfo=UTC)]),
    (
        {"in_range": {"column": "v", "min": 0, "max": 9.5}},
        text(type="decimal(4,2)"),
        [Decimal(0), Decimal("9.50")],
        [Decimal("-0.01"), Decimal("9.51")],
    ),
    ({"in_range": {"column": "v", "max": 9}}, text(type="int"), [9, -1], [10]),
    (
        {"matches": {"column": "v", "pattern": r"\d{4}"}},
        text(),
        ["2026"],
        ["20260", "x2026", "２０２６", "\n2026", *[f"2026{end}" for end in ENDINGS]],
    ),
    (
        {"matches": {"column": "v", "pattern": "^[一-龥]{2}$|^甲.乙$"}},
        text(),
        ["甲乙", *[f"甲{end}乙" for end in ENDINGS if end not in ("\n", "\r\n")]],
        ["甲", "甲\n乙", *[f"甲乙{end}" for end in ENDINGS]],
    ),
    ({"max_length": {"column": "v", "length": 3}}, text(), ["𠮷𠮷𠮷", "a\nb", ""], ["abcd", *[f"abc{e}" for e in ENDINGS]]),
    ({"in_codes": {"column": "v", "codes": "kind"}}, text(), ["A"], ["a", "C", *[f"A{end}" for end in ENDINGS]]),
    ({"in_codes": {"column": "v", "codes": "many"}}, text(), ["1999"], ["2000", *[f"1{end}" for end in ENDINGS]]),
    ({"not_before": {"column": "v", "other": "born"}}, text(type="date"), [date(1980, 1, 15)], [date(1980, 1, 14)]),
    (
        {"agrees_with_id_no": {"column": "v", "id_no": "id_no"}},
        text(type="date"),
        [date(1980, 1, 15)],
        [date(1980, 1, 16)],
    ),
]  # fmt: skip
ARROW = {
    "string": pa.string(),
    "date": pa.date32(),
    "int": pa.int32(),
    "timestamp": pa.timestamp("us", "Asia/Shanghai"),
}
NAMES = [f"{next(iter(rule))}_{number}" for number, (rule, *_) in enumerate(CASES)]


@dataclass
class Engines:
    """What each engine says of every case: how many rows are bad; of the gates also of no rows and of nothing but NULL.

    ``here`` is what is said of rows held in this process, in the order in which Spark was asked the same.
    """

    spark: dict[str, int]
    duckdb: dict[str, int]
    suite: dict[str, RuleResult]
    there: list[tuple[RuleResult, ...]]
    here: list[tuple[RuleResult, ...] | None]
    of_nothing: list[RuleResult]
    of_unknown: list[RuleResult]


def contract(rule: dict[str, Any], column: Column) -> DerivedContract:
    plain = {"key": text(type="int"), "born": text(type="date"), "id_no": text()}
    return DerivedContract(
        name="base.demo__t",
        title="表",
        grain="一行",
        owner="a",
        key=("key",),
        columns=plain | {"v": column},
        inputs={"r": Input(table="linked.a__b", on=("key",))},
        rules=Rules.model_validate({"gate": [rule]}),
    )


def rows(column: Column, values: list[Any]) -> pa.Table:
    count = len(values)
    table = {
        "key": pa.array(range(count), pa.int32()),
        "born": pa.array([date(1980, 1, 15)] * count, pa.date32()),
        "id_no": pa.array([GOOD] * count, pa.string()),
        "v": pa.array(values, ARROW.get(column.type, pa.decimal128(4, 2))),
    }
    return pa.table(table)


def held(table: pa.Table) -> Held:
    return Held(tuple(table.column_names), table)


@pytest.fixture(scope="module")
def engines(lake_of_module: Settings) -> Iterator[Engines]:
    found = Engines({}, {}, {}, [], [], [], [])
    with session(lake_of_module) as spark, opened("Asia/Shanghai") as store, opened("Asia/Shanghai") as own:
        spark.conf.set("spark.sql.shuffle.partitions", "1")
        identifiers.install(store)
        validator = Validator(own)
        for name, (rule, column, good, broken) in zip(NAMES, CASES, strict=True):
            made = contract(rule, column)
            (stated,) = made.rules.gate
            table = rows(column, [*good, *broken, None])
            found.spark[name] = local_frame(spark, table).agg(F.count_if(bad(stated, CODES, DAY))).collect()[0][0]
            store.connection.register("given", table)
            asked = f"SELECT count(*) FROM given WHERE coalesce({lines.broken(stated, CODES, DAY)}, false)"
            found.duckdb[name] = store.number(asked)
            suite = compile_suite(made, CODES)
            unknown = rows(column, [None, None])
            for given in (table, table.slice(0, 0), unknown):
                there = validator.validate(local_frame(spark, given), suite, CODES, DAY, is_small=True)
                found.there.append(there)
                found.here.append(validator.validate_held(held(given), suite, CODES, DAY))
            of_all, of_none, of_unknown = found.there[-3:]
            found.suite[name] = of_all[-1]
            found.of_nothing += of_none
            found.of_unknown += of_unknown if not name.startswith("not_null") else ()
        yield found


def test_every_rule_about_rows_has_a_case() -> None:
    asked = {next(iter(rule)) for rule, *_ in CASES}
    assert asked == {name for name, kind in RULES.items() if kind.about == "rows"}


@pytest.mark.parametrize(("name", "case"), [*zip(NAMES, CASES, strict=True)], ids=NAMES)
def test_all_engines_find_the_same_rows_bad(engines: Engines, name: str, case: Case) -> None:
    rule, _, good, broken = case
    wanted = len(broken) + ("not_null" in rule)
    said = engines.suite[name]
    assert (engines.spark[name], engines.duckdb[name], said.bad) == (wanted, wanted, wanted)
    assert said.verdict == ("fail" if wanted else "pass")
    assert said.checked == len(good) + len(broken) + 1


def test_rows_held_in_this_process_are_judged_as_spark_judges_them(engines: Engines) -> None:
    assert engines.here == engines.there


def test_no_rows_break_no_rule(engines: Engines) -> None:
    assert {(rule.rule, rule.verdict, rule.bad) for rule in engines.of_nothing if rule.verdict != "pass"} == set()
    assert len(engines.of_nothing) > len(CASES)


def test_a_column_that_says_nothing_breaks_only_that_it_has_to(engines: Engines) -> None:
    assert {(rule.rule, rule.verdict, rule.bad) for rule in engines.of_unknown if rule.verdict != "pass"} == set()
    assert len(engines.of_unknown) > len(CASES)
