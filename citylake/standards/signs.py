"""The signs of a text as native Spark columns: white space, signs that nobody sees, full width. One idea of them for all.

What a line says, record and subject ids, keys, identity numbers and compared names go through here. What is kept and published
is :func:`folded`, which leaves every sign that is seen as it was written; what is compared knows besides which signs are one
(``spellings``).
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from citylake.contract.patterns import whole_value
from citylake.standards.spellings import narrow_signs, spellings

_BREAKS = "\t\n\x0b\x0c\r\u0085\u2028\u2029"
"""White space that begins a new line or column: kept within a text, cut off at its ends."""
_WIDE_SPACES = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\u2800\ue5e5"
)
"""Spaces of any width, and two signs that look like one: braille without a dot, and what A3A0 of GB18030 becomes."""
_FULL = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + _WIDE_SPACES
_HALF = "".join(chr(code) for code in range(0x21, 0x7F)) + " " * len(_WIDE_SPACES)
_UNSEEN = (
    r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\x{1bca0}-\x{1bca3}\x{1d173}-\x{1d17a}\x{e0000}-\x{e0fff}"
)
"""Control signs, and what Unicode calls default ignorable: zero width, joiners, marks of direction, selectors of a variant."""
_WIDE = rf"\uff01-\uff5e{_WIDE_SPACES}"
_SPACE = rf" {_BREAKS}{_WIDE_SPACES}"
CHANGES = {
    "trimmed": rf"\A[{_UNSEEN}]*[{_SPACE}]|[{_SPACE}][{_UNSEEN}]*\z",
    "narrowed": rf"[{_WIDE}]",
    "unseen": rf"[{_UNSEEN}]",
}
"""What reading a text may change of it, and what a text has of which that is so."""
_WORD = "[!-~\u4e00-\u9fff]++"
_PLAIN = rf"\A(?:{_WORD}(?: {_WORD})*+)?+\z"
"""Words of ASCII and common characters: nearly every value, told by one look at each sign."""
_ALIKE = _PLAIN.replace("[!-~", "[!-~·")
"""The same with the dot within foreign names: texts whose signs have one spelling only."""
_CHANGED = rf"[{_WIDE}{_UNSEEN}]|\A[ {_BREAKS}]|[ {_BREAKS}]\z"


def changed(text: Column) -> Column:
    """Return whether reading a text as :func:`folded` changes it."""
    return ~text.rlike(_PLAIN) & text.rlike(_CHANGED)


def folded(text: Column) -> Column:
    """Return a text without signs that nobody sees, full-width ones made half-width, trimmed; NULL when nothing is left."""
    # Most values are plain; looking up each of their signs would be the dearest part of taking a line.
    return _something(F.when(changed(text), _read(text, _FULL, _HALF)).otherwise(text))


def fold(text: Column) -> Column:
    """Return :func:`folded` in capitals on one line, other dresses of ASCII signs taken off: as numbers and codes are compared."""
    signs, plain = narrow_signs()
    read = _read(text, _FULL + _BREAKS + signs, _HALF + " " * len(_BREAKS) + plain)
    return _something(F.upper(F.when(text.rlike(_PLAIN), text).otherwise(read)))


def compared(text: Column) -> Column:
    """Return :func:`folded` on one line with one code point for all that are the same sign: as names and subjects are compared.

    Compatible signs of Unicode, radicals, code points of GBK's private use, dots within names (``spellings``).
    """
    return _something(F.when(text.rlike(_ALIKE), text).otherwise(_unified(text)))


def whole(text: Column, pattern: str) -> Column:
    """Return whether a pattern matches the whole text."""
    return text.rlike(whole_value(pattern))


def _read(text: Column, full: str, half: str) -> Column:
    return _trimmed(F.translate(F.regexp_replace(text, f"[{_UNSEEN}]", ""), full, half))


def _unified(text: Column) -> Column:
    known = spellings()
    bare = F.regexp_replace(text, f"[{_UNSEEN}]", "")
    # Of a sign that is in the table twice the first word counts.
    single = F.translate(bare, _FULL + _BREAKS + known.signs, _HALF + " " * len(_BREAKS) + known.stand_for)
    expanded = F.array_join(F.transform(F.split(single, ""), _expanded), "")
    return _trimmed(F.when(F.translate(single, known.long, "") == single, single).otherwise(expanded))


def _expanded(sign: Column) -> Column:
    known = spellings()
    # Of a sign with no such part nothing is left.
    parts = F.concat(*[F.translate(sign, known.long, part) for part in known.parts])
    return F.when(F.translate(sign, known.long, "") == sign, sign).otherwise(parts)


def _trimmed(text: Column) -> Column:
    return F.btrim(text, F.lit(" " + _BREAKS))


def _something(text: Column) -> Column:
    return F.when(text != "", text)
