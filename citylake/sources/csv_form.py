"""CSV: cut into records with their physical line numbers, then read by pyarrow where every line is plain, else exactly."""

import codecs
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pa_csv

from citylake.sources.csv_record import Broken, Incomplete, Record, read_record
from citylake.sources.errors import DeliveryError
from citylake.sources.layout import Layout
from citylake.sources.limits import Limits
from citylake.sources.text_stream import truncated
from citylake.sources.text_table import TextTable
from citylake.sources.values import bare_name

Positions = npt.NDArray[np.int64]
NEWLINE, RETURN, QUOTE = 10, 13, 34


def read_csv(texts: Iterable[str], layout: Layout, limits: Limits, out: TextTable) -> None:
    """Read a CSV file into ``out``.

    An unquoted empty field is NULL, a quoted one the empty text. A record with too few or too many fields, with a quote
    where none may stand, or that repeats the header is unreadable, with every line it covers: other records may hide
    there. Lines that are blank or hold nothing but delimiters are no records.

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
            if self.header is None and b"\r" in data:
                raise self._only_returns()
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
            if any("\r" in field and "\n" not in field for field in fields):
                raise self._only_returns()
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
        width = len(self.header)
        # As long as its delimiters: nothing stands between them.
        blank = (lengths == 0) | ((cut.fields == width) & (lengths == width - 1))
        numbers = cut.lines + self.line
        good = ~blank & (cut.fields == width)
        if last and not data.endswith(b"\n") and not blank[-1] and cut.fields[-1] < width:
            raise self._cut_short(int(numbers[-1]), int(cut.fields[-1]))
        table = self._arrow(data[: cut.end], cut)
        read = (lengths > 0) & (cut.fields == width)
        if table is None or table.num_rows != int(read.sum()) or self._repeats_header(table):
            return self._slowly(data, last=last)
        if blank[read].any():
            table = table.filter(pa.array(good[read]))
        if table.num_rows:
            columns = {name: table.column(name).combine_chunks() for name in self._layout.required}
            self._out.add(columns, pa.array(numbers[good]))
        ends = np.append(numbers[1:], self.line + cut.newlines + (not data.endswith(b"\n", 0, cut.end)))
        problems: list[tuple[int, str]] = []
        for k in np.flatnonzero(~blank & ~good):
            problems += _each_line(int(numbers[k]), int(ends[k]), _ragged(int(cut.fields[k]), width))
        self._out.add_unreadable(problems)
        self.line += cut.newlines
        return cut.end

    def _arrow(self, data: bytes, cut: _Cut) -> pa.Table | None:
        """Let pyarrow read whole records; None when it sees them differently."""
        needed = list(self._layout.required)
        if not data.endswith(b"\n"):
            data += b"\n"  # else a last empty field counts as quoted when one before it is
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

    def _repeats_header(self, table: pa.Table) -> bool:
        last = self._layout.required[-1]
        like = table.column(last).filter(pc.fill_null(pc.match_substring(table.column(last), last), False))
        return any(bare_name(value) == last for value in like.unique().to_pylist())

    def _slowly(self, data: bytes, *, last: bool) -> int:
        """Read records one by one, for blocks with stray quotes, carriage returns or repeated headers."""
        assert self.header is not None
        rows: list[list[str | None]] = []
        numbers: list[int] = []
        problems: list[tuple[int, str]] = []
        position = 0
        while position < len(data):
            record = read_record(data, position, self._delimiter, last=last)
            if isinstance(record, Incomplete):
                break
            if record.end - position > self._limits.line_bytes + 2:
                raise self._too_long(self.line, quoted=True)
            following = self.line + data.count(b"\n", position, record.end)
            is_open = not data.endswith(b"\n", position, record.end)
            problem = self._problem(record, is_last=last and is_open and record.end == len(data))
            if problem:
                problems += _each_line(self.line, following + is_open, problem)
            elif isinstance(record, Record) and any(field is not None for field in record.fields):
                rows.append(record.fields)
                numbers.append(self.line)
            self.line = following
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

    def _problem(self, record: Record | Broken, *, is_last: bool) -> str | None:
        """Return why a record cannot be read; ``is_last``: the file ends with it, without a line break."""
        assert self.header is not None
        if isinstance(record, Broken):
            return "引号位置不对"
        fields, width = record.fields, len(self.header)
        if fields == [None]:
            return None
        if len(fields) != width:
            if is_last and len(fields) < width:
                raise self._cut_short(self.line, len(fields))
            return _ragged(len(fields), width)
        if width == 1 and "\r" in (fields[0] or ""):
            return "含有单独的回车符，无法判断是一行还是几行"
        return "与表头相同，不是数据" if [bare_name(field) for field in fields] == self.header else None

    def _cut_short(self, line: int, fields: int) -> DeliveryError:
        return truncated(self._layout, f"最后一行（第 {line} 行）只有 {fields} 列，应为 {len(self.header or ())} 列")

    def _only_returns(self) -> DeliveryError:
        return DeliveryError(
            "line_breaks",
            f"{self._layout.subject}只用回车符（CR）换行，无法分行。请另存为以 CRLF 或 LF 换行的 CSV 后重新报送。",
        )

    def _too_long(self, line: int, *, quoted: bool) -> DeliveryError:
        why = "（可能是引号没有闭合）" if quoted else ""
        return DeliveryError(
            "line_too_long",
            f"{self._layout.subject}第 {line} 行超过 {self._limits.line_bytes >> 10} KiB{why}，已停止读取。请检查该行后重新报送。",
        )


def _each_line(line: int, end: int, reason: str) -> list[tuple[int, str]]:
    return [(line, reason), *[(number, f"{reason}（第 {line} 行起）") for number in range(line + 1, end)]]


def _ragged(fields: int, width: int) -> str:
    return f"有 {fields} 列，应为 {width} 列"


def _cut(data: bytes, delimiter: int, *, last: bool) -> _Cut | None:
    """Find the records of a block that starts at one; None when quotes or carriage returns are not plain."""
    signs = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(signs == NEWLINE)
    # pyarrow ends a record at any carriage return, and drops a byte order mark wherever it is started.
    if data.startswith(codecs.BOM_UTF8):
        return None
    if data.count(b"\r") != data.count(b"\r\n") + (last and data.endswith(b"\r")) or b"\r\r" in data:
        return None
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
