"""One answer of a paged JSON API: its items as they came."""

import json
import re
from dataclasses import dataclass
from typing import Any

_WHITE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class Page:
    """One page: the text of each item as it came, and its values; a keyed page has no numbers."""

    items: tuple[tuple[str, dict[str, Any]], ...]
    page: int = 0
    pages: int = 0
    total: int = 0


def read_page(text: str, *, keyed: bool = False) -> Page:
    """Read one answer, keeping the text of each item as it came (a number keeps its zeros).

    A control character within a string is let pass here: it makes its own line unreadable, not the whole answer.

    Args:
        text: JSON.
        keyed: it comes from an API that is read by a cursor: ``items`` is all that is asked of it.

    Raises:
        ValueError: it is not an answer of the protocol; one without ``items`` is none, nor is one that says a key twice.
    """
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, strict=False)
    values: dict[str, Any] = {}
    position = _after(text, _skip(text, 0), "{")
    while text[position : position + 1] != "}":
        key, position = decoder.raw_decode(text, position)
        position = _after(text, _skip(text, position), ":")
        if key in values:
            raise ValueError("a key stands there twice")
        if key == "items":
            values[key], position = _items(decoder, text, position)
        else:
            values[key], position = decoder.raw_decode(text, position)
        position = _skip(text, position)
        if text[position : position + 1] != "}":
            position = _after(text, position, ",")
    if _skip(text, position + 1) != len(text):
        raise ValueError("text after the answer")
    if "items" not in values:
        raise ValueError("no items")
    items = tuple(values["items"])
    if keyed:
        return Page(items)
    numbers = [values.get(name) for name in ("page", "pages", "total")]
    if not all(isinstance(number, str) and number.isdigit() for number in numbers):
        raise ValueError("page, pages, total must be numbers")
    return Page(items, *(int(str(number)) for number in numbers))


def _items(decoder: json.JSONDecoder, text: str, position: int) -> tuple[list[tuple[str, dict[str, Any]]], int]:
    items: list[tuple[str, dict[str, Any]]] = []
    position = _after(text, position, "[")
    while text[position : position + 1] != "]":
        item, end = decoder.raw_decode(text, position)
        if not isinstance(item, dict):
            raise ValueError("an item is no object")
        raw = text[position:end]
        # Between its parts a tab is as good as a line break; within a string it makes the line unreadable, as that would.
        items.append((raw.replace("\r", "\t").replace("\n", "\t"), item))
        position = _skip(text, end)
        if text[position : position + 1] != "]":
            position = _after(text, position, ",")
    return items, position + 1


def _skip(text: str, position: int) -> int:
    match = _WHITE.match(text, position)
    return match.end() if match else position


def _after(text: str, position: int, sign: str) -> int:
    if text[position : position + 1] != sign:
        raise ValueError(f"expected {sign}")
    return _skip(text, position + 1)
