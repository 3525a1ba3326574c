"""Random histories of a derived table's inputs, made from their contracts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

from hypothesis import strategies as st

from citylake.contract.model import CollectedContract
from tests.promises.plan import Row, Tables, Unit, named
from tests.promises.values import TEXTS, Values, is_direct

Choose = Callable[[Sequence[Any]], Any]
"""Chooses one of several: hypothesis, or a seeded generator."""
START = date(2026, 1, 30)
NIGHTS = 4
_PASSING = (0, 1, 2, 5, 30, 31, 365)
"""Days from one night to the next."""
_AT_FIRST, _LATER = range(6), range(3)
"""How many rows a table gets the first time, and then."""


@dataclass(frozen=True)
class Step:
    """A night: its business date, and how the inputs stand then."""

    day: date
    tables: Tables
    before: Tables
    """How they stood the night before."""
    hidden: frozenset[str]
    """Columns whose values are not shown."""

    def __repr__(self) -> str:
        rows = [f"{self.day}:"]
        for table, held in self.tables.items():
            old = self.before[table]
            rows += [f"    {table} - {key}" for key in old if key not in held]
            rows += [f"    {table} + {self._said(row)}" for key, row in held.items() if old.get(key) != row]
        return "\n  ".join(rows)

    def _said(self, row: Row) -> str:
        shown = {name: value for name, value in row.items() if value is not None and name not in self.hidden}
        return ", ".join(f"{name}={value}" for name, value in shown.items())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


@dataclass(frozen=True)
class Histories:
    """Makes histories of one table's inputs: a first load, then rows come, change, move to other units, go, come back."""

    values: Values

    def drawn(self) -> st.SearchStrategy[list[Step]]:
        """Return histories as hypothesis draws and shrinks them."""
        strategies: dict[int, st.SearchStrategy[Any]] = {}

        def strategy(pool: Sequence[Any]) -> st.SearchStrategy[Any]:
            # Pools are kept by Values, so that an id stands for one of them; making a strategy costs more than drawing.
            return strategies.setdefault(id(pool), st.sampled_from(pool))

        @st.composite
        def history(draw: st.DrawFn) -> list[Step]:
            choose: Choose = lambda pool: draw(strategy(pool))  # noqa: E731
            passed = [0, *[choose(_PASSING) for _ in range(NIGHTS - 1)]]
            return list(self.steps(choose, [START + timedelta(days=days) for days in accumulate(passed)]))

        return history()

    def steps(self, choose: Choose, days: Sequence[date]) -> Iterator[Step]:
        """Give out one history, a night per day."""
        contracts = [self.values.catalog.contract(table) for table in self.values.tables]
        hidden = frozenset(name for item in contracts for name in item.columns if is_direct(item, name))
        tables: Tables = {table: {} for table in self.values.tables}
        for number, day in enumerate(days):
            before = tables
            tables = {table: self._delivered(choose, table, rows, day, number) for table, rows in before.items()}
            yield Step(day, tables, before, hidden)

    def _delivered(
        self, choose: Choose, table: str, present: Mapping[Unit, Row], day: date, number: int
    ) -> Mapping[Unit, Row]:
        if number and not choose(_MOVES):
            return present
        after = {key: row for key, row in present.items() if not choose(_GOES)}
        for _ in range(choose(_LATER if number else _AT_FIRST)):
            row = self._row(choose, table, day)
            after[named(row, self.values.catalog.contract(table).key)] = row
        return after

    def _row(self, choose: Choose, table: str, day: date) -> Row:
        contract = self.values.catalog.contract(table)
        row = {name: choose(self.values.of_column(table, name, day)) for name in self.values.columns(table)}
        if isinstance(contract, CollectedContract):  # a record's id follows from its key
            row["_record_id"] = "r-" + "-".join(map(str, named(row, contract.key)))
        return row


_MOVES = (False, True)
_GOES = (False, False, False, False, True)


def side_by_side(histories: Sequence[Sequence[Step]]) -> list[Step]:
    """Return many histories of the same days as one, their texts kept apart so that no rows of two of them meet."""
    return [
        Step(
            steps[0].day,
            _united([step.tables for step in steps]),
            _united([step.before for step in steps]),
            steps[0].hidden,
        )
        for steps in zip(*histories, strict=True)
    ]


def _united(many: Sequence[Tables]) -> Tables:
    return {
        table: {
            tuple(_of_history(value, number) for value in key): {n: _of_history(v, number) for n, v in row.items()}
            for number, tables in enumerate(many)
            for key, row in tables[table].items()
        }
        for table in many[0]
    }


def _of_history(value: Any, number: int) -> Any:
    return f"{value}{number}" if value in TEXTS else value
