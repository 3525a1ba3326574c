"""Random histories of a derived table's inputs, drawn by hypothesis from their contracts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from schemas.contract import CollectedContract
from tests.promises.plan import Row, Tables, Unit, named
from tests.promises.values import Values, is_direct

START = date(2026, 1, 30)
_PASSING = (0, 1, 2, 5, 30, 31, 365)
"""Days from one delivery to the next."""


@dataclass(frozen=True)
class Step:
    """A night: its business date, and how the inputs stand then."""

    day: date
    tables: Tables
    hidden: frozenset[str]
    """Columns whose values are not shown."""

    def __repr__(self) -> str:
        rows = [f"{self.day}:"]
        for table, held in self.tables.items():
            for row in held.values():
                said = {name: value for name, value in row.items() if value is not None and name not in self.hidden}
                rows.append(f"    {table} {said}")
        return "\n  ".join(rows)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


class Histories:
    """Makes histories for one table; strategies are kept, since making them costs more than drawing."""

    def __init__(self, values: Values, steps: int = 4) -> None:
        self.values = values
        self.steps = steps
        catalog = values.catalog
        self.hidden = frozenset(
            name
            for table in values.tables
            for name in values.columns(table)
            if is_direct(catalog.contract(table), name)
        )
        self.rows = lru_cache(maxsize=None)(self._rows)

    def strategy(self) -> st.SearchStrategy[list[Step]]:
        """Return histories: a first load, then deliveries that insert, update, delete, re-insert and move rows."""

        @st.composite
        def history(draw: st.DrawFn) -> list[Step]:
            day, steps = START, list[Step]()
            tables: Tables = {table: {} for table in self.values.tables}
            for number in range(self.steps):
                if number:
                    day += timedelta(days=draw(st.sampled_from(_PASSING)))
                tables = {table: self._delivered(draw, table, rows, day, number) for table, rows in tables.items()}
                steps.append(Step(day, tables, self.hidden))
            return steps

        return history()

    def _delivered(
        self, draw: st.DrawFn, table: str, present: Mapping[Unit, Row], day: date, number: int
    ) -> Mapping[Unit, Row]:
        if number and not draw(st.booleans()):
            return present
        after = dict(present)
        for key in list(present):
            if draw(st.integers(0, 4)) == 4:
                del after[key]
        for drawn in draw(self.rows(table, day, 5 if number == 0 else 2)):
            row = self._complete(table, dict(zip(self.drawn(table), drawn, strict=True)))
            after[named(row, self.values.catalog.contract(table).key)] = row
        return after

    def drawn(self, table: str) -> list[str]:
        """Return the columns of a table that are drawn; the record's id follows from its key."""
        return [name for name in self.values.columns(table) if name != "_record_id" or not self._is_clean(table)]

    def _is_clean(self, table: str) -> bool:
        return isinstance(self.values.catalog.contract(table), CollectedContract)

    def _complete(self, table: str, row: dict[str, object]) -> Row:
        if self._is_clean(table):
            row["_record_id"] = "r-" + "-".join(map(str, named(row, self.values.catalog.contract(table).key)))
        return row

    def _rows(self, table: str, day: date, most: int) -> st.SearchStrategy[list[tuple[object, ...]]]:
        columns = [st.sampled_from(self.values.of_column(table, name, day)) for name in self.drawn(table)]
        return st.lists(st.tuples(*columns), max_size=most)
