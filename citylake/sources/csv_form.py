"""CSV: cut into records with their physical line numbers, then read by pyarrow block by block."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv as pa_csv

from citylake.sources.csv_record import Broken, Incomplete, read_record
from citylake.sources.errors import DeliveryError
from citylake.sources.layout import Layout
from citylake.sources.limits import Limits
from citylake.sources.text_stream import truncated
from citylake.sources.text_table import TextTable

Positions = npt.NDArray[np.int64]
NEWLINE, RETURN, QUOTE = 10, 13, 34


def read_csv(texts: Iterable[str], layout: Layout, limits: Limits, out: TextTable) -> None:
    """Read a CSV file into ``out``.

    An unquoted empty field is NULL, a quoted one the empty text. A record with too few or too many fields, or with a
    quote where none may stand, is unreadable; blank lines are no records.

    Raises:
        DeliveryError: the header differs, a record is too long, the file ends within a record.
    """
    reader = _Reader(layout, limits, out)
    for text in texts:
        reader.feed(text.encode("utf-8"), last=False)
    reader.feed(b"", last=True)
    if reader.header is None:
        raise DeliveryError("empty", f"{layout.subject}是空文件，连表头也没有。请核对后重新报送。")


@dataclass(frozen=True)
class _Cut:
    """Records of a block, found without reading them: byte ranges, first lines (from 0), number of fields."""

    starts: Positions
    ends: Positions
    lines: Positions
    fields: Positions
    end: int
    newlines: int
    quoted: bool


class _Reader:
    def __init__(self, layout: Layout, limits: Limits, out: TextTable) -> None:
        self._layout, self._limits, self._out = layout, limits, out
        self._delimiter = ord(layout.delimiter)
        self._rest = b""
        self.line = 1
        self.header: list[str] | None = None

    def feed(self, block: bytes, *, last: bool) -> None:
        data = self._rest + block
        if self.header is None:
            data = self._take_header(data, last=last)
        if self.header is not None and data:
            cut = _cut(data, self._delimiter, last=last)
            end = self._slowly(data, last=last) if cut is None else self._quickly(data, cut, last=last)
            data = data[end:]
        if len(data) > self._limits.line_bytes:
            raise self._too_long(self.line, quoted=b'"' in data)
        self._rest = data

    def _take_header(self, data: bytes, *, last: bool) -> bytes:
        while data and self.header is None:
            record = read_record(data, 0, self._delimiter, last=last)
            if isinstance(record, Incomplete):
                if last:
                    raise truncated(self._layout, "表头里的引号没有闭合")
                return data
            if isinstance(record, Broken):
                raise DeliveryError("columns", f"{self._layout.subject}的表头里引号位置不对。请改正表头后重新报送。")
            fields = [(field or "").strip() for field in record.fields]
            if fields != [""]:
                self._layout.check_header(fields, self._limits.columns, "的表头")
                self.header = fields
                self._layout = self._layout.as_delivered(fields)
            self.line += data.count(b"\n", 0, record.end)
            data = data[record.end :]
        return data

    def _quickly(self, data: bytes, cut: _Cut, *, last: bool) -> int:
        """Read records that follow the rules of quoting, all at once."""
        assert self.header is not None
        if cut.end == 0:
            return 0
        lengths = cut.ends - cut.starts
        if lengths.size and int(lengths.max()) > self._limits.line_bytes:
            raise self._too_long(self.line + int(cut.lines[int(lengths.argmax())]), quoted=cut.quoted)
        blank = lengths == 0
        width = len(self.header)
        numbers = cut.lines + self.line
        good = ~blank & (cut.fields == width)
        if last and not data.endswith(b"\n") and not blank[-1] and cut.fields[-1] < width:
            raise truncated(
                self._layout, f"最后一行（第 {int(numbers[-1])} 行）只有 {int(cut.fields[-1])} 列，应为 {width} 列"
            )
        table = self._arrow(data[: cut.end], cut)
        if table is None or table.num_rows != int(good.sum()):
            return self._slowly(data, last=last)
        if table.num_rows:
            columns = {name: table.column(name).combine_chunks() for name in self._layout.required}
            self._out.add(columns, pa.array(numbers[good]))
        ragged = np.flatnonzero(~blank & ~good)
        self._out.add_unreadable([(int(numbers[k]), _ragged(int(cut.fields[k]), width)) for k in ragged])
        self.line += cut.newlines
        return cut.end

    def _arrow(self, data: bytes, cut: _Cut) -> pa.Table | None:
        """Let pyarrow read whole records; None when it sees them differently."""
        needed = list(self._layout.required)
        try:
            return pa_csv.read_csv(
                pa.BufferReader(data),
                pa_csv.ReadOptions(use_threads=False, column_names=self.header, block_size=len(data) + 1),
                pa_csv.ParseOptions(
                    delimiter=self._layout.delimiter,
                    newlines_in_values=cut.quoted,
                    invalid_row_handler=lambda row: "skip",
                ),
                pa_csv.ConvertOptions(
                    include_columns=needed,
                    column_types={name: pa.string() for name in needed},
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                    check_utf8=False,
                ),
            )
        except pa.ArrowInvalid:
            return None

    def _slowly(self, data: bytes, *, last: bool) -> int:
        """Read records one by one, for blocks in which a quote stands where none may."""
        assert self.header is not None
        rows: list[list[str | None]] = []
        numbers: list[int] = []
        problems: list[tuple[int, str]] = []
        position, width = 0, len(self.header)
        while position < len(data):
            record = read_record(data, position, self._delimiter, last=last)
            if isinstance(record, Incomplete):
                break
            if record.end - position > self._limits.line_bytes + 2:
                raise self._too_long(self.line, quoted=True)
            if isinstance(record, Broken):
                problems.append((self.line, "引号位置不对"))
            elif len(record.fields) == width and (width > 1 or record.fields != [None]):
                rows.append(record.fields)
                numbers.append(self.line)
            elif record.fields != [None]:
                if last and record.end == len(data) and not data.endswith(b"\n") and len(record.fields) < width:
                    raise truncated(
                        self._layout, f"最后一行（第 {self.line} 行）只有 {len(record.fields)} 列，应为 {width} 列"
                    )
                problems.append((self.line, _ragged(len(record.fields), width)))
            self.line += data.count(b"\n", position, record.end)
            position = record.end
        if last and position < len(data):
            raise truncated(self._layout, f"第 {self.line} 行开始的引号直到文件末尾也没有闭合")
        if rows:
            by_name = dict(zip(self.header, zip(*rows, strict=True), strict=True))
            self._out.add(
                {name: pa.array(by_name[name], pa.string()) for name in self._layout.required}, pa.array(numbers)
            )
        self._out.add_unreadable(problems)
        return position

    def _too_long(self, line: int, *, quoted: bool) -> DeliveryError:
        why = "（可能是引号没有闭合）" if quoted else ""
        return DeliveryError(
            "line_too_long",
            f"{self._layout.subject}第 {line} 行超过 {self._limits.line_bytes >> 10} KiB{why}，已停止读取。请检查该行后重新报送。",
        )


def _ragged(fields: int, width: int) -> str:
    return f"有 {fields} 列，应为 {width} 列"


def _cut(data: bytes, delimiter: int, *, last: bool) -> _Cut | None:
    """Find the records of a block that starts at one; None when a quote stands where none may."""
    signs = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(signs == NEWLINE)
    quotes = np.flatnonzero(signs == QUOTE)
    breaks = newlines
    if quotes.size:
        breaks = newlines[(np.searchsorted(quotes, newlines) & 1) == 0]
    end = len(data) if last else (int(breaks[-1]) + 1 if breaks.size else 0)
    quotes = quotes[quotes < end]
    if quotes.size and not _regular(signs[:end], quotes, delimiter):
        return None
    starts = np.concatenate([np.zeros(1, np.int64), breaks + 1])
    stops = np.append(breaks, end)
    if starts[-1] >= end:
        starts, stops = starts[:-1], stops[:-1]
    delimiters = np.flatnonzero(signs[:end] == delimiter)
    if quotes.size:
        delimiters = delimiters[(np.searchsorted(quotes, delimiters) & 1) == 0]
    fields = np.searchsorted(delimiters, stops) - np.searchsorted(delimiters, starts) + 1
    returns = (stops > starts) & (signs[np.maximum(stops - 1, 0)] == RETURN)
    return _Cut(
        starts,
        stops - returns,
        np.searchsorted(newlines, starts),
        fields,
        end,
        int(np.searchsorted(newlines, end)),
        bool(quotes.size),
    )


def _regular(signs: npt.NDArray[np.uint8], quotes: Positions, delimiter: int) -> bool:
    """Every quote opens at the start of a field, closes at its end, or is doubled."""
    if quotes.size % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    before = signs[np.maximum(opening - 1, 0)]
    after = signs[np.minimum(closing + 1, signs.size - 1)]
    starts = (opening == 0) | np.isin(before, (delimiter, NEWLINE, QUOTE))
    ends = (closing == signs.size - 1) | np.isin(after, (delimiter, NEWLINE, RETURN, QUOTE))
    return bool(starts.all() and ends.all())
