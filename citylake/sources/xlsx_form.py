"""Excel workbooks, read by calamine after they were weighed."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from citylake.sources.errors import DeliveryError
from citylake.sources.layout import Layout
from citylake.sources.limits import Limits
from citylake.sources.text_stream import byte_blocks, is_packed
from citylake.sources.text_table import TextTable
from citylake.sources.values import EXACT_DIGITS, cell_text
from citylake.sources.workbook_weight import broken, not_excel, weigh

BATCH_ROWS = 20_000
Row = Sequence[object]
Merged = Sequence[tuple[tuple[int, int], tuple[int, int]]]


def read_xlsx(path: Path, layout: Layout, limits: Limits, out: TextTable) -> None:
    """Read one sheet into ``out``; ``_line`` is the row's number in the sheet.

    Empty cells are NULL, days ``yyyy-MM-dd``, numbers plain; formulas count by their stored result. Header rows are
    joined from top to bottom with ``/``, a merged cell counting for every column it spans. Blank rows are no rows.

    Raises:
        DeliveryError: no workbook, too large, no such sheet, other columns.
    """
    if not is_packed(path):
        _read(path, layout, limits, out)
        return
    unpacked = out.beside(".xlsx")
    try:
        with unpacked.open("xb") as target:
            target.writelines(byte_blocks(path, layout, limits))
        _read(unpacked, layout, limits, out)
    finally:
        unpacked.unlink(missing_ok=True)


def _read(path: Path, layout: Layout, limits: Limits, out: TextTable) -> None:
    weigh(path, layout, limits)
    try:
        # Opened as a file: landed bytes have no suffix that tells the format.
        with path.open("rb") as file:
            _read_sheet(_sheet(CalamineWorkbook.from_filelike(file), layout), layout, limits, out)
    except CalamineError as error:
        raise broken(layout) from error


def _sheet(workbook: CalamineWorkbook, layout: Layout) -> CalamineSheet:
    if not workbook.sheet_names:
        raise not_excel(layout, "里没有工作表")
    if layout.sheet is None:
        return workbook.get_sheet_by_index(0)
    if layout.sheet not in workbook.sheet_names:
        raise DeliveryError(
            "no_sheet", f"{layout.subject}里没有名为“{layout.sheet}”的工作表。请改正工作表名后重新报送。"
        )
    return workbook.get_sheet_by_name(layout.sheet)


def _read_sheet(sheet: CalamineSheet, layout: Layout, limits: Limits, out: TextTable) -> None:
    # calamine counts rows from the sheet's first, but columns from the first one that is used.
    rows, left = iter(sheet.iter_rows()), (sheet.start or (0, 0))[1]
    above = list(islice(rows, layout.skip_rows + layout.header_rows))
    header = _header(above, sheet.merged_cell_ranges or (), left, layout.skip_rows)
    if not header:
        raise DeliveryError("empty", f"{layout.subject}的工作表里没有表头。请核对后重新报送。")
    layout.check_header(header, limits.columns, "的表头")
    batch = _Batch(layout.as_delivered(header), header, out)
    for number, row in enumerate(rows, start=len(above) + 1):
        batch.take(number, row)
    batch.write()


class _Batch:
    def __init__(self, layout: Layout, header: Sequence[str], out: TextTable) -> None:
        self._out, self._names, self._width = out, layout.required, len(header)
        self._places = [list(header).index(name) for name in self._names]
        self._rows: list[list[str | None]] = []
        self._numbers: list[int] = []
        self._problems: list[tuple[int, str]] = []

    def take(self, number: int, row: Row) -> None:
        if all(value == "" for value in row):
            return
        problem = _problem(row, self._width)
        if problem is not None:
            self._problems.append((number, problem))
        else:
            self._rows.append([_text(row[place]) for place in self._places])
            self._numbers.append(number)
        if len(self._rows) + len(self._problems) >= BATCH_ROWS:
            self.write()

    def write(self) -> None:
        if self._rows:
            columns = zip(self._names, zip(*self._rows, strict=True), strict=True)
            self._out.add(
                {name: pa.array(values, pa.string()) for name, values in columns}, pa.array(self._numbers, pa.int64())
            )
        self._out.add_unreadable(self._problems)
        self._rows, self._numbers, self._problems = [], [], []


def _problem(row: Row, width: int) -> str | None:
    if any(value != "" for value in row[width:]):
        return f"表头以外的列（第 {width + 1} 列起）有内容"
    for place, value in enumerate(row[:width], start=1):
        # The last digits of such a number are gone: Excel keeps 15.
        if isinstance(value, float) and abs(value) >= 10**EXACT_DIGITS:
            return f"第 {place} 列是超过 {EXACT_DIGITS} 位的数字单元格，末几位已失真；证件号等长号码须存为文本"
    return None


def _text(value: object) -> str | None:
    if value == "":
        return None
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    return cell_text(value)


def _header(rows: Sequence[Row], merged: Merged, offset: int, skip: int) -> list[str]:
    width = max((len(row) for row in rows), default=0)
    origin: dict[tuple[int, int], tuple[int, int]] = {}
    for (top, left), (bottom, right) in merged:
        for row in range(max(top, skip), min(bottom, len(rows) - 1) + 1):
            for column in range(max(left - offset, 0), min(right - offset, width - 1) + 1):
                origin[row, column] = (top, max(left - offset, 0))
    names = []
    for column in range(width):
        cells = dict.fromkeys(origin.get((row, column), (row, column)) for row in range(skip, len(rows)))
        parts = [_title(rows, row, place) for row, place in cells]
        names.append("/".join(part for part in parts if part))
    while names and not names[-1]:
        names.pop()
    return names


def _title(rows: Sequence[Row], row: int, column: int) -> str:
    value = rows[row][column] if column < len(rows[row]) else ""
    return "".join((_text(value) or "").split("\n")).replace("\r", "").strip()
