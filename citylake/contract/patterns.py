"""Regular expressions that every engine reads alike, and asks of whole values."""

import re

_SAME_EVERYWHERE = re.compile(r"(?:\\[dDwW]|\\[^A-Za-z0-9]|\(\?:|\((?!\?)|[^\\(])*", re.DOTALL)
"""What the regular expressions of Java and RE2 read alike: no look-around, references, named groups, classes of their own."""
_ONE_ONLY = re.compile(r"[+*?}]\+|\[[^\]]*(?:\[|&&)|\[\^?\]|\{(?!\d+(?:,\d*)?\})")
"""What one of them takes for something else: possessive repetition, classes within classes or without a sign, ``{`` that counts nothing."""


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
    """Return a pattern that only a whole value matches, in words that Java's regular expressions and Rust's read alike.

    ``$`` alone would let a final line break pass; what a digit or the end of a line is, each says in its own way.
    """
    return rf"\A(?:{portable(pattern)})\z"


def in_python(regex: str) -> str:
    """Return a regular expression of :func:`whole_value` for Python, which writes the end of a text otherwise."""
    said = _TOKEN.sub(lambda token: r"\Z" if token.group() == r"\z" else token.group(), regex)
    # Digits and letters are ASCII's; flags stand together at the start.
    return f"(?a{said[2:]}" if said.startswith("(?s)") else f"(?a){said}"


def portable(pattern: str) -> str:
    """Return a pattern with its classes in full: ASCII's digits, letters and blanks, and the line feed as the only line's end."""
    return _TOKEN.sub(_in_full, pattern)


def _in_full(token: re.Match[str]) -> str:
    text = token.group()
    if text.startswith("["):
        return _ESCAPE.sub(lambda one: _CLASSES.get(one.group(), one.group()), text)
    if text in _CLASSES:
        return f"[{_CLASSES[text]}]"
    return _OUTSIDE.get(text, text)


_ESCAPE = re.compile(r"\\.", re.DOTALL)
_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|[.^$]", re.DOTALL)
_CLASSES = {r"\d": "0-9", r"\w": "0-9A-Za-z_", r"\s": r" \t\n\x0b\f\r"}
_OUTSIDE = {
    **{name.upper(): f"[^{signs}]" for name, signs in _CLASSES.items()},
    ".": r"[^\n]",
    "^": r"\A",
    "$": r"\z",
}
