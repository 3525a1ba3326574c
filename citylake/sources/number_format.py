"""What a workbook's number format makes of a number: a day, a time, a duration, or digits with zeros before them."""

import re
from typing import NamedTuple

_BUILT_IN_DAYS = frozenset({*range(14, 18), 22, *range(27, 32), 36, *range(50, 59)})
_BUILT_IN_TIMES = frozenset({*range(18, 23), *range(32, 36), 45, 47})
_BUILT_IN_DURATION = 46
_SECTION = re.compile(r'(?:"[^"]*"|\\.|[^;"\\])*')
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
# Literals, spaces as wide as a sign, fill signs, colours, languages and conditions say nothing of the kind of value.
_DRESS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_PADDED = re.compile(r'(?:\[[^\]<>=]*\])*((?:"[^"]*"|\\.)*)(0{2,})((?:"[^"]*"|\\.|_.)*)')
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|_.')


class NumberFormat(NamedTuple):
    """How numbers of a style are shown."""

    has_day: bool = False
    has_time: bool = False
    is_duration: bool = False
    padded: tuple[str, int, str] | None = None
    """Text before, digits at least, text after."""


PLAIN = NumberFormat()


def number_format(number: int, code: str | None) -> NumberFormat:
    """Return what the format of a number says; ``code`` when the workbook itself defines it."""
    if code is None:
        if number == _BUILT_IN_DURATION:
            return NumberFormat(is_duration=True)
        return NumberFormat(has_day=number in _BUILT_IN_DAYS, has_time=number in _BUILT_IN_TIMES)
    match = _SECTION.match(code)
    first = match[0] if match else ""
    if _ELAPSED.search(first):
        return NumberFormat(is_duration=True)
    if padded := _PADDED.fullmatch(first):
        return NumberFormat(padded=(_literal(padded[1]), len(padded[2]), _literal(padded[3])))
    bare = _DRESS.sub("", first).casefold()
    if "general" in bare or "e+" in bare or "e-" in bare:
        return PLAIN
    has_time = any(sign in bare for sign in "hs")
    has_day = any(sign in bare for sign in "yde") or ("m" in bare and not has_time)
    return NumberFormat(has_day=has_day, has_time=has_time)


def _literal(text: str) -> str:
    return "".join((match[1] or "") + (match[2] or "") for match in _LITERAL.finditer(text))
