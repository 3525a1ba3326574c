"""Writers of the forms departments use. Every one takes tables of text, chunk by chunk, and appears whole or not at all."""

import gzip
import io
import re
import zipfile
from collections.abc import Collection, Iterable
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
    """Comma-separated lines; values of the city hold no commas or quotes."""

    def __init__(self, path: Path, encoding: str, columns: Iterable[str]) -> None:
        self._path, self._encoding = path, encoding
        path.parent.mkdir(parents=True, exist_ok=True)
        self._temporary = path.with_name(f".{path.name}.part")
        self._file: IO[bytes] = self._temporary.open("wb")
        self._file.write((",".join(columns) + "\r\n").encode(encoding))

    def write(self, table: pa.Table) -> None:
        """Take the next rows."""
        if table.num_rows:
            columns = [pc.fill_null(column.combine_chunks(), "") for column in table.columns]
            lines = pc.binary_join_element_wise(*columns, ",").to_pylist()
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
    """Gzipped lines of JSON."""

    def __init__(self, path: Path, numbers: Collection[str]) -> None:
        self._path, self._numbers = path, numbers
        path.parent.mkdir(parents=True, exist_ok=True)
        self._temporary = path.with_name(f".{path.name}.part")
        self._raw = self._temporary.open("wb")
        self._file = gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=self._raw, mtime=0)

    def write(self, table: pa.Table) -> None:
        """Take the next rows."""
        if table.num_rows:
            self._file.write(("\n".join(json_lines(table, self._numbers).to_pylist()) + "\n").encode())

    def close(self) -> None:
        """Make the file visible."""
        self._file.close()
        self._raw.close()
        self._temporary.replace(self._path)


class ExcelWriter:
    """A sheet with a title, two header rows with merged cells, numbers for dates; the same bytes every time."""

    def __init__(self, path: Path, title: str, columns: Iterable[str], numeric: Iterable[str]) -> None:
        self._path, self._columns, self._numeric = path, list(columns), set(numeric)
        self._book = Workbook(write_only=False)
        del self._book["Sheet"]
        self._sheet = self._book.create_sheet("花名册")
        self._head(title)

    def _head(self, title: str) -> None:
        sheet, count = self._sheet, len(self._columns)
        sheet.cell(1, 1, title)
        sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=count)
        groups = [name.split("/") for name in self._columns]
        for place, parts in enumerate(groups, start=1):
            if len(parts) == 1:
                sheet.cell(2, place, parts[0])
                sheet.merge_cells(start_row=2, start_column=place, end_row=3, end_column=place)
                continue
            if place == 1 or groups[place - 2][0] != parts[0]:
                last = place + sum(1 for other in groups[place:] if other[0] == parts[0])
                sheet.cell(2, place, parts[0])
                sheet.merge_cells(start_row=2, start_column=place, end_row=2, end_column=last)
            sheet.cell(3, place, parts[1])

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
