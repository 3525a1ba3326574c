"""The list of what Spark and Sail evaluate alike, and the regular expressions that both read alike."""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

_LIST = Path(__file__).with_name("proven.txt")
_NOT_SHARED = re.compile(
    r"\\[A-Za-z](?<!\\[AzntfrxvuU])|\\[0-9]|\(\?(?!:)|[+*?}]\+|\[[^\]]*(?:\[|&&|--|~~)|(?<!\\)[.^$]"
)
"""What Java's and Rust's regular expressions take each in its own way, after classes were taken out of sight."""
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


@lru_cache(maxsize=1)
def proven() -> Mapping[str, frozenset[str]]:
    """Return the list, section by section."""
    found: dict[str, set[str]] = {}
    section = ""
    for line in _LIST.read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            found.setdefault(section, set()).update({line} if section == "times" else line.split())
    return {name: frozenset(entries) for name, entries in found.items()}


def is_shared(pattern: str) -> bool:
    """Return whether a regular expression is written in words that Java and Rust read alike."""
    if pattern in _KNOWN_PATTERNS:
        return True
    for one in _CLASS.findall(pattern):
        if re.search(r"\\[dDwWsSbBpPhHR]|&&|--|~~", one) or "[" in one[1:].replace(r"\[", ""):
            return False
    return _NOT_SHARED.search(_CLASS.sub("_", pattern)) is None


_WORD = "[!-~\u4e00-\u9fff]++"
_KNOWN_PATTERNS = frozenset(
    rf"\A(?:{word}(?: {word})*+)?+\z" for word in (_WORD, _WORD.replace("[!-~", "[!-~·"))
)  # fmt: skip
"""Patterns with possessive repetition: what follows each is never what it repeats, so that it takes what a plain one would."""
