"""Signs that are written with several code points, and the one by which each is compared.

What Unicode calls compatible (NFKC) comes from Python's tables, the rest from ``signs.txt``, which names its sources. Signs
are brought to their decomposed form (NFKD) one by one: two texts are alike in it when they are in NFKC, and Spark has
neither. Hangul syllables stay whole: nobody here writes them in letters.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DATA = Path(__file__).parent / "signs.txt"
_LONGEST = 6
"""Signs in whose place one stands at most; two phrases in Arabic that Unicode has as one sign each are longer and stay."""


@dataclass(frozen=True)
class Spellings:
    """What takes the place of which sign.

    Attributes:
        signs: signs in whose place another one stands.
        stand_for: that one, in the same order.
        long: signs in whose place several stand, those with the most of them first.
        parts: the first of these in the same order, then the second, and so on; there are fewer and fewer.
    """

    signs: str
    stand_for: str
    long: str
    parts: tuple[str, ...]


@lru_cache(maxsize=1)
def spellings() -> Spellings:
    """Return the tables."""
    written = written_pairs()
    found = {sign: one for sign in map(chr, _code_points()) if (one := _compared(sign, written)) != sign}
    single = {sign: one for sign, one in found.items() if len(one) == 1}
    several = {sign: one for sign, one in found.items() if 1 < len(one) <= _LONGEST}
    long = sorted(several, key=lambda sign: (-len(several[sign]), sign))
    parts = ("".join(several[sign][place] for sign in long if place < len(several[sign])) for place in range(_LONGEST))
    return Spellings("".join(single), "".join(single.values()), "".join(long), tuple(parts))


@lru_cache(maxsize=1)
def narrow_signs() -> tuple[str, str]:
    """Return the signs that are another dress of one in ASCII (Ⅹ, ①, 𝟘), and these: all that numbers and codes are made of."""
    found = {sign: unicodedata.normalize("NFKD", sign) for sign in map(chr, _code_points())}
    plain = {sign: one for sign, one in found.items() if len(one) == 1 and "!" <= one <= "~"}
    return "".join(plain), "".join(plain.values())


def written_pairs() -> dict[str, str]:
    """Return the pairs of ``signs.txt``."""
    lines = (line for line in DATA.read_text("utf-8").splitlines() if not line.startswith(("#", "[")))
    pairs = (pair.split("=") for line in lines for pair in line.split())
    return {chr(int(sign, 16)): chr(int(one, 16)) for sign, one in pairs}


def _code_points() -> Iterator[int]:
    return (code for first, last in _RANGES for code in range(first, last))


_RANGES = ((0x80, 0xAC00), (0xE000, 0x30000))
"""Where Unicode has signs that are compatible with others, but for Hangul syllables and what lies about them."""


def _compared(sign: str, written: dict[str, str]) -> str:
    one = written.get(sign) or unicodedata.normalize("NFKD", sign)
    return sign if one == sign else "".join(_compared(part, written) for part in one)
