"""Gate and warn rules of a derived table, checked before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from citylake.contract.model import DerivedContract
from citylake.contract.rules import Action, Rule, UnjudgedError
from citylake.delta.errors import GateError
from citylake.delta.fetch import analysed, fetch, fetch_counted
from citylake.delta.small_read import HELD_ROWS, fits
from citylake.delta.sql_text import quoted
from citylake.engine.check import bad
from citylake.engine.run.context import Context
from citylake.engine.unique import repeated, repeated_few
from citylake.ledger.runs.runs import RuleResult


@dataclass(frozen=True)
class Checked:
    """Results of all rules, and how many rows were looked at."""

    results: tuple[RuleResult, ...]
    rows: int


@dataclass(frozen=True)
class FewRows:
    """Evaluated rows held in this process, and how many of them break each rule about single rows."""

    rows: pa.Table
    found: Mapping[str, int]


@dataclass(frozen=True)
class Stated:
    """A rule of the contract with what it does."""

    action: Action
    rule: Rule

    @property
    def name(self) -> str:
        """What tells it apart from the same rule under the other action."""
        return f"{self.action}:{self.rule.id}"


def needs_other_units(contract: DerivedContract) -> bool:
    """Return whether some rule cannot be checked by the rows of the touched units alone."""
    return any(_crosses(contract, one) for one in _unique(contract))


def fetch_few(context: Context, contract: DerivedContract, rows: DataFrame) -> FewRows | None:
    """Return the rows with what the rules find, counted in the pass that makes them; None when they are too many to be held here."""
    rules = _about_rows(contract)
    asked = rows.limit(HELD_ROWS + 1)
    with analysed(contract.name):
        fetched, found = fetch_counted(asked, _counts(context, rules)) if rules else (fetch(asked), {})
    if not fits(fetched):
        return None
    return FewRows(fetched, {one.name: int(found[one.name]) for one in rules})


def check_few(contract: DerivedContract, few: FewRows, rows_after: int) -> Checked:
    """Check rows held in this process.

    Raises:
        GateError: a gate rule failed.
    """
    keys = few.rows.select(list(contract.key))
    without = sum(column.null_count for column in keys.columns)
    distinct = keys.group_by(list(contract.key)).aggregate([]).num_rows
    found = {one.name: repeated_few(few.rows, one.rule.arguments["columns"]) for one in _unique(contract)}
    return _checked(
        contract, few.rows.num_rows, rows_after, few.rows.num_rows - distinct, without, {**few.found, **found}
    )


def check_rows(
    context: Context,
    contract: DerivedContract,
    rows: DataFrame,
    rows_after: int | None,
    others: DataFrame | None = None,
) -> Checked:
    """Check evaluated rows in one aggregation, and one more for each set of columns that must be unique.

    Args:
        context: gives business date and code lists.
        contract: the rules; that its key is unique and never NULL is always one of them.
        rows: what was evaluated: all units, or those the night touched.
        rows_after: rows the whole table will have, None when ``rows`` is the whole table.
        others: the table's rows of all other units, None when there are none.

    Raises:
        GateError: a gate rule failed.
    """
    key = [F.col(quoted(name)) for name in contract.key]
    without_key = F.coalesce(*[F.when(column.isNull(), 1) for column in key])
    rules = _about_rows(contract)
    counted = rows.agg(
        F.count(F.lit(1)),
        F.count_distinct(F.to_json(F.struct(*key))),
        F.count(without_key),
        *_counts(context, rules),
    ).collect()[0]
    total, distinct, without = (int(value) for value in counted[:3])
    found = {one.name: int(counted[one.name]) for one in rules}
    for one in _unique(contract):
        found[one.name] = repeated(rows, others if _crosses(contract, one) else None, one.rule.arguments["columns"])
    return _checked(contract, total, total if rows_after is None else rows_after, total - distinct, without, found)


def _stated(contract: DerivedContract) -> list[Stated]:
    return [
        *[Stated("gate", rule) for rule in contract.rules.gate],
        *[Stated("warn", rule) for rule in contract.rules.warn],
    ]


def _about_rows(contract: DerivedContract) -> list[Stated]:
    return [one for one in _stated(contract) if one.rule.kind.about == "rows"]


def _unique(contract: DerivedContract) -> list[Stated]:
    return [one for one in _stated(contract) if one.rule.name == "unique"]


def _crosses(contract: DerivedContract, unique: Stated) -> bool:
    """Return whether rows of two units may bear the same values."""
    return not set(contract.unit) <= set(unique.rule.arguments["columns"])


def _counts(context: Context, rules: Sequence[Stated]) -> list[Column]:
    """Return for each rule the count of rows that break it."""
    codes, day = context.lake.codes, context.business_date
    return [F.count_if(bad(one.rule, codes, day)).alias(one.name) for one in rules]


def _checked(
    contract: DerivedContract, total: int, rows_after: int, repeated_keys: int, without: int, found: Mapping[str, int]
) -> Checked:
    results = [
        _result(f"unique:{'_'.join(contract.key)}", "gate", total, repeated_keys, "主键重复"),
        _result(f"not_null:{'_'.join(contract.key)}", "gate", total, without, "主键为空"),
    ]
    results += [
        _result(one.rule.id, one.action, total, _broken(one, rows_after, found), contract.sentence(one.rule))
        for one in _stated(contract)
    ]
    failed = tuple(item.message for item in results if item.verdict == "fail")
    if failed:
        raise GateError(contract.name, failed)
    return Checked(tuple(results), total)


def _broken(one: Stated, rows_after: int, found: Mapping[str, int]) -> int:
    if one.name in found:
        return found[one.name]
    if one.rule.name == "row_count":
        return int(out_of_range(one.rule, rows_after))
    raise UnjudgedError(f"rule {one.rule.id} cannot be judged of a made table")


def out_of_range(rule: Rule, rows: int) -> bool:
    """Return whether a ``row_count`` rule is broken by this many rows."""
    low, high = rule.arguments.get("min"), rule.arguments.get("max")
    return (low is not None and rows < low) or (high is not None and rows > high)


def _result(rule: str, action: Action, checked: int, broken: int, text: str) -> RuleResult:
    verdict = "pass" if broken == 0 else ("fail" if action == "gate" else "warn")
    return RuleResult(rule, action, verdict, checked, broken, text if broken else "")  # type: ignore[arg-type]
