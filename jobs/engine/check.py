"""check: every rule is a pure column that says what is bad; one pass names the failed rules of each row."""

from collections.abc import Callable, Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine.conform import reason
from jobs.engine.identifiers import id_no_birth_date, id_no_state, normalised_id_no
from jobs.engine.organisations import valid_uscc
from schemas.contract import CollectedContract, TableContract
from schemas.rules import ROW_RULES, Rule

GOOD_ID_STATES = ("ok", "upgraded")


def check(
    lines: DataFrame, contract: CollectedContract, codes: Mapping[str, Mapping[str, str]], business_date: date
) -> DataFrame:
    """Add the failed quarantine rules to ``_reasons`` and the failed warn rules as ``_warnings`` (array of rule ids).

    The key's columns must always be there; a line without its key is held back by ``not_null`` whether or not the
    contract says so.
    """
    said = {rule.id for rule in contract.rules.quarantine}
    implied = tuple(Rule(name="not_null", column=name) for name in contract.key if f"not_null:{name}" not in said)
    held = [
        F.when(bad(rule, codes, business_date), reason(rule.id, rule.column or "", message(rule, contract)))
        for rule in (*implied, *contract.rules.quarantine)
    ]
    warned = [F.when(bad(rule, codes, business_date), F.lit(rule.id)) for rule in row_rules(contract.rules.warn)]
    if contract.mode == "change" and contract.change is not None and contract.change.operation is not None:
        known = (*contract.change.insert, *contract.change.update, *contract.change.delete)
        unknown = F.coalesce(~F.trim(F.col("_operation")).isin(*known), F.lit(True))
        held.append(F.when(unknown, reason("operation", "", "操作标志不是约定的增、改、删之一")))
    empty = F.array().cast("array<string>")
    return lines.withColumns(
        {
            "_reasons": F.concat("_reasons", F.array_compact(F.array(*held))) if held else F.col("_reasons"),
            "_warnings": F.array_compact(F.array(*warned)) if warned else empty,
        }
    )


def bad(rule: Rule, codes: Mapping[str, Mapping[str, str]], business_date: date) -> Column:
    """Return the rule as a column that is true where a row breaks it; NULL values break only ``not_null``."""
    column = F.col(f"`{rule.column}`")
    return F.coalesce(_BAD[rule.name](column, rule, codes, business_date), F.lit(False))


def row_rules(rules: tuple[Rule, ...]) -> list[Rule]:
    """Return those rules that judge rows."""
    return [rule for rule in rules if rule.name in ROW_RULES]


def message(rule: Rule, contract: TableContract) -> str:
    """Return the rule's finding in a clerk's words, without any value."""
    label = contract.columns[rule.column].label if rule.column else ""
    return _MESSAGES[rule.name].format(label=label, **{"min": "", "max": "", **rule.arguments})


def _in_range(column: Column, rule: Rule, codes: Mapping[str, Mapping[str, str]], business_date: date) -> Column:
    low, high = rule.arguments.get("min"), rule.arguments.get("max")
    below = column < F.lit(low) if low is not None else F.lit(False)
    return below | (column > F.lit(high)) if high is not None else below


def _agrees_with_id_no(
    column: Column, rule: Rule, codes: Mapping[str, Mapping[str, str]], business_date: date
) -> Column:
    id_no = F.col(f"`{rule.arguments.get('id_no', 'id_no')}`")
    usable = id_no_state(id_no).isin(*GOOD_ID_STATES)
    return usable & (id_no_birth_date(normalised_id_no(id_no)) != column)


_BAD: Mapping[str, Callable[[Column, Rule, Mapping[str, Mapping[str, str]], date], Column]] = {
    "not_null": lambda column, rule, codes, day: column.isNull(),
    "valid_id_no": lambda column, rule, codes, day: column.isNotNull() & ~id_no_state(column).isin(*GOOD_ID_STATES),
    "valid_uscc": lambda column, rule, codes, day: ~valid_uscc(column),
    "not_in_future": lambda column, rule, codes, day: F.to_date(column) > F.lit(day),
    "in_range": _in_range,
    "matches": lambda column, rule, codes, day: ~column.rlike(rule.arguments["pattern"]),
    "max_length": lambda column, rule, codes, day: F.char_length(column) > F.lit(rule.arguments["length"]),
    "not_before": lambda column, rule, codes, day: column < F.col(f"`{rule.arguments['other']}`"),
    "in_codes": lambda column, rule, codes, day: ~column.isin(*codes[rule.arguments["codes"]]),
    "agrees_with_id_no": _agrees_with_id_no,
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
