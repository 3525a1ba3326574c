"""Gate and warn rules of a derived table, judged before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from citylake.contract.model import DerivedContract, TableContract
from citylake.contract.rules import Rule
from citylake.delta.errors import GateError
from citylake.delta.fetch import analysed, counts, fetch
from citylake.delta.small_read import HELD_ROWS, fits
from citylake.delta.tables import quoted
from citylake.engine.check import bad, message, row_rules
from citylake.engine.run.context import Context
from citylake.ledger.runs.runs import RuleResult

_RULES = "rules"


@dataclass(frozen=True)
class Judged:
    """Results of all rules, and how many rows were looked at."""

    results: tuple[RuleResult, ...]
    rows: int


@dataclass(frozen=True)
class FewRows:
    """Evaluated rows held in this process, and how many of them break each rule about single rows."""

    rows: pa.Table
    found: Mapping[str, int]


def fetch_few(context: Context, contract: DerivedContract, rows: DataFrame) -> FewRows | None:
    """Return the rows with what the rules find, counted in the pass that makes them; None when they are too many to be held here."""
    rules = _row_rules(contract)
    judged = rows.observe(_RULES, *_counts(context, rules)) if rules else rows
    asked = judged.limit(HELD_ROWS + 1)
    with analysed(contract.name):
        fetched = fetch(asked)
    if not fits(fetched):
        return None
    found = counts(asked, _RULES) if rules else {}
    return FewRows(fetched, {rule.id: int(found[rule.id]) for rule in rules})


def judge_few(contract: DerivedContract, few: FewRows, rows_after: int) -> Judged:
    """Judge rows held in this process.

    Raises:
        GateError: a gate rule failed.
    """
    rows, keys = few.rows.num_rows, few.rows.select(list(contract.key))
    without = sum(column.null_count for column in keys.columns)
    distinct = keys.group_by(list(contract.key)).aggregate([]).num_rows
    return _judged(contract, rows, rows_after, rows - distinct, without, few.found)


def judge(context: Context, contract: DerivedContract, rows: DataFrame, rows_after: int | None) -> Judged:
    """Judge evaluated rows in one aggregation.

    Args:
        context: gives business date and code lists.
        contract: the rules; that its key is unique and never NULL is always one of them.
        rows: what was evaluated: all units, or those the night touched.
        rows_after: rows the whole table will have, None when ``rows`` is the whole table.

    Raises:
        GateError: a gate rule failed.
    """
    key = [F.col(quoted(name)) for name in contract.key]
    without_key = F.coalesce(*[F.when(column.isNull(), 1) for column in key])
    rules = _row_rules(contract)
    counted = rows.agg(
        F.count(F.lit(1)),
        F.count_distinct(F.to_json(F.struct(*key))),
        F.count(without_key),
        *_counts(context, rules),
    ).collect()[0]
    total, distinct, without = (int(value) for value in counted[:3])
    found = {rule.id: int(counted[rule.id]) for rule in rules}
    return _judged(contract, total, total if rows_after is None else rows_after, total - distinct, without, found)


def _row_rules(contract: DerivedContract) -> list[Rule]:
    rules = row_rules((*contract.rules.gate, *contract.rules.warn))
    return list({rule.id: rule for rule in rules}.values())


def _counts(context: Context, rules: Sequence[Rule]) -> list[Column]:
    """Return for each rule the count of rows that break it, under the rule's id."""
    codes, day = context.lake.codes, context.business_date
    return [F.count_if(bad(rule, codes, day)).alias(rule.id) for rule in rules]


def _judged(
    contract: DerivedContract, total: int, rows_after: int, repeated: int, without: int, found: Mapping[str, int]
) -> Judged:
    results = [
        _result(f"unique:{'_'.join(contract.key)}", "gate", total, repeated, "主键重复"),
        _result(f"not_null:{'_'.join(contract.key)}", "gate", total, without, "主键为空"),
    ]
    results += [
        _rule_result(contract, rule, "gate", total, rows_after, found)
        for rule in contract.rules.gate
        if rule.name != "unique"
    ]
    results += [
        _rule_result(contract, rule, "warn", total, rows_after, found)
        for rule in contract.rules.warn
        if rule.name != "unique"
    ]
    failed = tuple(item.message for item in results if item.verdict == "fail")
    if failed:
        raise GateError(contract.name, failed)
    return Judged(tuple(results), total)


def _rule_result(
    contract: TableContract, rule: Rule, action: str, total: int, rows_after: int, found: Mapping[str, int]
) -> RuleResult:
    broken = found[rule.id] if rule.id in found else int(out_of_range(rule, rows_after))
    return _result(rule.id, action, total, broken, message(rule, contract))


def out_of_range(rule: Rule, rows: int) -> bool:
    """Return whether a ``row_count`` rule is broken by this many rows."""
    low, high = rule.arguments.get("min"), rule.arguments.get("max")
    return (low is not None and rows < low) or (high is not None and rows > high)


def _result(rule: str, action: str, checked: int, broken: int, text: str) -> RuleResult:
    verdict = "pass" if broken == 0 else ("fail" if action == "gate" else "warn")
    return RuleResult(rule, "gate" if action == "gate" else "warn", verdict, checked, broken, text if broken else "")  # type: ignore[arg-type]
