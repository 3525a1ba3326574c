"""Why a line of a delivery was held back, in a clerk's words, from the rule's name alone: no value is known here."""

from collections.abc import Mapping
from typing import Any

from citylake.contract.catalog import Catalog
from citylake.contract.model import TableContract
from citylake.contract.rules import TYPE_LABELS, Rule
from citylake.ledger.deliveries.problems import Problem
from citylake.spelling import table_of
from citylake.words import CHANGES, changes_of

_ENGINE_RULES = {
    "unreadable": "这一行无法读取（列数、引号或编码有误）",
    "operation": "操作标志不是约定的增、改、删之一",
    "order": "同一主键的顺序无法判断",
    "duplicate_key": "同一快照中同一主键出现多行且内容不同",
    "event_rewritten": "同一流水号此前已报送且内容不同",
}


def explained(catalog: Catalog, resource: str, problem: Problem) -> dict[str, Any]:
    """Return line, column, ``where`` (its label and name), rule and reason of a held-back line."""
    contract = _contract(catalog, resource)
    label = _label(contract, problem.column)
    return {
        "line": problem.line,
        "column": problem.column,
        "where": _where(contract, problem.column),
        "rule": problem.rule,
        "reason": _reason(contract, problem, label),
    }


def changes_explained(catalog: Catalog, resource: str, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return what reading changed of a delivery's values, per column and rule: ``where``, ``change`` and ``lines``."""
    contract = _contract(catalog, resource)
    return [
        {
            "column": column,
            "where": _where(contract, column),
            "rule": rule,
            "change": CHANGES.get(rule, rule),
            "lines": lines,
        }
        for rule, column, lines in changes_of(counts)
    ]


def _contract(catalog: Catalog, resource: str) -> TableContract | None:
    return catalog.contracts.get(table_of(resource))


def _label(contract: TableContract | None, column: str) -> str:
    return contract.columns[column].label if contract is not None and column in contract.columns else ""


def _where(contract: TableContract | None, column: str) -> str:
    label = _label(contract, column)
    return f"{label}（{column}）" if label else column


def _reason(contract: TableContract | None, problem: Problem, label: str) -> str:
    kind = problem.rule.partition(":")[0]
    if kind in _ENGINE_RULES:
        return _ENGINE_RULES[kind]
    column = contract.columns.get(problem.column) if contract is not None else None
    if contract is None or column is None:
        return "约定此后有变动，原规则已不存在"
    if kind == "type":
        return f"{label}的值不是{TYPE_LABELS.get(column.type.partition('(')[0], '约定的类型')}"
    if kind == "code":
        return f"{label}的值不在代码表 {column.codes} 内"
    rules = (*contract.rules.quarantine, Rule(name="not_null", column=problem.column))
    rule = next((one for one in rules if one.id == problem.rule), None)
    return contract.sentence(rule) if rule is not None else "约定此后有变动，原规则已不存在"
