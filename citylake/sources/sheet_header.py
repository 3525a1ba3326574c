"""The header of a sheet: one name per column, put together from its rows."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from citylake.sources.cell_text import CellReader
from citylake.sources.layout import Layout
from citylake.sources.sheet_rows import Area, Row


class Header(NamedTuple):
    """Names of columns, and the column of the sheet (from 0) where the first of them stands."""

    names: list[str]
    left: int


def header_of(
    rows: Iterator[Row], cells: CellReader, areas: Sequence[Area], layout: Layout
) -> tuple[Header, Iterator[Row]]:
    """Read the header; return it and the rows below."""
    first, last = layout.skip_rows + 1, layout.skip_rows + layout.header_rows
    titles: dict[tuple[int, int], str] = {}
    for row in rows:
        if row.number > last:
            rows = chain((row,), rows)
            break
        for column, stored in row.cells.items():
            titles[row.number, column] = _title(cells.read(stored).text)
    origin = {
        (row, column): (area.top, area.left)
        for area in areas
        if area.top <= last and area.bottom >= first
        for row in range(max(area.top, first), min(area.bottom, last) + 1)
        for column in range(area.left, min(area.right, MOST_COLUMNS) + 1)
    }
    names = {}
    for column in sorted({column for row, column in (*titles, *origin) if first <= row <= last}):
        places = dict.fromkeys(origin.get((row, column), (row, column)) for row in range(first, last + 1))
        names[column] = "/".join(title for place in places if (title := titles.get(place, "")))
    named = [column for column, name in names.items() if name]
    if not named:
        return Header([], 0), rows
    left = min(named)
    return Header([names.get(column, "") for column in range(left, max(named) + 1)], left), rows


MOST_COLUMNS = 16_384
"""Of a sheet."""


def _title(text: str | None) -> str:
    return "".join((text or "").split("\n")).replace("\r", "").strip()
