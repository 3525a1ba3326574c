"""Writers of the forms departments use. Every one takes tables of text, chunk by chunk, and appears whole or not at all."""

import gzip
import io
import re
import zipfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import IO, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from openpyxl import Workbook

_ZIP_DAY = (2000, 1, 1, 0, 0, 0)


class Writer(Protocol):
    """Takes the rows of one delivery, then makes it visible."""

    def write(self, table: pa.Table) -> None:
        """Take the next rows."""

    def close(self) -> None:
        """Make the delivery visible."""


def replace_file(path: Path, content: bytes) -> None:
    """Write a file under another name first, so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(content)
    temporary.replace(path)


class CsvWriter:
    """Lines of values with a delimiter between them; values of the city hold neither it nor quotes."""

    def __init__(self, path: Path, encoding: str, delimiter: str, columns: Iterable[str]) -> None:
        self._path, self._encoding, self._delimiter = path, encoding, delimiter
        path.parent.mkdir(parents=True, exist_ok=True)
        self._temporary = path.with_name(f".{path.name}.part")
        self._file: IO[bytes] = self._temporary.open("wb")
        self._file.write((delimiter.join(columns) + "\r\n").encode(encoding))

    def write(self, table: pa.Table) -> None:
        """Take the next rows."""
        if table.num_rows:
            columns = [pc.fill_null(column.combine_chunks(), "") for column in table.columns]
            lines = pc.binary_join_element_wise(*columns, self._delimiter).to_pylist()
            self._file.write(("\r\n".join(lines) + "\r\n").encode(self._encoding))

    def close(self) -> None:
        """Make the file visible."""
        self._file.close()
        self._temporary.replace(self._path)


def json_lines(table: pa.Table, numbers: Collection[str]) -> pa.StringArray:
    """Return each row as a JSON object, the fields ``numbers`` without quotes; values of the city need no escaping."""
    parts: list[pa.StringArray | str] = []
    for place, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        quote = "" if name in numbers else '"'
        shown = pc.fill_null(pc.binary_join_element_wise(quote, values, quote, ""), "null")
        parts += [("{" if place == 0 else ",") + f'"{name}":', shown]
    return pc.binary_join_element_wise(*parts, "}", "")


class NdjsonWriter:
    """Lines of JSON, gzipped where the file is called so."""

    def __init__(self, path: Path, numbers: Collection[str]) -> None:
        self._path, self._numbers = path, numbers
        path.parent.mkdir(parents=True, exist_ok=True)
        self._temporary = path.with_name(f".{path.name}.part")
        self._raw = self._temporary.open("wb")
        packed = path.suffix == ".gz"
        self._file: IO[bytes] | gzip.GzipFile = (
            gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=self._raw, mtime=0) if packed else self._raw
        )

    def write(self, table: pa.Table) -> None:
        """Take the next rows."""
        if table.num_rows:
            self._file.write(("\n".join(json_lines(table, self._numbers).to_pylist()) + "\n").encode())

    def close(self) -> None:
        """Make the file visible."""
        self._file.close()
        self._raw.close()
        self._temporary.replace(self._path)


@dataclass(frozen=True)
class Sheet:
    """What stands above the rows of a sheet."""

    name: str
    title: str
    title_rows: int
    header_rows: int
    """Names of columns are written into so many rows, split at ``/``; what several have in common is written once."""


class ExcelWriter:
    """A sheet with a title, header rows with merged cells, numbers for dates; the same bytes every time."""

    def __init__(self, path: Path, sheet: Sheet, columns: Iterable[str], numeric: Iterable[str]) -> None:
        self._path, self._columns, self._numeric = path, list(columns), set(numeric)
        self._book = Workbook(write_only=False)
        del self._book["Sheet"]
        self._sheet = self._book.create_sheet(sheet.name)
        if sheet.title_rows:
            self._sheet.cell(1, 1, sheet.title)
            self._merge(1, 1, 1, len(self._columns))
        self._head(sheet.title_rows + 1, sheet.header_rows)

    def _head(self, top: int, rows: int) -> None:
        names = [name.split("/", rows - 1) for name in self._columns]
        for place, parts in enumerate(names):
            for level, part in enumerate(parts):
                row, shared = top + level, parts[: level + 1]
                if level == len(parts) - 1:
                    self._sheet.cell(row, place + 1, part)
                    if len(parts) < rows:
                        self._merge(row, place + 1, top + rows - 1, place + 1)
                elif place == 0 or names[place - 1][: level + 1] != shared:
                    self._sheet.cell(row, place + 1, part)
                    self._merge(row, place + 1, row, place + _run(names[place:], shared))

    def _merge(self, row: int, column: int, last_row: int, last_column: int) -> None:
        self._sheet.merge_cells(start_row=row, start_column=column, end_row=last_row, end_column=last_column)

    def write(self, table: pa.Table) -> None:
        """Take the next rows."""
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            cells = zip(self._columns, row, strict=True)
            self._sheet.append([int(value) if value and name in self._numeric else value for name, value in cells])

    def close(self) -> None:
        """Make the file visible."""
        buffer = io.BytesIO()
        self._book.save(buffer)
        replace_file(self._path, _without_clock(buffer.getvalue()))


def _run(names: list[list[str]], shared: list[str]) -> int:
    """Return how many names one after the other begin alike."""
    return sum(1 for _ in takewhile(lambda name: name[: len(shared)] == shared, names))


def _without_clock(content: bytes) -> bytes:
    """Return the archive with every time stamp replaced by a fixed one."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            data = old.read(item.filename)
            if item.filename == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", data)
            new.writestr(zipfile.ZipInfo(item.filename, _ZIP_DAY), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
