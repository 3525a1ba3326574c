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
_TOKEN = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[[^\]]*\]|(.)', re.DOTALL)
_PLACES = frozenset("0#?")
_SIGNS = frozenset(" -+():$^'~{}&!")
"""Signs that stand for themselves."""
_QUANTITY = frozenset(".,%/")
"""What only a quantity has: it is told as stored, however it is shown."""
_CONDITION = re.compile(r"\[[<>=]")


class NumberFormat(NamedTuple):
    """How numbers of a style are shown."""

    has_day: bool = False
    has_time: bool = False
    is_duration: bool = False
    padded: tuple[str, ...] | None = None
    """Places of digits (0, #, ?) and, each behind a backslash, the texts between them, where whole numbers show zeros before them."""
    zeros: int = 0
    """Digits that are shown at least, where it is not known how."""

    def as_displayed(self, digits: str) -> str:
        """Return how the digits of a whole number are shown."""
        rest, shown = digits, []
        places = sum(token in _PLACES for token in self.padded or ())
        for token in reversed(self.padded or ()):
            if token not in _PLACES:
                shown.append(token[1:])
                continue
            places -= 1
            # The first place takes all digits that are left.
            taken = rest if places == 0 else rest[-1:]
            rest = rest[: len(rest) - len(taken)]
            shown.append(taken or ("0" if token == "0" else ""))
        return "".join(reversed(shown))


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
    bare = _DRESS.sub("", first).casefold()
    if "general" in bare or "e+" in bare or "e-" in bare:
        return PLAIN
    has_time = any(sign in bare for sign in "hs")
    has_day = any(sign in bare for sign in "yde") or ("m" in bare and not has_time)
    zeros = bare.count("0")
    if has_day or has_time or zeros < 2 or _QUANTITY & set(bare):
        return NumberFormat(has_day=has_day, has_time=has_time)
    is_known = all(sign in _PLACES or sign in _SIGNS or not sign.isascii() for sign in bare)
    if not is_known or "dbnum" in first.casefold() or _CONDITION.search(first):
        return NumberFormat(zeros=zeros)
    return NumberFormat(padded=_tokens(first))


def _tokens(section: str) -> tuple[str, ...]:
    found = ((match[1] or match[2], match[3]) for match in _TOKEN.finditer(section))
    return tuple(sign if sign in _PLACES else f"\\{text or sign or ''}" for text, sign in found)
