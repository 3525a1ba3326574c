"""Cells under a merged one: what is seen there stands elsewhere, and whose it is nobody has said."""

from collections.abc import Sequence

from citylake.sources.sheet_rows import Area, Row


class Covered:
    """Follows the rows of a sheet from top to bottom and tells which of their cells are covered."""

    def __init__(self, areas: Sequence[Area], header_ends: int) -> None:
        self._coming = sorted(areas, reverse=True)
        self._header_ends = header_ends
        self._open: list[Area] = []

    def of(self, row: Row) -> list[tuple[int, int]]:
        """Return the covered cells of a row as ranges of columns; where nothing is seen, nothing covers."""
        number = row.number
        found = []
        while self._coming and self._coming[-1].top <= number:
            area = self._coming.pop()
            if area.top <= self._header_ends or (area.top == number and _is_seen(row, area)):
                self._open.append(area)
        self._open = [area for area in self._open if area.bottom >= number]
        for area in self._open:
            left = area.left + 1 if area.top == number else area.left
            if left <= area.right:
                found.append((left, area.right))
        return found


def _is_seen(row: Row, area: Area) -> bool:
    stored = row.cells.get(area.left)
    return stored is not None and (bool(stored.value) or stored.has_formula)
