"""Numbers, days and moments as text, whole columns at a time."""

from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from city.hashing import Bools, Ints

Text: TypeAlias = pa.StringArray
Digits = NDArray[np.uint8]
NONE = np.int64(-(2**62))
"""A missing day, moment or number inside an integer column."""


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
        style: ``yyyyMMdd``, ``yyyy-MM-dd`` or ``yyyy/MM/dd``.
    """
    missing = days == NONE
    plain = digits(day_number(np.where(missing, 0, days)), 8)
    mark = {"yyyyMMdd": "", "yyyy-MM-dd": "-", "yyyy/MM/dd": "/"}[style]
    if not mark:
        return text_of(plain, missing)
    out = np.full((len(days), 10), ord(mark), dtype=np.uint8)
    out[:, [0, 1, 2, 3, 5, 6, 8, 9]] = plain
    return text_of(out, missing)


def moment_text(seconds: Ints, middle: str = " ") -> Text:
    """Return local seconds since 1970-01-01 00:00 as ``yyyy-MM-dd HH:mm:ss``; null where missing."""
    missing = seconds == NONE
    known = np.where(missing, 0, seconds)
    out = np.full((len(seconds), 19), ord(":"), dtype=np.uint8)
    out[:, [0, 1, 2, 3, 5, 6, 8, 9]] = digits(day_number(known // 86400), 8)
    out[:, [4, 7]] = ord("-")
    out[:, 10] = ord(middle)
    clock = known % 86400
    out[:, [11, 12]] = digits(clock // 3600, 2)
    out[:, [14, 15]] = digits(clock // 60 % 60, 2)
    out[:, [17, 18]] = digits(clock % 60, 2)
    return text_of(out, missing)


def amount_text(cents: Ints) -> Text:
    """Return cents as yuan with two decimals; null where missing."""
    missing = cents == NONE
    known = np.where(missing, 0, cents)
    whole = pc.cast(pa.array(known // 100), pa.string())
    return blank_where(join(whole, ".", number(known % 100, 2)), missing)
