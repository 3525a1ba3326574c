"""check: every rule is a pure column that says what is bad; one pass names the failed rules of each row."""

from collections.abc import Callable, Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from citylake.contract.model import CollectedContract, TableContract
from citylake.contract.rules import ROW_RULES, Rule
from citylake.engine.clean.conform import reason
from citylake.standards.identifiers import id_no_birth_date, id_no_state, normalised_id_no, with_id_no
from citylake.standards.organisations import valid_uscc

GOOD_ID_STATES = ("ok", "upgraded")


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
        F.when(_broken(rule, codes, business_date, judged), reason(rule.id, rule.column or "", message(rule, contract)))
        for rule in (*implied, *contract.rules.quarantine)
    ]
    warned = [
        F.when(_broken(rule, codes, business_date, judged), F.lit(rule.id)) for rule in row_rules(contract.rules.warn)
    ]
    if contract.mode == "change" and contract.change is not None and contract.change.operation is not None:
        known = (*contract.change.insert, *contract.change.update, *contract.change.delete)
        unknown = F.coalesce(~F.trim(F.col("_operation")).isin(*known), F.lit(True))
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
    asked = [_id_column(rule) for rule in rules if rule.name in _OF_ID_NO]
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
    name, column = judged[_id_column(rule)], F.col(f"`{rule.column}`")
    state, normalised = F.col(f"{name}_state"), F.col(f"{name}_normalised")
    return F.coalesce(_OF_ID_NO[rule.name](column, state, normalised), F.lit(False))


def _id_column(rule: Rule) -> str:
    """Return the column that holds the ID number a rule asks about."""
    column = rule.column if rule.name == "valid_id_no" else rule.arguments.get("id_no", "id_no")
    assert column is not None
    return str(column)


def bad(rule: Rule, codes: Mapping[str, Mapping[str, str]], business_date: date) -> Column:
    """Return the rule as a column that is true where a row breaks it; NULL values break only ``not_null``."""
    column = F.col(f"`{rule.column}`")
    return F.coalesce(_BAD[rule.name](column, rule, codes, business_date), F.lit(False))


def row_rules(rules: tuple[Rule, ...]) -> list[Rule]:
    """Return those rules that judge rows."""
    return [rule for rule in rules if rule.name in ROW_RULES]


def warnings_counted(contract: TableContract) -> list[Column]:
    """Return the number of checked lines that each warn rule names, as ``warn:<rule>``."""
    return [
        F.count_if(F.array_contains("_warnings", rule.id)).alias(f"warn:{rule.id}")
        for rule in row_rules(contract.rules.warn)
    ]


def message(rule: Rule, contract: TableContract) -> str:
    """Return the rule's finding in a clerk's words, without any value."""
    label = contract.columns[rule.column].label if rule.column else ""
    return _MESSAGES[rule.name].format(label=label, **{"min": "", "max": "", **rule.arguments})


def _in_range(column: Column, rule: Rule, codes: Mapping[str, Mapping[str, str]], business_date: date) -> Column:
    low, high = rule.arguments.get("min"), rule.arguments.get("max")
    below = column < F.lit(low) if low is not None else F.lit(False)
    return below | (column > F.lit(high)) if high is not None else below


def _valid_id_no(column: Column, state: Column, normalised: Column) -> Column:
    return column.isNotNull() & ~state.isin(*GOOD_ID_STATES)


def _agrees_with_id_no(column: Column, state: Column, normalised: Column) -> Column:
    return state.isin(*GOOD_ID_STATES) & (id_no_birth_date(normalised) != column)


_OF_ID_NO: Mapping[str, Callable[[Column, Column, Column], Column]] = {
    "valid_id_no": _valid_id_no,
    "agrees_with_id_no": _agrees_with_id_no,
}
"""Rules about an ID number: from a column, the number's state and its 18-character form."""


def _of_id_no(column: Column, rule: Rule, codes: Mapping[str, Mapping[str, str]], business_date: date) -> Column:
    id_no = F.col(f"`{_id_column(rule)}`")
    return _OF_ID_NO[rule.name](column, id_no_state(id_no), normalised_id_no(id_no))


_BAD: Mapping[str, Callable[[Column, Rule, Mapping[str, Mapping[str, str]], date], Column]] = {
    "not_null": lambda column, rule, codes, day: column.isNull(),
    "valid_id_no": _of_id_no,
    "valid_uscc": lambda column, rule, codes, day: ~valid_uscc(column),
    "not_in_future": lambda column, rule, codes, day: F.to_date(column) > F.lit(day),
    "in_range": _in_range,
    "matches": lambda column, rule, codes, day: ~column.rlike(rule.arguments["pattern"]),
    "max_length": lambda column, rule, codes, day: F.char_length(column) > F.lit(rule.arguments["length"]),
    "not_before": lambda column, rule, codes, day: column < F.col(f"`{rule.arguments['other']}`"),
    "in_codes": lambda column, rule, codes, day: ~column.isin(*codes[rule.arguments["codes"]]),
    "agrees_with_id_no": _of_id_no,
}

_MESSAGES = {
    "not_null": "{label}不能为空",
    "valid_id_no": "{label}不是有效的公民身份号码",
    "valid_uscc": "{label}不是有效的统一社会信用代码",
    "not_in_future": "{label}晚于业务日期",
    "in_range": "{label}超出允许范围 {min}～{max}",
    "matches": "{label}的格式不符合约定",
    "max_length": "{label}超过 {length} 个字符",
    "not_before": "{label}早于{other}",
    "in_codes": "{label}的值不在代码表 {codes} 内",
    "agrees_with_id_no": "{label}与公民身份号码不一致",
    "row_count": "行数不在允许范围 {min}～{max}",
    "unique": "主键重复",
    "vanished": "上一快照中的记录消失比例超过 {max_percent}%",
    "quarantined": "问题行比例超过 {max_percent}%",
}
