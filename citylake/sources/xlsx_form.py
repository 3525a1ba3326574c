"""Excel workbooks, weighed before they are opened, read cell by cell."""

import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from citylake.sources.cell_text import CellReader
from citylake.sources.covered import Covered
from citylake.sources.errors import DeliveryError, shown
from citylake.sources.layout import Layout
from citylake.sources.limits import Limits
from citylake.sources.sheet_header import Header, header_of
from citylake.sources.sheet_rows import Area, Row, SheetReader, Stored, merged_areas
from citylake.sources.text_stream import byte_blocks, is_packed
from citylake.sources.text_table import TextTable
from citylake.sources.values import bare_name
from citylake.sources.workbook import NoWorkbookError, Sheet, Workbook, WorkbookError, open_workbook
from citylake.sources.workbook_weight import broken, not_excel, weigh

BATCH_ROWS = 20_000


def read_xlsx(path: Path, layout: Layout, limits: Limits, out: TextTable) -> None:
    """Read one sheet into ``out``; ``_line`` is the row's number in the sheet.

    Empty cells are NULL, days ``yyyy-MM-dd``, numbers plain, with the zeros that their format shows before them; formulas
    count by their stored result. A row with a cell whose value cannot be known (an error, a formula without a result, a
    cell under a merged one) is unreadable. Header rows are joined from top to bottom with ``/``, a merged cell counting
    for every column it spans. Blank rows are no rows.

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
        with zipfile.ZipFile(path) as package:
            book = open_workbook(package)
            sheet = _sheet(book, layout)
            _read_sheet(book, sheet, layout, limits, out)
            for other in book.sheets:
                if other != sheet and (count := _rows_as_agreed(book, other, layout)):
                    hidden = "隐藏的" if other.is_hidden else ""
                    out.notes.append(
                        f"{hidden}工作表“{shown(other.name)}”也有约定的表头和 {count} 行数据，没有读取，只读了“{shown(sheet.name)}”"
                    )
    except NoWorkbookError as error:
        raise not_excel(layout, "不是 .xlsx 格式") from error
    except (WorkbookError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError) as error:
        raise broken(layout) from error


def _sheet(book: Workbook, layout: Layout) -> Sheet:
    """Return the agreed sheet, by default the first that is not hidden."""
    if not book.sheets:
        raise not_excel(layout, "里没有工作表")
    for sheet in book.sheets:
        if sheet.name == layout.sheet or (layout.sheet is None and not sheet.is_hidden):
            return sheet
    if layout.sheet is None:
        raise DeliveryError("no_sheet", f"{layout.subject}的工作表都是隐藏的。请取消隐藏要报送的工作表后重新报送。")
    raise DeliveryError("no_sheet", f"{layout.subject}里没有名为“{layout.sheet}”的工作表。请改正工作表名后重新报送。")


def _read_sheet(book: Workbook, sheet: Sheet, layout: Layout, limits: Limits, out: TextTable) -> None:
    reader, cells, areas = SheetReader(book, sheet), CellReader(book), merged_areas(book, sheet)
    rows = reader.rows()
    header, rows = header_of(rows, cells, areas, layout)
    if not header.names:
        raise DeliveryError("empty", f"{layout.subject}的工作表里没有表头。请核对后重新报送。")
    layout.check_header(header.names, limits.columns, "的表头")
    batch = _Batch(layout.as_delivered(header.names), header, cells, areas, out)
    for row in rows:
        batch.take(row)
    batch.write()
    if book.is_1904:
        out.notes.append("工作簿的日期从 1904 年起计，已照此换算")
    if sheet.is_hidden:
        out.notes.append(f"约定的工作表“{shown(sheet.name)}”是隐藏的，已读取")
    batch.tell(reader.hidden_columns)


class _Batch:
    def __init__(
        self, layout: Layout, header: Header, cells: CellReader, areas: Sequence[Area], out: TextTable
    ) -> None:
        self._out, self._cells, self._header = out, cells, header
        self._names = list(layout.required)
        self._columns = [(header.left + header.names.index(name), name, name in layout.serials) for name in self._names]
        self._bounds = range(header.left, header.left + len(header.names))
        self._covered = Covered(areas, layout.skip_rows + layout.header_rows)
        self._rows: list[list[str | None]] = []
        self._numbers: list[int] = []
        self._problems: list[tuple[int, str]] = []
        self._changes: Counter[tuple[str, str]] = Counter()
        self._hidden = 0

    def take(self, row: Row) -> None:
        """Take a row below the header; blank ones are none."""
        problem = self._problem(row)
        texts: list[str | None] = []
        changes: list[tuple[str, str]] = []
        for column, name, is_day in self._columns:
            stored = row.cells.get(column)
            if stored is None:
                texts.append(None)
                continue
            cell = self._cells.read(stored, is_day=is_day)
            if cell.flaw and problem is None:
                problem = f"列“{name}”{cell.flaw}"
            texts.append(cell.text)
            if cell.rule:
                changes.append((name, cell.rule))
        if problem is None and not any(texts) and not any(self._says(stored) for stored in row.cells.values()):
            return
        self._hidden += row.is_hidden
        if problem is None and [bare_name(text) for text in texts] == self._names:
            problem = "与表头相同，不是数据"
        if problem is not None:
            self._problems.append((row.number, problem))
        else:
            self._changes.update(changes)
            self._rows.append(texts)
            self._numbers.append(row.number)
        if len(self._rows) + len(self._problems) >= BATCH_ROWS:
            self.write()

    def _problem(self, row: Row) -> str | None:
        """Return what is wrong with the shape of a row that says something."""
        covered = self._covered.of(row)
        beside = [column for column in row.cells if column not in self._bounds]
        if not covered and not beside:
            return None
        if any(self._says(row.cells[column]) for column in beside):
            return "表头以外的列有内容"
        if not any(self._says(stored) for stored in row.cells.values()):
            return None
        for column, name, _ in self._columns:
            if any(left <= column <= right for left, right in covered):
                return f"列“{name}”在合并单元格里，无法判断该行的值；请取消合并并逐行填写"
        return None

    def _says(self, stored: Stored) -> bool:
        cell = self._cells.read(stored)
        return cell.text is not None or cell.flaw is not None

    def write(self) -> None:
        """Give out what was taken."""
        if self._rows:
            columns = zip(self._names, zip(*self._rows, strict=True), strict=True)
            self._out.add(
                {name: pa.array(values, pa.string()) for name, values in columns}, pa.array(self._numbers, pa.int64())
            )
        self._out.add_unreadable(self._problems)
        self._rows, self._numbers, self._problems = [], [], []

    def tell(self, hidden_columns: Sequence[tuple[int, int]]) -> None:
        """Tell what was changed, and what was read although nobody sees it."""
        for (name, rule), count in self._changes.items():
            self._out.changed(name, rule, count)
        if self._hidden:
            self._out.notes.append(f"{self._hidden} 行是隐藏或被筛选掉的，也已读取")
        unseen = [
            name for column, name, _ in self._columns if any(left <= column <= right for left, right in hidden_columns)
        ]
        if unseen:
            self._out.notes.append(f"列{'、'.join(f'“{name}”' for name in unseen)}是隐藏的，也已读取")


def _rows_as_agreed(book: Workbook, sheet: Sheet, layout: Layout) -> int:
    """Return how many rows stand below the agreed header, 0 where it is another one."""
    cells = CellReader(book)
    header, rows = header_of(SheetReader(book, sheet).rows(), cells, merged_areas(book, sheet), layout)
    if not set(layout.required) <= set(header.names):
        return 0
    return sum(any(stored.value for stored in row.cells.values()) for row in rows)
