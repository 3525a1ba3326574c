"""Regular expressions that every engine reads alike, and asks of whole values."""

import re

_SAME_EVERYWHERE = re.compile(r"(?:\\[dDwW]|\\[^A-Za-z0-9]|\(\?:|\((?!\?)|[^\\(])*", re.DOTALL)
"""What the regular expressions of Java and RE2 read alike: no look-around, references, named groups, classes of their own."""
_ONE_ONLY = re.compile(r"[+*?}]\+|\[[^\]]*(?:\[|&&)")
"""What one of them takes for something else: possessive repetition, classes within classes."""


def is_pattern(value: object) -> bool:
    """Return whether a value is a regular expression that means the same to every engine."""
    if not isinstance(value, str) or _SAME_EVERYWHERE.fullmatch(value) is None:
        return False
    if _ONE_ONLY.search(re.sub(r"\\.", "_", value, flags=re.DOTALL)):
        return False
    try:
        re.compile(value)
    except re.error:
        return False
    return True


def whole_value(pattern: str) -> str:
    """Return a pattern for Java's regular expressions, as Spark uses them, that only a whole value matches.

    ``$`` alone would let a final line break pass; of the signs that end lines only the line feed is one elsewhere.
    """
    return rf"(?d)\A(?:{pattern})\z"
