"""conform: a delivered line's texts become typed columns; what will not become one is said, never nulled."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from citylake.contract.model import CollectedContract
from citylake.contract.model import Column as ColumnContract
from citylake.contract.rules import TYPE_LABELS
from citylake.engine.clean.changes import changed_values
from citylake.standards.signs import folded, whole

_DATE_FORMATS = ("yyyy-MM-dd", "yyyyMMdd", "yyyy/M/d")
_TIMESTAMP_FORMATS = ("yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss", "yyyyMMddHHmmss", "yyyy-MM-dd HH:mm:ss.SSSSSS")
_TRUE, _FALSE = ("1", "true", "TRUE", "是", "Y"), ("0", "false", "FALSE", "否", "N")
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
"""How a number is written: neither by a name (NaN, Infinity) nor with a letter for its type (1d)."""
REASON = "struct<rule:string,column:string,reason:string>"


def conform(lines: DataFrame, contract: CollectedContract, codes: Mapping[str, Mapping[str, str]]) -> DataFrame:
    """Return the lines with typed columns, the delivered texts in ``_text``, which of them changed, and what failed in ``_reasons``.

    Args:
        lines: contract column names as text, ``_line``, ``_unreadable`` and, for changes, ``_operation``.
        contract: types, formats and code lists.
        codes: code lists by name.
    """
    names = list(contract.columns)
    kept = ("_line", "_unreadable", *(("_operation",) if contract.mode == "change" else ()))
    # Three projections on top of each other, so that each expression stands once in the plan that Spark compiles.
    folded_lines = lines.select(
        *kept,
        F.struct(*[F.col(f"`{name}`") for name in names]).alias("_text"),
        changed_values(contract).alias("_changed"),
        *[_said(F.col(f"`{name}`"), column).alias(_as_text(name)) for name, column in contract.columns.items()],
    )
    typed_lines = folded_lines.select(
        *kept,
        "_text",
        "_changed",
        *[_as_text(name) for name in names],
        *[_typed(F.col(_as_text(name)), column).alias(name) for name, column in contract.columns.items()],
    )
    failed = [
        failure
        for name, column in contract.columns.items()
        if (failure := _failure(name, column, F.col(_as_text(name)), F.col(f"`{name}`"), codes)) is not None
    ]
    reasons = F.array_compact(F.array(*failed)) if failed else F.array()
    return typed_lines.select(*kept, "_text", "_changed", *names, reasons.cast(f"array<{REASON}>").alias("_reasons"))


def _as_text(name: str) -> str:
    return f"_text_of_{name}"


def reason(rule: str, column: str, text: str) -> Column:
    """Return one reason as the quarantine tables hold it."""
    return F.struct(F.lit(rule).alias("rule"), F.lit(column).alias("column"), F.lit(text).alias("reason")).cast(REASON)


def _said(value: Column, column: ColumnContract) -> Column:
    text = folded(value)
    return F.when(~text.isin(*column.null_values), text) if column.null_values else text


def _typed(text: Column, column: ColumnContract) -> Column:
    """Return the text as the column's type, NULL where it will not take it."""
    kind = column.type.partition("(")[0]
    match kind:
        case "string":
            return text
        case "month":
            compact = F.regexp_replace(text, r"\A([0-9]{4})[-/年]?([0-9]{2})月?\z", "$1-$2")
            return F.when(whole(compact, r"\d{4}-(?:0[1-9]|1[0-2])"), compact)
        case "boolean":
            return F.when(text.isin(*_TRUE), True).when(text.isin(*_FALSE), False)
        case "date":
            return _of_our_era(F.coalesce(*[_date(text, item) for item in _date_formats(column)]))
        case "timestamp":
            formats = column.format or _TIMESTAMP_FORMATS
            return _of_our_era(F.coalesce(*[_moment(text, item) for item in formats]))
        case "decimal":
            held = whole(text, _NUMBER) & _is_held(text, column)
            return F.when(held, _without_exponent(text).try_cast(column.spark_type))
        case "double":
            value = F.when(whole(text, _NUMBER), text.try_cast("double"))
            return F.when(F.abs(value) < float("inf"), value)
        case _:
            return text.try_cast(column.spark_type)


def _of_our_era(value: Column) -> Column:
    """Return the day or time, NULL outside the years 1 to 9999: Spark reads others, which no other reader of the files takes."""
    return F.when(F.year(value).between(1, 9999), value)


def _is_held(number: Column, column: ColumnContract) -> Column:
    """Return whether a decimal type holds every digit of a number behind the point: a cast would round in silence."""
    scale = int(column.type.rstrip(")").rpartition(",")[2])
    # Nearly every number is plain; of one with an exponent the digits are counted.
    plain = whole(number, rf"[+-]?(?:\d*\.?\d{{0,{scale}}}0*|[0.]+(?:[eE].*)?)")
    digits = F.regexp_replace(number, r"[+-]|[eE][^\n]*", "")
    bare = F.replace(digits, F.lit("."))
    ending_zeros = F.length(bare) - F.length(F.rtrim(bare, F.lit("0")))
    return plain | (F.length(F.regexp_extract(digits, r"\.([^\n]*)", 1)) - ending_zeros - _exponent(number) <= scale)


def _without_exponent(number: Column) -> Column:
    """Return a number in digits and a point: not every engine casts an exponent to a decimal, and Spark fails at a huge one."""
    sign, before, after = (F.regexp_extract(number, _PARTS, group) for group in range(1, 4))
    digits, place = F.concat(before, after), F.length(before) + _exponent(number)
    # Counts below zero mean something else in every engine.
    kept, zeros = F.greatest(place, F.lit(0)), F.greatest(-place, F.lit(0))
    whole_part = F.rpad(F.substring(digits, F.lit(1), kept), kept, F.lit("0"))
    fraction = F.concat(F.repeat(F.lit("0"), zeros), F.substring(digits, kept + 1, F.length(digits)))
    spelt = F.when(digits.rlike(r"\A0*\z"), "0").otherwise(F.concat(sign, whole_part, F.lit("."), fraction))
    return F.when(number.rlike("[eE]"), spelt).otherwise(number)


_PARTS = r"\A([+-]?)([0-9]*)\.?([0-9]*)"
"""Sign, digits before and behind the point."""


def _exponent(number: Column) -> Column:
    """Return the exponent of a number, 0 where it has none; beyond hundreds it no longer matters how large it is."""
    written = F.regexp_extract(number, r"[eE]([^\n]*)", 1)
    huge = F.when(written.startswith("-"), -999).otherwise(F.when(written != "", 999).otherwise(0))
    return F.coalesce(F.least(F.greatest(written.try_cast("int"), F.lit(-999)), F.lit(999)), huge)


def _date_formats(column: ColumnContract) -> tuple[str, ...]:
    """Return the patterns of a date; a column of Excel's days may have cells shown as dates and texts among its numbers."""
    formats = column.format or _DATE_FORMATS
    return (*formats, *_DATE_FORMATS) if "excel_serial" in formats else formats


def _date(text: Column, pattern: str) -> Column:
    if pattern == "excel_serial":
        days = text.try_cast("int")
        # Day 60 is 1900-02-29, which was none: before it Excel counts one day more.
        first = F.when(days > 60, F.lit("1899-12-30")).when(days < 60, F.lit("1899-12-31"))
        return F.when(days.between(1, 80_000), F.date_add(F.to_date(first), days))
    if pattern == "yyyy-MM-dd":
        return _cast_where(text, r"\d{4}-\d{2}-\d{2}", text, "date")
    if pattern == "yyyyMMdd":
        return _cast_where(text, r"\d{8}", _hyphened(text), "date")
    if pattern == "yyyy/M/d":
        return _cast_where(text, r"\d{4}/\d{1,2}/\d{1,2}", F.translate(text, "/", "-"), "date")
    return F.to_date(F.try_to_timestamp(text, F.lit(pattern)))


def _moment(text: Column, pattern: str) -> Column:
    """Return a text as a moment of the city's clock, NULL for a time that the clock has skipped; of one it showed twice the first."""
    if pattern == "yyyy-MM-dd HH:mm:ss":
        moment = _cast_where(text, r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", text, "timestamp")
        # Of a time that the clock has skipped another one is read, which is spelt otherwise.
        return F.when(moment.cast("string") == text, moment)
    moment = F.try_to_timestamp(text, F.lit(pattern))
    # Spark puts a skipped time behind the gap. Where no clock was set, which is nearly always, this is not asked.
    as_if_utc = F.try_to_timestamp(F.concat(text, F.lit("Z")), F.lit(f"{pattern}X"))
    day_before = moment - F.expr("INTERVAL 24 HOURS")
    clock_was_set = _by_clock(moment) - _by_clock(day_before) != moment - day_before
    return F.when(~clock_was_set | (_by_clock(moment) == as_if_utc), moment)


def _by_clock(moment: Column) -> Column:
    """Return the moment at which a clock of UTC shows what the city's clock shows at this one."""
    return F.from_utc_timestamp(moment, F.current_timezone())


def _hyphened(text: Column) -> Column:
    return F.concat_ws("-", F.substring(text, 1, 4), F.substring(text, 5, 2), F.substring(text, 7, 2))


def _cast_where(text: Column, shape: str, spelt: Column, kind: str) -> Column:
    """Return a text of that shape as a date or timestamp: a cast is ten times as fast as parsing by a pattern."""
    return F.when(whole(text, shape), spelt.try_cast(kind))


def _failure(
    name: str, column: ColumnContract, text: Column, typed: Column, codes: Mapping[str, Mapping[str, str]]
) -> Column | None:
    """Return the reason why a value was not taken over, NULL where it was; None where nothing can go wrong."""
    failure = None
    if column.type != "string":
        wrong_type = reason(f"type:{name}", name, f"{column.label}的值不是{TYPE_LABELS[column.type.partition('(')[0]]}")
        failure = F.when(text.isNotNull() & typed.isNull(), wrong_type)
    if column.codes is None:
        return failure
    unknown = reason(f"code:{name}", name, f"{column.label}的值不在代码表 {column.codes} 内")
    outside = typed.isNotNull() & ~typed.isin(*codes[column.codes])
    return F.when(outside, unknown) if failure is None else failure.when(outside, unknown)


"""What a column of each type holds, in a clerk's words; decimals without their digits."""
