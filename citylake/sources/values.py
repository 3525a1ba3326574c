"""Values of typed sources as the text that raw keeps."""

import json
import math
import re
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal

EXACT_DIGITS = 15
"""Digits of a whole number that a floating-point cell holds without loss."""
_NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
EXCEL_ERRORS = (
    *("#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"),
    *("#SPILL!", "#CALC!", "#FIELD!", "#GETTING_DATA"),
)
"""What Excel shows where it could not calculate a value."""
_AROUND = re.compile(r"\A[\s\ufeff]+|[\s\ufeff]+\Z")
_DAY = re.compile(r"\s*(\d{4})\s*([-/.年]?)\s*(\d{1,2})\s*(?:\2|月)\s*(\d{1,2})(?:日)?(?:[T\s].*)?")
_COMPACT = re.compile(r"\s*(\d{4})(\d{2})(\d{2})(?:\d{6})?\s*")


def number_text(value: float) -> str:
    """Return a floating-point number in plain decimals: 12.0 -> 12, 0.1 + 0.2 -> 0.3, never with an exponent."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if value.is_integer() and abs(value) < 10**EXACT_DIGITS:
        return str(int(value))
    return format(Decimal(format(value, f".{EXACT_DIGITS}g")), "f")


def bare_name(field: str | None) -> str:
    """Return a header's cell as the name of a column: without white space and byte order marks around it."""
    return _AROUND.sub("", field or "")


class UnreadableValueError(ValueError):
    """A value whose text cannot be known; the message says why, without the value."""


DOUBLE, SINGLE = 2**53, 2**24
"""From here on a floating-point number of eight or four bytes no longer tells neighbouring whole numbers apart."""


def exact_text(value: float, limit: float = DOUBLE) -> str:
    """Return the shortest plain decimals that are this very floating-point number: 0.1 -> 0.1, 12.0 -> 12.

    Args:
        value: the number; what is not finite is told by its name.
        limit: from here on it is not known which number was meant.

    Raises:
        UnreadableValueError: it is not below the limit.
    """
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= limit:
        raise UnreadableValueError("是浮点数，大到末几位已失真；证件号等长号码须存为文本或整数")
    return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")


def cell_text(value: object) -> str | None:  # noqa: C901 - one branch per type, nothing nested
    """Return a database or Excel value as text: dates ISO, decimals plain, None as None.

    A day without a time is ``yyyy-MM-dd``, with one ``yyyy-MM-dd HH:mm:ss``; bytes are the text that they are in UTF-8, lists JSON.

    Raises:
        UnreadableValueError: bytes are no text.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return _text_of(bytes(value))
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return str(value)


def _text_of(data: bytes) -> str:
    if _NO_TEXT.search(data) is None:
        with suppress(UnicodeDecodeError):
            return data.decode()
    raise UnreadableValueError("是二进制内容，不是文本；请改存为文本")


def day(text: str) -> date | None:
    """Read a day in one of the usual ways of writing (20261122, 2026-11-22, 2026/11/22, 2026年11月22日), or None."""
    match = _COMPACT.fullmatch(text)
    parts = match.groups() if match else ()
    if not parts:
        match = _DAY.fullmatch(text)
        if match is None:
            return None
        parts = (match[1], match[3], match[4])
    try:
        return date(int(parts[0]), int(parts[1]), int(parts[2]))
    except ValueError:
        return None
