"""Every rule at every place: judged by each engine that works there, or refused with the reason before anything runs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from citylake.contract.catalog import load_catalog
from citylake.contract.model import CollectedContract, Column, DerivedContract, Input
from citylake.contract.patterns import is_pattern
from citylake.contract.rules import RULES, Action, Made, Rule, Rules, UnjudgedError
from citylake.engine import check
from citylake.engine.clean import verdicts
from citylake.engine.derived import gates
from citylake.ledger.deliveries.problems import Problem
from citylake.night.judging import suite
from citylake.read.problem_words import explained
from citylake.spelling import resource_of
from citylake.verify import lines

DAY = date(2026, 3, 1)
CODES = {"kind": {"A": "甲"}}
COLUMNS = {
    "record_no": Column(label="编号", grade="L2"),
    "other_no": Column(label="别号", grade="L2"),
    "id_no": Column(label="公民身份号码", grade="L3"),
    "amount": Column(label="金额", grade="L2", type="decimal(12,2)"),
    "birth_date": Column(label="出生日期", grade="L2", type="date"),
    "death_date": Column(label="死亡日期", grade="L2", type="date"),
}
STATED: dict[str, Any] = {
    "not_null": "other_no",
    "valid_id_no": "id_no",
    "valid_uscc": "other_no",
    "not_in_future": "death_date",
    "in_range": {"column": "amount", "min": 0},
    "matches": {"column": "other_no", "pattern": "[0-9]{4}"},
    "max_length": {"column": "other_no", "length": 4},
    "not_before": {"column": "death_date", "other": "birth_date"},
    "in_codes": {"column": "other_no", "codes": "kind"},
    "agrees_with_id_no": "birth_date",
    "row_count": {"min": 1},
    "unique": "other_no",
    "vanished": {"max_percent": 5},
    "quarantined": {"max_percent": 5},
}
"""Each rule as an author would write it."""
SENTENCES = {
    "not_null": "别号不能为空",
    "valid_id_no": "公民身份号码不是有效的公民身份号码",
    "valid_uscc": "别号不是有效的统一社会信用代码",
    "not_in_future": "死亡日期晚于业务日期",
    "in_range": "金额超出允许范围（不小于 0）",
    "matches": "别号的格式不符合约定",
    "max_length": "别号超过 4 个字符",
    "not_before": "死亡日期早于出生日期",
    "in_codes": "别号的值不在代码表 kind 内",
    "agrees_with_id_no": "出生日期与公民身份号码不一致",
    "row_count": "行数不在允许范围（不小于 1）",
    "unique": "重复：别号",
    "vanished": "上一快照中的记录消失比例超过 5%",
    "quarantined": "问题行比例超过 5%",
}
_MADE: tuple[Made, ...] = ("collected", "derived")
_ACTIONS: tuple[Action, ...] = ("quarantine", "warn", "gate")
PLACES = [(name, made, action) for name, made, action in product(RULES, _MADE, _ACTIONS)]


def contract(made: Made, *, mode: str = "snapshot", **rules: Any) -> CollectedContract | DerivedContract:
    said: dict[str, Any] = {"title": "表", "grain": "一行", "owner": "a", "key": ["record_no"], "columns": COLUMNS}
    said["rules"] = Rules.model_validate(rules)
    if made == "derived":
        inputs = {"r": Input(table="linked.a__b", on=("record_no",))}
        return DerivedContract(name="base.demo__t", inputs=inputs, **said)
    source = {"form": "csv", "files": "*", "as_of": {"received": True}}
    if mode == "change":
        said["change"] = {"order": ["record_no"]}
    given = {"name": "clean.a__b", "source": source, "mode": mode, "due": {"every": "day"}}
    return CollectedContract.model_validate(given | said)


def test_every_rule_is_stated_here() -> None:
    assert list(STATED) == list(RULES) == list(SENTENCES)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_has_a_predicate_in_each_engine_that_meets_it_and_in_no_other(name: str) -> None:
    kind = RULES[name]
    of_lines, of_tables = ({made for made, _ in kind.places} >= {made} for made in _MADE)
    assert (name in check.PREDICATES) == (kind.about == "rows")
    assert (name in lines.PREDICATES) == (kind.about == "rows" and of_lines)
    assert (name in verdicts.WHOLE) == (kind.about == "whole" and of_lines)
    assert (name in suite.PREDICATES) == of_tables


@pytest.mark.parametrize(("name", "made", "action"), PLACES)
def test_a_rule_is_judged_where_it_stands_or_refused_with_what_to_do(name: str, made: Made, action: Action) -> None:
    said: dict[str, Any] = {action: [{name: STATED[name]}]}
    if (made, action) not in RULES[name].places:
        with pytest.raises(
            ValueError, match=f"{action}: {name}.* is not judged there: (move it to|it judges deliveries)"
        ):
            contract(made, **said)
        return
    stated = contract(made, **said)
    (rule,) = getattr(stated.rules, action)
    assert stated.sentence(rule) == SENTENCES[name]
    if isinstance(stated, DerivedContract):
        check_of = suite.compile_suite(stated, CODES).checks[-1]
        assert (check_of.rule, check_of.action, check_of.message) == (rule.id, action, SENTENCES[name])
        assert check_of.expectation == (RULES[name].expectation or "ExpectColumnValuesToBeInSet")
    elif RULES[name].about == "rows":
        assert lines.broken(rule, CODES, DAY)


def test_a_name_that_no_engine_knows_is_an_error_in_every_engine() -> None:
    unknown = Rule.model_construct(name="sane", column="other_no", arguments={})
    stated = contract("derived").model_copy(update={"rules": Rules.model_construct(gate=(unknown,))})
    assert isinstance(stated, DerivedContract)
    asked: list[Callable[[], object]] = [
        lambda: check.bad(unknown, CODES, DAY),
        lambda: lines.broken(unknown, CODES, DAY),
        lambda: unknown.judged_by(verdicts.WHOLE),
        lambda: unknown.sentence({}),
        lambda: suite.compile_suite(stated, CODES),
        lambda: gates.check_few(stated, gates.FewRows(pa.table({"record_no": ["1"]}), {}), 1),
    ]
    for ask in asked:
        with pytest.raises(UnjudgedError, match="sane"):
            ask()


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"unique": "record_no"}, "says nothing: the key is unique by itself"),
        ({"unique": ["other_no", "record_no"]}, "says nothing: the key is unique by itself"),
        ({"unique": ["nobody"]}, "not among the columns: nobody"),
        ({"unique": []}, "columns is one column or a list of columns"),
        ({"not_before": {"column": "death_date", "other": "nobody"}}, "not among the columns: nobody"),
        ({"not_before": {"column": "death_date", "other": "amount"}}, "both columns need the same type"),
        ({"not_before": {"column": "death_date"}}, "needs other"),
        ({"agrees_with_id_no": {"column": "birth_date", "id_no": "amount"}}, "amount holds no identity numbers"),
        ({"matches": {"column": "amount", "pattern": "1"}}, "decimal cannot be judged by it; it takes month, string"),
        ({"not_in_future": "other_no"}, "string cannot be judged by it; it takes date, timestamp"),
        ({"in_range": "amount"}, "needs min, max or both"),
        ({"in_range": {"column": "amount", "min": "0"}}, "min is a number"),
        ({"in_range": {"column": "amount", "min": 2, "max": 1}}, "everything would break it"),
        ({"in_range": {"column": "amount", "min": float("nan")}}, "min is a number"),
        ({"max_length": {"column": "other_no", "length": 0}}, "length is a whole number from 1"),
        ({"row_count": {"column": "other_no", "min": 1}}, "does not take column; it takes min, max"),
        ({"name": "sane"}, "unknown rule 'sane'"),
    ],
)  # fmt: skip
def test_a_rule_that_says_nothing_or_the_impossible_is_refused(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        contract("derived", gate=[rule])


@pytest.mark.parametrize("mode", ["change", "event"])
def test_nothing_vanishes_but_from_a_snapshot(mode: str) -> None:
    with pytest.raises(ValueError, match=f"nothing vanishes from mode {mode}"):
        contract("collected", mode=mode, warn=[{"vanished": {"max_percent": 5}}])


def test_the_same_rule_may_warn_and_stop_with_other_bounds_but_not_twice_in_one_place() -> None:
    low, high = {"in_range": {"column": "amount", "min": 0}}, {"in_range": {"column": "amount", "max": 9}}
    assert contract("derived", gate=[low], warn=[high])
    with pytest.raises(ValueError, match="gate: in_range:amount stands twice"):
        contract("derived", gate=[low, high])


def test_a_code_list_that_is_not_there_is_named(tmp_path: Any) -> None:
    from tests.contract.given import clean, write

    rules = {"warn": [{"in_codes": {"column": "record_no", "codes": "sexes"}}]}
    with pytest.raises(ValueError, match="in_codes:record_no: no code list 'sexes'"):
        load_catalog(write(tmp_path, collected=clean(rules=rules)))


@pytest.mark.parametrize("pattern", [r"\d{4}", "^P[0-9a-f]{24}$", r"(?:a|b)+?", "[一-龥]{2,}", r"1\.5", "甲|乙"])
def test_a_pattern_that_every_engine_reads_alike_is_taken(pattern: str) -> None:
    assert is_pattern(pattern)
    assert duckdb.execute("SELECT regexp_full_match('x', ?)", [pattern]).fetchone()


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?=a)b",
        r"(a)\1",
        r"\p{L}",
        r"a++",
        r"[a-z&&[^b]]",
        r"(?<n>a)",
        r"\s",
        r"a\Z",
        "a{,3}",
        "a{b",
        "[]a]",
        "(",
        "[",
        5,
    ],
)
def test_a_pattern_that_engines_read_differently_is_refused(pattern: object) -> None:
    assert not is_pattern(pattern)


def test_a_held_back_line_is_explained_in_labels_only() -> None:
    held = contract("collected", quarantine=[{"not_before": STATED["not_before"]}])
    catalog = replace(load_catalog(), contracts={held.name: held})
    said = explained(catalog, resource_of(held.name), Problem(2, "death_date", "not_before:death_date"))
    assert said["reason"] == "死亡日期早于出生日期"
