"""One CSV record read by the letter of RFC 4180, for headers and for blocks that are not plain.

A record ends with a line feed outside quotes; carriage returns right before it belong to the line break. One that
stands elsewhere is part of its value.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

_QUOTED = re.compile(rb'"((?:[^"]++|"")*+)"(\r*+)')


@dataclass(frozen=True)
class Record:
    """A record: its fields (an unquoted empty one is None) and the byte after its line break."""

    fields: list[str | None]
    end: int


@dataclass(frozen=True)
class Broken:
    """A record with a quote where none may stand; it ends with the physical line of that quote."""

    end: int


@dataclass(frozen=True)
class Incomplete:
    """The data end within the record."""


def read_record(data: bytes, start: int, delimiter: int, *, last: bool) -> Record | Broken | Incomplete:
    """Read the record that starts at a byte.

    Args:
        data: UTF-8.
        start: offset of its first byte.
        delimiter: the byte between fields.
        last: nothing follows ``data``.
    """
    fields: list[str | None] = []
    position = start
    while True:
        field = _field(data, position, delimiter, last=last)
        if not isinstance(field, tuple):
            return field
        value, position = field
        fields.append(value)
        follows = data[position : position + 1]
        if follows in (b"\n", b""):
            return Record(fields, position + len(follows))
        if follows[0] != delimiter:
            return _broken(data, position, last=last)
        position += 1


def _field(data: bytes, position: int, delimiter: int, *, last: bool) -> tuple[str | None, int] | Broken | Incomplete:
    """Read one field; return its value and where its delimiter or line feed stands."""
    quoted = data[position : position + 1] == b'"'
    match = (_QUOTED if quoted else _plain(delimiter)).match(data, position)
    if match is None:
        return Incomplete()
    end = match.end()
    if end == len(data) and not last:
        return Incomplete()
    at_break = data[end : end + 1] in (b"\n", b"")
    if quoted and (at_break or not match[2]):
        return match[1].replace(b'""', b'"').decode("utf-8"), end
    raw = match[0].rstrip(b"\r") if at_break else match[0]
    return _broken(data, end, last=last) if b'"' in raw else (raw.decode("utf-8") or None, end)


def _broken(data: bytes, position: int, *, last: bool) -> Broken | Incomplete:
    end = data.find(b"\n", position)
    if end < 0:
        return Broken(len(data)) if last else Incomplete()
    return Broken(end + 1)


@lru_cache(maxsize=4)
def _plain(delimiter: int) -> re.Pattern[bytes]:
    return re.compile(rb"[^\n" + re.escape(bytes([delimiter])) + rb"]*")
