"""A delivery's lines as the contract reads them, said in DuckDB: typed values, and whether a line is held back.

Written from ``schemas/README.md``; nothing of the engine's Spark expressions is used.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from citylake.contract.model import CollectedContract, Column
from citylake.contract.rules import Rule
from citylake.verify.store import quoted, text
from citylake.verify.translate import duckdb_type

_DATES = ("yyyy-MM-dd", "yyyyMMdd", "yyyy/M/d")
_MOMENTS = ("yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss", "yyyyMMddHHmmss", "yyyy-MM-dd HH:mm:ss.SSSSSS")
_TRUE, _FALSE = ("1", "true", "TRUE", "是", "Y"), ("0", "false", "FALSE", "否", "N")
_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_PARTED = r"^[+-]?([0-9]*)\.?([0-9]*?)0*([eE](.*))?$"
"""A number in parts: before the point, behind it without the zeros at the end, exponent."""
_PARTS = {
    "yyyy": ("y", "[0-9]{4}"), "MM": ("M", "[0-9]{2}"), "M": ("M", "[0-9]{1,2}"), "dd": ("d", "[0-9]{2}"),
    "d": ("d", "[0-9]{1,2}"), "HH": ("H", "[01][0-9]|2[0-3]"), "H": ("H", "[0-9]{1,2}"), "mm": ("m", "[0-9]{2}"),
    "m": ("m", "[0-9]{1,2}"), "ss": ("s", "[0-9]{2}"), "s": ("s", "[0-9]{1,2}"),
}  # fmt: skip
Codes = Mapping[str, Mapping[str, str]]


class UnknownPatternError(ValueError):
    """A contract has a date pattern this reading does not know."""


def typed_lines(contract: CollectedContract, codes: Codes, business_date: date, source: str) -> str:
    """Return the SELECT of a delivery's lines.

    Columns: the contract's, typed; ``_line``; ``_operation`` (NULL where the mode has none); ``_unreadable``, ``_broken`` (some
    value or rule is bad), ``_keyed`` and ``_is_delete`` (boolean).

    Args:
        contract: types, formats, code lists, rules, key.
        codes: code lists by name.
        business_date: the night that took the delivery.
        source: what to read the all-text lines from.
    """
    said = ", ".join(f"{_said(quoted(name), column)} AS {quoted(name)}" for name, column in contract.columns.items())
    operation = "half_width(_operation)" if contract.mode == "change" else "CAST(NULL AS VARCHAR)"
    typed = ", ".join(
        f"{typed_value(f't.{quoted(name)}', column)} AS {quoted(name)}" for name, column in contract.columns.items()
    )
    texts = ", ".join(f"t.{quoted(name)} AS {quoted(f'_text:{name}')}" for name in contract.columns)
    bad = " OR ".join([*_bad_values(contract, codes), *_bad_rules(contract, codes, business_date), "false"])
    keyed = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in contract.key)
    names = ", ".join(quoted(name) for name in contract.columns)
    return (
        f"WITH said AS (SELECT {said}, _line, _unreadable IS NOT NULL AS _unreadable, {operation} AS _operation FROM {source}), "
        f"typed AS (SELECT {typed}, {texts}, t._line, t._unreadable, t._operation FROM said t) "
        f"SELECT {names}, _line, _operation, _unreadable, ({bad}) AS _broken, ({keyed}) AS _keyed, "
        f"({_is_delete(contract)} AND NOT ({_is_ahead(contract, business_date)})) AS _is_delete FROM typed"
    )


def _said(value: str, column: Column) -> str:
    told = f"half_width({value})"
    if not column.null_values:
        return told
    return f"CASE WHEN {told} NOT IN ({_list(column.null_values)}) THEN {told} END"


def typed_value(value: str, column: Column) -> str:
    """Return a text as the column's type, NULL where it does not say one."""
    kind = column.type.partition("(")[0]
    match kind:
        case "string":
            return value
        case "month":
            compact = f"regexp_replace({value}, '^([0-9]{{4}})[-/年]?([0-9]{{2}})月?$', '\\1-\\2')"
            return f"CASE WHEN regexp_full_match({compact}, '[0-9]{{4}}-(0[1-9]|1[0-2])') THEN {compact} END"
        case "boolean":
            return f"CASE WHEN {value} IN ({_list(_TRUE)}) THEN true WHEN {value} IN ({_list(_FALSE)}) THEN false END"
        case "date":
            serial = _DATES if "excel_serial" in column.format else ()
            return f"coalesce({', '.join(_date(value, item) for item in (*(column.format or _DATES), *serial))})"
        case "timestamp":
            return f"coalesce({', '.join(_moment(value, item) for item in column.format or _MOMENTS)})"
        case "decimal":
            return _decimal(value, duckdb_type(column.type))
        case "double":
            number = f"TRY_CAST({value} AS DOUBLE)"
            return f"CASE WHEN regexp_full_match({value}, '{_NUMBER}') AND isfinite({number}) THEN {number} END"
        case _:
            return (
                f"CASE WHEN regexp_full_match({value}, '[+-]?[0-9]+') THEN TRY_CAST({value} AS {duckdb_type(kind)}) END"
            )


def _decimal(value: str, kind: str) -> str:
    """Return an exact number: a text with more decimals than the type holds is none."""
    scale = int(kind.rstrip(")").rpartition(",")[2])
    part = [f"regexp_extract({value}, '{_PARTED}', {group})" for group in range(1, 5)]
    # Where the last digit that is not 0 stands, counted from the point; before it the number is negative.
    last = f"CASE WHEN {part[1]} <> '' THEN length({part[1]}) ELSE -length(regexp_extract({part[0]}, '0*$')) END"
    fits = f"{last} - coalesce(TRY_CAST({part[3]} AS INTEGER), 0) <= {scale}"
    number = f"regexp_full_match({value}, '{_NUMBER}')"
    # Nothing is nothing, whatever its exponent.
    nothing = f"WHEN {number} AND regexp_full_match({part[0]} || {part[1]}, '0*') THEN CAST(0 AS {kind})"
    return f"CASE {nothing} WHEN {number} AND {fits} THEN TRY_CAST({value} AS {kind}) END"


def _date(value: str, pattern: str) -> str:
    if pattern == "excel_serial":
        days = f"CASE WHEN regexp_full_match({value}, '[+-]?[0-9]+') THEN TRY_CAST({value} AS INTEGER) END"
        late = f"WHEN {days} BETWEEN 61 AND 80000 THEN DATE '1899-12-30' + {days}"
        return f"CASE {late} WHEN {days} BETWEEN 1 AND 59 THEN DATE '1899-12-31' + {days} END"
    # A day whose midnight the clock has skipped is a day: no clock is asked.
    return f"CAST({_shown(value, pattern)} AS DATE)"


def _moment(value: str, pattern: str) -> str:
    """Return a text of a pattern as a moment of the city's clock: of a time it showed twice the first, NULL for one it skipped."""
    return f"moment_of({_shown(value, pattern)})"


def _shown(value: str, pattern: str) -> str:
    """Return a text of a pattern as what a clock shows, anywhere; NULL for any other text."""
    regex, places = _regex(pattern)
    part = {name: f"regexp_extract({value}, '{regex}', {place})" for name, place in places.items()}
    told = f"{part['y']} || '-' || lpad({part['M']}, 2, '0') || '-' || lpad({part['d']}, 2, '0') || ' '"
    clock = " || ':' || ".join(f"lpad({part[name]}, 2, '0')" if name in part else "'00'" for name in ("H", "m", "s"))
    fraction = f" || '.' || {part['S']}" if "S" in part else ""
    shown = f"TRY_CAST({told} || {clock}{fraction} AS TIMESTAMP)"
    return f"CASE WHEN regexp_full_match({value}, '{regex}') AND {part['y']} <> '0000' THEN {shown} END"


def _regex(pattern: str) -> tuple[str, dict[str, int]]:
    """Return a pattern of the contract language as a regular expression, and which group is which part."""
    regex, rest = "", pattern
    places: dict[str, int] = {}
    while rest:
        if rest[0] == "'":
            literal, _, rest = rest[1:].partition("'")
            regex += literal
            continue
        run = rest[: len(rest) - len(rest.lstrip(rest[0]))]
        rest = rest[len(run) :]
        if run in _PARTS:
            name, digits = _PARTS[run]
            places[name] = len(places) + 1
            regex += f"({digits})"
        elif run[0] == "S":
            places["S"] = len(places) + 1
            regex += f"([0-9]{{1,{len(run)}}})"
        elif run[0].isalpha() and run[0].isascii():
            raise UnknownPatternError(f"date pattern '{pattern}': '{run}' is not known to citylake verify")
        else:
            regex += "".join(f"[{sign}]" if sign in ".+*?()|/" else sign for sign in run)
    if not {"y", "M", "d"} <= set(places):
        raise UnknownPatternError(f"date pattern '{pattern}' names no whole day")
    return regex, places


def _bad_values(contract: CollectedContract, codes: Codes) -> list[str]:
    bad = []
    for name, column in contract.columns.items():
        if column.type != "string":
            bad.append(f"({quoted(f'_text:{name}')} IS NOT NULL AND {quoted(name)} IS NULL)")
        if column.codes is not None:
            known = _list(codes[column.codes])
            bad.append(f"coalesce(CAST({quoted(name)} AS VARCHAR) NOT IN ({known}), false)")
    return bad


def _bad_rules(contract: CollectedContract, codes: Codes, business_date: date) -> list[str]:
    bad = [f"({quoted(name)} IS NULL)" for name in contract.key]
    bad += [f"coalesce({broken(rule, codes, business_date)}, false)" for rule in contract.rules.quarantine]
    if contract.change is not None and contract.change.operation is not None:
        known = (*contract.change.insert, *contract.change.update, *contract.change.delete)
        bad.append(f"coalesce(_operation NOT IN ({_list(known)}), true)")
    return bad


def _is_delete(contract: CollectedContract) -> str:
    if contract.change is None or contract.change.operation is None:
        return "false"
    return f"coalesce(_operation IN ({_list(contract.change.delete)}), false)"


def _is_ahead(contract: CollectedContract, business_date: date) -> str:
    """Return whether what orders a line is ruled to be no day to come, and is one: then even a delete is held back."""
    order = contract.change.order if contract.change is not None else ()
    rules = [rule for rule in contract.rules.quarantine if rule.name == "not_in_future" and rule.column in order]
    return " OR ".join([*[f"coalesce({broken(rule, {}, business_date)}, false)" for rule in rules], "false"])


def broken(rule: Rule, codes: Codes, business_date: date) -> str:
    """Return a rule about a row as a condition that is true where the row breaks it; NULL: it says nothing.

    Raises:
        UnjudgedError: the rule is not about rows.
    """
    return rule.judged_by(PREDICATES)(quoted(rule.column or ""), rule, codes, business_date)


_LATEST = "DATE '2099-12-31'"


def _agrees(name: str, rule: Rule, codes: Codes, day: date) -> str:
    number = quoted(rule.id_no)
    return f"is_usable_id({number}, {_LATEST}) AND id_birth({number}) <> {name}"


def _in_range(name: str, rule: Rule, codes: Codes, day: date) -> str:
    signs = {"min": "<", "max": ">"}
    return " OR ".join(f"{name} {sign} {rule.arguments[end]}" for end, sign in signs.items() if end in rule.arguments)


PREDICATES: Mapping[str, Callable[[str, Rule, Codes, date], str]] = {
    "not_null": lambda name, rule, codes, day: f"{name} IS NULL",
    "valid_id_no": lambda name, rule, codes, day: f"{name} IS NOT NULL AND NOT is_usable_id({name}, {_LATEST})",
    "valid_uscc": lambda name, rule, codes, day: f"NOT is_credit_code({name})",
    "not_in_future": lambda name, rule, codes, day: f"CAST({name} AS DATE) > DATE '{day}'",
    "in_range": _in_range,
    "matches": lambda name, rule, codes, day: f"NOT regexp_full_match({name}, {text(str(rule.arguments['pattern']))})",
    "max_length": lambda name, rule, codes, day: f"length({name}) > {int(rule.arguments['length'])}",
    "not_before": lambda name, rule, codes, day: f"{name} < {quoted(rule.arguments['other'])}",
    "in_codes": lambda name, rule, codes, day: f"{name} NOT IN ({_list(codes[rule.arguments['codes']])})",
    "agrees_with_id_no": _agrees,
}


def _list(values: Iterable[str]) -> str:
    return ", ".join(text(str(value)) for value in values)
