"""Numbers, days and moments as text, whole columns at a time."""

import re
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from city.world.hashing import Bools, Ints

Text: TypeAlias = pa.StringArray
Digits = NDArray[np.uint8]
NONE = np.int64(-(2**62))
"""A missing day, moment or number inside an integer column."""
EXCEL_EPOCH = -25569
"""Day 0 of Excel's calendar in days since 1970-01-01."""
_MARKS = {"yyyyMMdd": "", "yyyy-MM-dd": "-", "yyyy/MM/dd": "/"}
_PARTS = re.compile("(yyyy|MM|M|dd|d|HH|H|mm|ss)")


def digits(values: Ints, width: int) -> Digits:
    """Return the decimal digits of non-negative ``values`` as ASCII bytes, shape (n, width), zero padded."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return ((values[:, None] // powers) % 10 + 48).astype(np.uint8)


def text_of(matrix: Digits, missing: Bools | None = None) -> Text:
    """Return rows of ASCII bytes as strings, null where ``missing``."""
    count, width = matrix.shape
    data = pa.py_buffer(np.ascontiguousarray(matrix).tobytes())
    offsets = pa.py_buffer((np.arange(count + 1, dtype=np.int32) * width).tobytes())
    column = pa.Array.from_buffers(pa.string(), count, [None, offsets, data])
    if missing is not None and missing.any():
        column = pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), column)
    return column


def number(values: Ints, width: int) -> Text:
    """Return zero-padded numbers as strings."""
    return text_of(digits(values, width))


def plain(values: Ints, missing: Bools | None = None) -> Text:
    """Return whole numbers as text; null where ``missing``, else where they are ``NONE``."""
    return pa.array(values, mask=values == NONE if missing is None else missing).cast(pa.string())


def constant(value: str, count: int) -> Text:
    """Return one string ``count`` times."""
    return pa.repeat(pa.scalar(value, pa.string()), count)


def nulls(count: int) -> Text:
    """Return ``count`` missing strings."""
    return pa.nulls(count, pa.string())


def take(pool: list[str] | tuple[str, ...] | Text, index: Ints, missing: Bools | None = None) -> Text:
    """Return ``pool[index]``; an index below 0, or ``missing``, gives null."""
    source = pool if isinstance(pool, pa.Array) else pa.array(list(pool), pa.string())
    absent = index < 0 if missing is None else (index < 0) | missing
    return source.take(pa.array(np.where(absent, 0, index), mask=absent))


def join(*parts: Text | str) -> Text:
    """Return the parts written one after another; null where a part is null."""
    return pc.binary_join_element_wise(*parts, "")


def blank_where(column: Text, missing: Bools) -> Text:
    """Return the column with null where ``missing``."""
    return pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), column)


def choose(condition: Bools, yes: Text | str, no: Text | str) -> Text:
    """Return ``yes`` where the condition holds, else ``no``."""
    return pc.if_else(pa.array(condition), yes, no)


def ymd(days: Ints) -> tuple[Ints, Ints, Ints]:
    """Return year, month and day of month of days since 1970-01-01."""
    stamp = days.astype("datetime64[D]")
    month = stamp.astype("datetime64[M]")
    months = month.astype(np.int64)
    return months // 12 + 1970, months % 12 + 1, (stamp - month).astype(np.int64) + 1


def day_number(days: Ints) -> Ints:
    """Return days as yyyymmdd integers."""
    year, month, day = ymd(days)
    return year * 10000 + month * 100 + day


def month_index(days: Ints) -> Ints:
    """Return months since year 0: year · 12 + month − 1."""
    year, month, _ = ymd(days)
    return year * 12 + month - 1


def month_first(index: Ints) -> Ints:
    """Return the first day of a month index, in days since 1970-01-01."""
    return np.asarray((index - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64))


def month_text(index: Ints, separator: str = "-") -> Text:
    """Return month indices as ``yyyy-MM``."""
    return join(number(index // 12, 4), separator, number(index % 12 + 1, 2))


def date_text(days: Ints, style: str) -> Text:
    """Return days as text; null where the day is missing.

    Args:
        days: days since 1970-01-01 or ``NONE``.
        style: a pattern such as ``yyyyMMdd``, or ``excel_serial`` for Excel's day numbers.
    """
    missing = days == NONE
    known = np.where(missing, 0, days)
    if style == "excel_serial":
        return plain(known - EXCEL_EPOCH, missing)
    if style not in _MARKS:
        return blank_where(_patterned(known * 86400, style), missing)
    numbers = digits(day_number(known), 8)
    mark = _MARKS[style]
    if not mark:
        return text_of(numbers, missing)
    out = np.full((len(days), 10), ord(mark), dtype=np.uint8)
    out[:, [0, 1, 2, 3, 5, 6, 8, 9]] = numbers
    return text_of(out, missing)


def moment_text(seconds: Ints, style: str = "yyyy-MM-dd HH:mm:ss") -> Text:
    """Return local seconds since 1970-01-01 00:00 as text; null where missing."""
    missing = seconds == NONE
    known = np.where(missing, 0, seconds)
    if style != "yyyy-MM-dd HH:mm:ss":
        return blank_where(_patterned(known, style), missing)
    out = np.full((len(seconds), 19), ord(":"), dtype=np.uint8)
    out[:, [0, 1, 2, 3, 5, 6, 8, 9]] = digits(day_number(known // 86400), 8)
    out[:, [4, 7]] = ord("-")
    out[:, 10] = ord(" ")
    clock = known % 86400
    out[:, [11, 12]] = digits(clock // 3600, 2)
    out[:, [14, 15]] = digits(clock // 60 % 60, 2)
    out[:, [17, 18]] = digits(clock % 60, 2)
    return text_of(out, missing)


def _patterned(seconds: Ints, style: str) -> Text:
    """Return moments after any pattern of year, month, day, hour, minute and second; other letters stand in quotes."""
    year, month, day = ymd(seconds // 86400)
    clock = seconds % 86400
    values = {"y": year, "M": month, "d": day, "H": clock // 3600, "m": clock // 60 % 60, "s": clock % 60}
    parts: list[Text | str] = []
    for part in _PARTS.split(style):
        if not _PARTS.fullmatch(part):
            parts.append(part.replace("'", ""))
        else:
            parts.append(number(values[part[0]], len(part)) if len(part) > 1 else plain(values[part[0]]))
    return join(*parts, "")


def amount_text(cents: Ints) -> Text:
    """Return cents as yuan with two decimals; null where missing."""
    missing = cents == NONE
    known = np.where(missing, 0, cents)
    whole = pc.cast(pa.array(known // 100), pa.string())
    return blank_where(join(whole, ".", number(known % 100, 2)), missing)
