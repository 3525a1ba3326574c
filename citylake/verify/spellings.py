"""The one spelling under which a text is compared, computed sign by sign in this process.

Read from Unicode's own tables and from the list of pairs, which is data and lies where the engine keeps it.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from citylake.verify.store import Store

SIGNS = Path(__file__).parents[1] / "standards" / "signs.txt"
_PAIR = re.compile(r"\b([0-9A-F]{4,5})=([0-9A-F]{4,5})\b")
_LONGEST = 6
"""Signs that one may become; whole phrases stay as they are."""
_HANGUL = re.compile("[\uac00-\ud7a3]")


def install(store: Store) -> None:
    """Give the store the words unified(t), every sign in its one spelling, and narrow(t), ASCII for signs that are one of it."""
    for name, word in {"unified": _by_sign(_one(_pairs())), "narrow": _by_sign(_ascii)}.items():
        store.connection.create_function(name, word, ["VARCHAR"], "VARCHAR")


def _pairs() -> Mapping[str, str]:
    lines = [line for line in SIGNS.read_text("utf-8").splitlines() if not line.startswith("#")]
    return {chr(int(old, 16)): chr(int(new, 16)) for line in lines for old, new in _PAIR.findall(line)}


def _by_sign(word: Callable[[str], str]) -> Callable[[str], str]:
    known = cache(word)
    return lambda text: "".join(map(known, text))


def _one(pairs: Mapping[str, str]) -> Callable[[str], str]:
    def one(sign: str) -> str:
        seen = sign
        while (told := "".join(_decomposed(pairs.get(part, part)) for part in seen)) != seen:
            seen = told
        return seen if len(seen) <= _LONGEST else sign

    return one


def _ascii(sign: str) -> str:
    told = _decomposed(sign)
    return told if len(told) == 1 and "!" <= told <= "~" else sign


def _decomposed(sign: str) -> str:
    return sign if _HANGUL.fullmatch(sign) else unicodedata.normalize("NFKD", sign)
