"""One JSON object a line: files (also gzipped) and the landed answers of an API."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NoReturn, cast

import pyarrow as pa

from citylake.sources.errors import DeliveryError
from citylake.sources.layout import Layout
from citylake.sources.limits import Limits
from citylake.sources.text_stream import truncated
from citylake.sources.text_table import TextTable


def read_ndjson(texts: Iterable[str], layout: Layout, limits: Limits, out: TextTable) -> None:
    """Read lines of JSON into ``out``; a number keeps the digits it was written with, a nested value stays JSON.

    A line that is no JSON object, or names a key twice, is unreadable; blank lines are no lines. A column that stands in
    no line at all is missing; one that is left out of single lines is NULL there.

    Raises:
        DeliveryError: columns differ, a line is too long, the file ends within a line.
    """
    reader = _Reader(layout, limits, out)
    rest = ""
    for text in texts:
        *lines, rest = (rest + text).split("\n")
        reader.take(lines)
        reader.check_length(rest)
    if rest.strip():
        reader.take([rest], cut=True)
    reader.finish()


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


class _TwiceError(ValueError):
    pass


class _Reader:
    def __init__(self, layout: Layout, limits: Limits, out: TextTable) -> None:
        self._layout, self._limits, self._out = layout, limits, out
        self._names = layout.required
        self._keys = frozenset(self._names)
        self._known = self._keys | set(layout.ignored)
        self._row = _row_of(self._names)
        # Numbers stay as they were written: 12.50 is not 12.5 to somebody who has to find the line.
        self._decode = json.JSONDecoder(
            object_pairs_hook=_object, parse_float=_Number, parse_int=_Number, parse_constant=_refuse
        ).raw_decode
        self._seen: set[str] = set()
        self._all_seen = False
        self._number = 0
        self._objects = 0

    def check_length(self, line: str) -> None:
        """Refuse a line that is too long before all of it is in memory."""
        if len(line) > self._limits.line_bytes:
            raise DeliveryError(
                "line_too_long",
                f"{self._layout.subject}第 {self._number + 1} 行超过 {self._limits.line_bytes >> 10} KiB，已停止读取。"
                "应为一行一个 JSON 对象。请检查该行后重新报送。",
            )

    def take(self, lines: Sequence[str], *, cut: bool = False) -> None:
        """Read whole lines; ``cut``: the last one has no line break, so the file may end within it."""
        rows: list[Sequence[Any]] = []
        numbers: list[int] = []
        problems: list[tuple[int, str]] = []
        decode, row_of, width = self._decode, self._row, len(self._names)
        for line in lines:
            if len(line) > self._limits.line_bytes:
                self.check_length(line)
            self._number += 1
            try:
                item, end = decode(line)
                if end != len(line) and line[end:].strip():
                    raise ValueError("text after the object")
                if len(item) == width and self._all_seen:
                    rows.append(row_of(item))
                    numbers.append(self._number)
                    continue
            except (ValueError, KeyError, TypeError, RecursionError):
                pass
            self._carefully(line, rows, numbers, problems, cut=cut)
        self._write(rows, numbers, problems)

    def finish(self) -> None:
        """Check that every column was met."""
        if self._objects:
            self._layout.check_names(self._seen)
            self._out.absent |= {name for name, source in self._layout.columns.items() if source not in self._seen}

    def _carefully(
        self, line: str, rows: list[Sequence[Any]], numbers: list[int], problems: list[tuple[int, str]], *, cut: bool
    ) -> None:
        """Read a line that is not like most: its first ones, with columns left out, or not JSON at all."""
        line = line.strip().removeprefix("\ufeff")
        if not line:
            return
        try:
            item, end = self._decode(line)
            whole = not line[end:]
        except _TwiceError:
            problems.append((self._number, "一个键出现了两次，无法判断以哪个为准"))
            return
        except (ValueError, RecursionError):
            item, whole = None, False
        if not whole and cut:
            raise truncated(self._layout, f"最后一行（第 {self._number} 行）的 JSON 没有写完")
        if not whole or not isinstance(item, dict):
            problems.append((self._number, "不是一个完整的 JSON 对象"))
            return
        if "\ufffd" in "".join(item):
            problems.append((self._number, "键名中有无法识别的字符（编码不对，或导出时已丢失）"))
            return
        self._objects += 1
        if not self._known.issuperset(item):
            self._layout.check_names(self._seen | set(item), f"第 {self._number} 行")
        self._seen.update(item)
        self._all_seen = self._keys <= self._seen
        rows.append([item.get(name) for name in self._names])
        numbers.append(self._number)

    def _write(self, rows: list[Sequence[Any]], numbers: list[int], problems: list[tuple[int, str]]) -> None:
        if rows:
            columns = list(zip(*rows, strict=True))
            try:
                arrays = [_texts(values) for values in columns]
            except (UnicodeEncodeError, RecursionError):
                reasons = [_no_text(row) for row in rows]
                problems += [(number, why) for number, why in zip(numbers, reasons, strict=True) if why]
                rows = [row for row, why in zip(rows, reasons, strict=True) if not why]
                numbers = [number for number, why in zip(numbers, reasons, strict=True) if not why]
                self._write(rows, numbers, problems)
                return
            self._out.add(dict(zip(self._names, arrays, strict=True)), pa.array(numbers, pa.int64()))
        self._out.add_unreadable(problems)


def _texts(values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowException, TypeError):
        return pa.array([_text(value) for value in values], pa.string())


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return _json(value)


def _json(value: object) -> str:
    """Return a nested value as JSON, its numbers with the digits they were written with."""
    if isinstance(value, _Number):
        return value
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json(name)}:{_json(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _no_text(row: Sequence[Any]) -> str | None:
    """Return why a row cannot become text, None when it can."""
    try:
        for value in row:
            (_text(value) or "").encode("utf-8")
    except UnicodeEncodeError:
        return "含有不成对的 Unicode 代理字符"
    except RecursionError:
        return "嵌套层数过多"
    return None


def _row_of(names: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Return what takes the named values out of an object, all of which it must have."""
    if len(names) == 1:
        return lambda item: (item[names[0]],)
    return cast(Callable[[Mapping[str, Any]], tuple[Any, ...]], itemgetter(*names))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    item = dict(pairs)
    if len(item) != len(pairs):
        raise _TwiceError
    return item
