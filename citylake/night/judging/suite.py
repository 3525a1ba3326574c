"""Contracts as suites: what Great Expectations is asked about a table, all of it in one bundled aggregate.

Only expectation types that share one pass over the table are used. A rule that none of them can say becomes a boolean
column of the frame, true where a row is bad, and the expectation that it is false. Nothing here needs Spark or Great
Expectations.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from citylake.contract.model import DerivedContract
from citylake.contract.rules import Rule

Action = Literal["warn", "gate"]
Kind = Literal["values", "rows", "unique", "impossible"]

MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"
LISTED_CODES = 1000
"""Codes that an expectation carries itself; a longer list goes into a column of the frame."""
UNIQUE_ROWS = 5_000_000
"""Rows up to which the gate counts distinct keys, the only check with a shuffle; beyond, the engine's own check before the write counts."""


@dataclass(frozen=True)
class Check:
    """One question about a table.

    ``expectation`` is a class of ``great_expectations.expectations`` and ``arguments`` what it takes. ``kind`` says
    what its answer
    counts: bad values, rows, distinct keys; ``impossible`` has no expectation, its answer is always an error. ``bad``
    is the rule to be prepared as a boolean column named ``column``; ``distinct`` are the columns whose hash is
    prepared as ``column``.
    """

    rule: str
    action: Action
    message: str
    kind: Kind
    expectation: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    column: str = ""
    bad: Rule | None = None
    distinct: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suite:
    """All checks of one table, in the contract's order; ``columns`` are exactly those the table must have."""

    table: str
    columns: tuple[str, ...]
    checks: tuple[Check, ...]


def compile_suite(
    contract: DerivedContract, codes: Mapping[str, Mapping[str, str]], *, rows: int | None = None
) -> Suite:
    """Compile a contract.

    Beside its gate and warn rules a table promises: key columns are there and unique, coded columns hold codes of
    their list, months are months. What the contract says of the same rule wins over the promise.

    Args:
        contract: the table.
        codes: code lists by name.
        rows: how many the table is known to have; above ``UNIQUE_ROWS`` distinct keys are not counted here.
    """
    rules: dict[str, tuple[Action, Rule]] = {rule.id: ("gate", rule) for rule in _promised(contract)}
    rules |= {rule.id: ("gate", rule) for rule in (*contract.rules.quarantine, *contract.rules.gate)}
    rules |= {rule.id: ("warn", rule) for rule in contract.rules.warn}
    if rows is not None and rows > UNIQUE_ROWS:
        rules = {name: item for name, item in rules.items() if item[1].name != "unique"}
    checks = (_check(rule, action, contract, codes, number) for number, (action, rule) in enumerate(rules.values()))
    return Suite(contract.name, tuple(contract.columns), tuple(checks))


def _promised(contract: DerivedContract) -> Iterator[Rule]:
    for name in contract.key:
        yield Rule(name="not_null", column=name)
    yield Rule(name="unique", arguments={"columns": list(contract.key)})
    for name, column in contract.columns.items():
        if column.codes is not None:
            yield Rule(name="in_codes", column=name, arguments={"codes": column.codes})
        if column.type == "month":
            yield Rule(name="matches", column=name, arguments={"pattern": MONTH})


def _check(
    rule: Rule, action: Action, contract: DerivedContract, codes: Mapping[str, Mapping[str, str]], number: int
) -> Check:
    said = _said(rule, codes, number)
    return Check(rule=rule.id, action=action, message=_message(rule, contract), **said)


def _said(rule: Rule, codes: Mapping[str, Mapping[str, str]], number: int) -> dict[str, Any]:
    """Return the expectation of a rule, or the column that stands in for one."""
    if rule.name == "row_count":
        limits = {"min_value": rule.arguments.get("min"), "max_value": rule.arguments.get("max")}
        return {"kind": "rows", "expectation": "ExpectTableRowCountToBeBetween", "arguments": limits}
    if rule.name == "unique":
        return _unique(tuple(rule.arguments["columns"]), f"_unique_{number}")
    if rule.name in {"vanished", "quarantined"}:
        return {"kind": "impossible"}
    if (expected := _values(rule, codes)) is not None:
        name, arguments = expected
        return {"kind": "values", "expectation": name, "arguments": {"column": rule.column, **arguments}}
    prepared = f"_bad_{number}"
    return {
        "kind": "values",
        "expectation": "ExpectColumnValuesToBeInSet",
        "arguments": {"column": prepared, "value_set": [False]},
        "column": prepared,
        "bad": rule,
    }


def _unique(columns: tuple[str, ...], prepared: str) -> dict[str, Any]:
    return {
        "kind": "unique",
        "expectation": "ExpectColumnProportionOfUniqueValuesToBeBetween",
        "arguments": {"column": prepared, "min_value": 1.0},
        "column": prepared,
        "distinct": columns,
    }


def _values(rule: Rule, codes: Mapping[str, Mapping[str, str]]) -> tuple[str, dict[str, Any]] | None:
    arguments = rule.arguments
    if rule.name == "not_null":
        return "ExpectColumnValuesToNotBeNull", {}
    if rule.name == "matches":
        return "ExpectColumnValuesToMatchRegex", {"regex": arguments["pattern"]}
    if rule.name == "max_length":
        # The expectation about lengths needs a pass of its own.
        return "ExpectColumnValuesToMatchRegex", {"regex": f"(?s)^.{{0,{int(arguments['length'])}}}$"}
    if rule.name == "in_codes" and len(codes[arguments["codes"]]) <= LISTED_CODES:
        return "ExpectColumnValuesToBeInSet", {"value_set": sorted(codes[arguments["codes"]])}
    if rule.name == "in_range" and all(isinstance(limit, int | float) for limit in arguments.values()):
        limits = {"min_value": arguments.get("min"), "max_value": arguments.get("max")}
        return "ExpectColumnValuesToBeBetween", limits
    return None


def _message(rule: Rule, contract: DerivedContract) -> str:
    """Return what is wrong when the rule fails, in Chinese, without any value."""
    label = contract.columns[rule.column].label if rule.column else ""
    if rule.name == "unique":
        return "重复：" + "、".join(contract.columns[name].label for name in rule.arguments["columns"])
    return f"{label}{_MESSAGES[rule.name]}".format(**{"min": "", "max": "", **rule.arguments})


_MESSAGES = {
    "not_null": "不能为空",
    "valid_id_no": "不是有效的公民身份号码",
    "valid_uscc": "不是有效的统一社会信用代码",
    "not_in_future": "晚于业务日期",
    "in_range": "超出允许范围 {min}～{max}",
    "matches": "的格式不符合约定",
    "max_length": "超过 {length} 个字符",
    "not_before": "早于 {other}",
    "in_codes": "的值不在代码表 {codes} 内",
    "agrees_with_id_no": "与公民身份号码不一致",
    "row_count": "行数不在允许范围 {min}～{max}",
    "vanished": "消失比例只能对一次交付判断，不能用于加工表",
    "quarantined": "问题行比例只能对一次交付判断，不能用于加工表",
}
