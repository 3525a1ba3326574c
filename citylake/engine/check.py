"""check: every rule is a pure column that says what is bad; one pass names the failed rules of each row."""

from collections.abc import Callable, Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from citylake.contract.model import CollectedContract, TableContract
from citylake.contract.patterns import whole_value
from citylake.contract.rules import Rule, row_rules
from citylake.engine.clean.conform import reason
from citylake.standards.identifiers import USABLE, id_no_birth_date, id_no_state, normalised_id_no, with_id_no
from citylake.standards.organisations import valid_uscc
from citylake.standards.signs import folded


def check(
    lines: DataFrame, contract: CollectedContract, codes: Mapping[str, Mapping[str, str]], business_date: date
) -> DataFrame:
    """Add the failed quarantine rules to ``_reasons`` and the failed warn rules as ``_warnings`` (array of rule ids).

    The key's columns must always be there; a line without its key is held back by ``not_null`` whether or not the
    contract says so.
    """
    lines, judged = _with_id_numbers(lines, contract)
    said = {rule.id for rule in contract.rules.quarantine}
    implied = tuple(Rule(name="not_null", column=name) for name in contract.key if f"not_null:{name}" not in said)
    held = [
        F.when(_broken(rule, codes, business_date, judged), reason(rule.id, rule.column or "", contract.sentence(rule)))
        for rule in (*implied, *contract.rules.quarantine)
    ]
    warned = [
        F.when(_broken(rule, codes, business_date, judged), F.lit(rule.id)) for rule in row_rules(contract.rules.warn)
    ]
    if contract.mode == "change" and contract.change is not None and contract.change.operation is not None:
        known = (*contract.change.insert, *contract.change.update, *contract.change.delete)
        unknown = F.coalesce(~folded(F.col("_operation")).isin(*known), F.lit(True))
        held.append(F.when(unknown, reason("operation", "", "操作标志不是约定的增、改、删之一")))
    empty = F.array().cast("array<string>")
    told = lines.withColumns(
        {
            "_reasons": F.concat("_reasons", F.array_compact(F.array(*held))) if held else F.col("_reasons"),
            "_warnings": F.array_compact(F.array(*warned)) if warned else empty,
        }
    )
    return told.drop(*[f"{name}_{part}" for name in judged.values() for part in ("text", "normalised", "state")])


def _with_id_numbers(lines: DataFrame, contract: CollectedContract) -> tuple[DataFrame, dict[str, str]]:
    """Return the lines with each ID number that a rule asks about judged once, and under which name."""
    rules = (*contract.rules.quarantine, *row_rules(contract.rules.warn))
    asked = [rule.id_no for rule in rules if rule.name in _OF_ID_NO]
    judged = {column: f"_judged_{place}" for place, column in enumerate(dict.fromkeys(asked))}
    for column, name in judged.items():
        lines = with_id_no(lines, F.col(f"`{column}`"), name)
    return lines, judged


def _broken(
    rule: Rule, codes: Mapping[str, Mapping[str, str]], business_date: date, judged: Mapping[str, str]
) -> Column:
    """Return what ``bad`` does, from ID numbers judged before."""
    if rule.name not in _OF_ID_NO:
        return bad(rule, codes, business_date)
    name, column = judged[rule.id_no], F.col(f"`{rule.column}`")
    state, normalised = F.col(f"{name}_state"), F.col(f"{name}_normalised")
    return F.coalesce(_OF_ID_NO[rule.name](column, state, normalised), F.lit(False))


def bad(rule: Rule, codes: Mapping[str, Mapping[str, str]], business_date: date) -> Column:
    """Return the rule as a column that is true where a row breaks it; NULL values break only ``not_null``.

    Raises:
        UnjudgedError: the rule is not about rows.
    """
    breaks = rule.judged_by(PREDICATES)
    return F.coalesce(breaks(F.col(f"`{rule.column}`"), rule, codes, business_date), F.lit(False))


def warnings_counted(contract: TableContract) -> list[Column]:
    """Return the number of checked lines that each warn rule names, as ``warn:<rule>``."""
    return [
        F.count_if(F.exists("_warnings", _is(rule.id))).alias(f"warn:{rule.id}")
        for rule in row_rules(contract.rules.warn)
    ]


def _is(rule: str) -> Callable[[Column], Column]:
    return lambda named: named == F.lit(rule)


def _in_range(column: Column, rule: Rule, codes: Mapping[str, Mapping[str, str]], business_date: date) -> Column:
    low, high = rule.arguments.get("min"), rule.arguments.get("max")
    below = column < F.lit(low) if low is not None else F.lit(False)
    return below | (column > F.lit(high)) if high is not None else below


def _valid_id_no(column: Column, state: Column, normalised: Column) -> Column:
    return column.isNotNull() & ~state.isin(*USABLE)


def _agrees_with_id_no(column: Column, state: Column, normalised: Column) -> Column:
    return state.isin(*USABLE) & (id_no_birth_date(normalised) != column)


_OF_ID_NO: Mapping[str, Callable[[Column, Column, Column], Column]] = {
    "valid_id_no": _valid_id_no,
    "agrees_with_id_no": _agrees_with_id_no,
}
"""Rules about an ID number: from a column, the number's state and its 18-character form."""


def _of_id_no(column: Column, rule: Rule, codes: Mapping[str, Mapping[str, str]], business_date: date) -> Column:
    id_no = F.col(f"`{rule.id_no}`")
    return _OF_ID_NO[rule.name](column, id_no_state(id_no), normalised_id_no(id_no))


PREDICATES: Mapping[str, Callable[[Column, Rule, Mapping[str, Mapping[str, str]], date], Column]] = {
    "not_null": lambda column, rule, codes, day: column.isNull(),
    "valid_id_no": _of_id_no,
    "valid_uscc": lambda column, rule, codes, day: ~valid_uscc(column),
    "not_in_future": lambda column, rule, codes, day: F.to_date(column) > F.lit(day),
    "in_range": _in_range,
    "matches": lambda column, rule, codes, day: ~column.rlike(whole_value(rule.arguments["pattern"])),
    "max_length": lambda column, rule, codes, day: F.char_length(column) > F.lit(rule.arguments["length"]),
    "not_before": lambda column, rule, codes, day: column < F.col(f"`{rule.arguments['other']}`"),
    "in_codes": lambda column, rule, codes, day: ~column.isin(*codes[rule.arguments["codes"]]),
    "agrees_with_id_no": _of_id_no,
}
