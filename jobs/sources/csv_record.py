"""One CSV record read by the letter of RFC 4180, for headers and for blocks with stray quotes."""

import re
from dataclasses import dataclass
from functools import lru_cache

_QUOTED = re.compile(rb'"((?:[^"]++|"")*+)"')


@dataclass(frozen=True)
class Record:
    """A record: its fields (an unquoted empty one is None) and the byte after its line break."""

    fields: list[str | None]
    end: int


@dataclass(frozen=True)
class Broken:
    """A record with a quote where none may stand; it ends with its physical line."""

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
    position, plain = start, _plain(delimiter)
    while True:
        if data[position : position + 1] == b'"':
            match = _QUOTED.match(data, position)
            if match is None or (match.end() == len(data) and not last):
                return Incomplete()
            value: str | None = match[1].replace(b'""', b'"').decode("utf-8")
        else:
            match = plain.match(data, position)
            assert match is not None
            if match.end() == len(data) and not last:
                return Incomplete()
            raw = match[0]
            # The carriage return belongs to the line break, not to the value.
            if raw.endswith(b"\r") and data[match.end() : match.end() + 1] in (b"\n", b""):
                raw = raw[:-1]
            if b'"' in raw:
                return _broken(data, match.end(), last=last)
            value = raw.decode("utf-8") or None
        fields.append(value)
        position = match.end()
        if data[position : position + 1] == b"\r" and data[position + 1 : position + 2] in (b"\n", b""):
            if position + 1 == len(data) and not last:
                return Incomplete()
            position += 1
        follows = data[position : position + 1]
        if follows in (b"\n", b""):
            return Record(fields, position + len(follows))
        if follows[0] != delimiter:
            return _broken(data, position, last=last)
        position += 1


def _broken(data: bytes, position: int, *, last: bool) -> Broken | Incomplete:
    end = data.find(b"\n", position)
    if end < 0:
        return Broken(len(data)) if last else Incomplete()
    return Broken(end + 1)


@lru_cache(maxsize=4)
def _plain(delimiter: int) -> re.Pattern[bytes]:
    return re.compile(rb"[^\n" + re.escape(bytes([delimiter])) + rb"]*")
