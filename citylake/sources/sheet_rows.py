"""The rows of one sheet, as they are stored, while its part streams."""

from collections.abc import Iterator
from typing import NamedTuple

from citylake.sources.workbook import BLOCK, Sheet, TextReader, Workbook, WorkbookError, is_true, steps, walk


class Stored(NamedTuple):
    """A cell as it is stored.

    Attributes:
        kind: ``n``, ``s``, ``str``, ``inlineStr``, ``b``, ``e`` or ``d``.
        style: number of its style.
        value: None when there is none.
        has_formula: the value is the result of one.
    """

    kind: str
    style: int
    value: str | None
    has_formula: bool


class Row(NamedTuple):
    """A row: number from 1, and its cells by column from 0, those without a word left out."""

    number: int
    is_hidden: bool
    cells: dict[int, Stored]


class Area(NamedTuple):
    """A merged area: rows from 1, columns from 0, bounds included."""

    top: int
    left: int
    bottom: int
    right: int


class SheetReader:
    """Reads a sheet once; ``hidden_columns`` is known when the first row is."""

    def __init__(self, book: Workbook, sheet: Sheet) -> None:
        self._book, self._sheet = book, sheet
        self.hidden_columns: list[tuple[int, int]] = []
        self._done: list[Row] = []
        self._number = self._column = 0
        self._row: Row | None = None
        self._cell: dict[str, str] | None = None
        self._value: str | None = None
        self._has_formula = False
        self._texts = TextReader()
        self._collects = False
        self._collected: list[str] = []

    def rows(self) -> Iterator[Row]:
        """Yield the rows in the order of the sheet.

        Raises:
            WorkbookError: the part is no sheet, or its rows or cells go back.
        """
        for _ in steps(self._book.package, self._sheet.part, self._start, self._end, self._text):
            yield from self._done
            self._done.clear()

    def _start(self, tag: str, said: dict[str, str]) -> None:
        if tag == "c":
            self._cell = said
            self._column = column_of(said["r"]) if "r" in said else self._column + 1
            self._value, self._has_formula = None, False
        elif tag == "v":
            self._collects = True
        elif tag == "row":
            number = int(said.get("r", self._number + 1))
            if number <= self._number:
                raise WorkbookError("rows go back")
            self._number, self._column = number, -1
            self._row = Row(number, is_true(said.get("hidden")), {})
        elif tag == "f":
            self._has_formula = True
        elif tag == "col" and is_true(said.get("hidden")):
            self.hidden_columns.append((int(said["min"]) - 1, int(said["max"]) - 1))
        elif self._cell is not None:
            self._texts.start(tag)

    def _text(self, found: str) -> None:
        if self._collects:
            self._collected.append(found)
        elif self._cell is not None:
            self._texts.text(found)

    def _end(self, tag: str) -> None:
        if tag == "v":
            self._value = "".join(self._collected)
            self._collected.clear()
            self._collects = False
        elif tag == "c":
            self._close_cell()
        elif tag == "row":
            assert self._row is not None
            self._done.append(self._row)
        elif self._cell is not None:
            self._texts.end(tag)
            if tag == "is":
                self._value = self._texts.take()

    def _close_cell(self) -> None:
        said, self._cell = self._cell or {}, None
        if self._value is None and not self._has_formula:
            return
        assert self._row is not None
        if self._column in self._row.cells:
            raise WorkbookError("a cell stands twice")
        kind, style = said.get("t", "n"), int(said.get("s", "0"))
        self._row.cells[self._column] = Stored(kind, style, self._value, self._has_formula)


def merged_areas(book: Workbook, sheet: Sheet) -> list[Area]:
    """Return the merged areas; they stand behind the rows, so the part is gone through for them alone."""
    found: list[Area] = []

    def start(tag: str, said: dict[str, str]) -> None:
        if tag == "mergeCell":
            first, _, last = said["ref"].partition(":")
            last = last or first
            found.append(Area(_row_of(first), column_of(first), _row_of(last), column_of(last)))

    if _may_have(book, sheet, b"mergeCell"):
        walk(book.package, sheet.part, start)
    return sorted(found)


def _may_have(book: Workbook, sheet: Sheet, word: bytes) -> bool:
    """Look for a word without reading XML; a part in two bytes a character may always have it."""
    before = b""
    try:
        with book.package.open(sheet.part) as part:
            while block := part.read(BLOCK):
                if word in before + block or block.startswith((b"\xff\xfe", b"\xfe\xff", b"\0<", b"<\0")):
                    return True
                before = block[-len(word) :]
    except KeyError as error:
        raise WorkbookError("a sheet is missing") from error
    return False


def column_of(place: str) -> int:
    """Return the column of a cell reference (``AB12``), from 0."""
    letters = place.rstrip("0123456789")
    known = _COLUMNS.get(letters)
    if known is None:
        known = 0
        for letter in letters.replace("$", "").upper():
            known = known * 26 + ord(letter) - 64
        known = _COLUMNS[letters] = known - 1
    return known


_COLUMNS: dict[str, int] = {}


def _row_of(place: str) -> int:
    return int(place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz$"))
