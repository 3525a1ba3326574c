"""What a workbook's cell says, as the text that raw keeps; what cannot be known is a flaw, never a guess."""

import math
import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from citylake.sources.number_format import PLAIN, NumberFormat
from citylake.sources.sheet_rows import Stored
from citylake.sources.values import EXACT_DIGITS, EXCEL_ERRORS, number_text
from citylake.sources.workbook import Workbook, WorkbookError, plain_text

_MILLISECONDS = 86_400_000
_PHANTOM = 60
"""The number of 1900-02-29, a day that only Excel knows; it counts from one day later before it."""
_EARLY, _LATE, _1904 = date(1899, 12, 31), date(1899, 12, 30), date(1904, 1, 1)
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}:\d{2}(?:\.\d+)?)Z?)?")
_DIGITS = re.compile(r" *\+?0*([0-9]{1,5}) *")
_WIDE = frozenset(map(chr, range(0xFF01, 0xFF5F)))
_UNSEEN = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Signs without ink that Unicode counts among those that can be printed, beside marks."""
SERIALS = range(1, 80_001)


class Cell(NamedTuple):
    """What a cell says.

    Attributes:
        text: None when nothing, or when there is a flaw.
        flaw: why its value cannot be known, in a clerk's words.
        rule: how its text was made from another value, for the receipt.
    """

    text: str | None = None
    flaw: str | None = None
    rule: str | None = None


class CellReader:
    """Gives cells of one workbook their texts."""

    def __init__(self, book: Workbook) -> None:
        self._book = book

    def read(self, stored: Stored, *, is_day: bool = False) -> Cell:
        """Return what a cell says.

        Args:
            stored: the cell.
            is_day: plain numbers of its column are days counted by Excel.
        """
        kind, value = stored.kind, stored.value
        if kind == "e":
            return Cell(flaw=f"是错误值 {value}" if value in EXCEL_ERRORS else "是错误值")
        if stored.has_formula and (value is None or (value == "" and kind != "str")):
            return Cell(flaw="的公式没有存下计算结果")
        if stored.has_formula and self._book.is_uncalculated:
            return Cell(flaw="的公式没有经 Excel 计算，存下的结果不可信")
        if not value:
            return Cell()
        if kind == "n":
            return self._number(value, self._format(stored.style), is_day=is_day)
        return self._other(kind, value, is_day=is_day)

    def _other(self, kind: str, value: str, *, is_day: bool) -> Cell:
        if kind == "s":
            if not (value.isascii() and value.strip().isdigit()) or int(value) >= len(self._book.texts):
                raise WorkbookError("a text that is not there")
            return self._text(self._book.texts[int(value)], is_day=is_day)
        if kind in {"str", "inlineStr"}:
            return self._text(plain_text(value), is_day=is_day)
        if kind == "b" and value in {"0", "1", "true", "false"}:
            return Cell("true" if value in {"1", "true"} else "false")
        match = _ISO.fullmatch(value) if kind == "d" else None
        if match is None:
            return Cell(flaw="的内容无法识别")
        return Cell(match[1] if not match[2] or not match[2].strip("0:.") else f"{match[1]} {match[2]}")

    def _text(self, text: str, *, is_day: bool) -> Cell:
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            return Cell(flaw="含有不成对的 Unicode 代理字符")
        if is_day and self._book.is_1904 and _is_serial(text):
            return Cell(flaw="是文本形式的日期序号，而工作簿从 1904 年起计，无法判断是哪一天")
        return Cell(text or None)

    def _format(self, style: int) -> NumberFormat:
        return self._book.formats[style] if style < len(self._book.formats) else PLAIN

    def _number(self, stored: str, shown: NumberFormat, *, is_day: bool) -> Cell:
        try:
            value = float(stored)
        except ValueError:
            value = math.nan
        if math.isnan(value):
            return Cell(flaw="的内容无法识别")
        if shown.has_day or shown.has_time:
            return _cell(moment(value, shown, is_1904=self._book.is_1904), "的数字不是 Excel 的有效日期")
        if abs(value) >= 10**EXACT_DIGITS:
            return Cell(flaw=f"是超过 {EXACT_DIGITS} 位的数字单元格，末几位已失真；证件号等长号码须存为文本")
        if shown.is_duration:
            return _cell(_duration(value), "的数字不是有效时长")
        if is_day and value.is_integer() and int(value) in SERIALS:
            day = moment(value, NumberFormat(has_day=True), is_1904=self._book.is_1904)
            return _cell(day, "的数字不是 Excel 的有效日期", "serial_to_date")
        text = number_text(value)
        if shown.zeros > len(text.lstrip("-").partition(".")[0]):
            return Cell(flaw="的数字显示有前导零，而显示格式无法照原样读出；请存为文本")
        if shown.padded is not None and value >= 0 and value.is_integer():
            padded = shown.as_displayed(text)
            return Cell(padded, rule="as_displayed" if padded != text else None)
        return Cell(text, rule=None if Decimal(text) == Decimal(repr(value)) else "fifteen_digits")


def _is_serial(text: str) -> bool:
    """Return whether a text will be read as a day's number once signs that nobody sees and full width are gone."""
    seen = (sign for sign in text if sign.isprintable() and sign not in _UNSEEN and unicodedata.category(sign) != "Mn")
    match = _DIGITS.fullmatch("".join(unicodedata.normalize("NFKC", sign) if sign in _WIDE else sign for sign in seen))
    return match is not None and int(match[1]) in SERIALS


def _cell(text: str | None, flaw: str, rule: str | None = None) -> Cell:
    return Cell(flaw=flaw) if text is None else Cell(text, rule=rule)


def moment(value: float, shown: NumberFormat, *, is_1904: bool) -> str | None:
    """Return the day or time that a number stands for, None when it is none.

    Args:
        value: days, and parts of one, since the beginning of the date system.
        shown: whether a day, a time or both are shown.
        is_1904: the date system.
    """
    if not 0 <= value < 2_958_466:
        return None
    days, rest = divmod(round(value * _MILLISECONDS), _MILLISECONDS)
    if days == 0 and shown.has_time and not shown.has_day:
        return _clock(rest)
    # A zero shown as a day is what a formula makes of an empty cell.
    if days == 0 or (days == _PHANTOM and not is_1904):
        return None
    first = _1904 if is_1904 else _EARLY if days < _PHANTOM else _LATE
    try:
        day = (first + timedelta(days)).isoformat()
    except OverflowError:
        return None
    return f"{day} {_clock(rest)}" if rest else day


def _duration(value: float) -> str | None:
    if value < 0:
        return None
    days, rest = divmod(round(value * _MILLISECONDS), _MILLISECONDS)
    clock = _clock(rest)
    return f"{days * 24 + int(clock[:2]):02d}{clock[2:]}"


def _clock(milliseconds: int) -> str:
    seconds, part = divmod(milliseconds, 1000)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{clock}.{part:03d}000" if part else clock
