"""The incremental rule over rows held in Python: the same plan as ``citylake.engine``, whoever evaluates the SELECT.

Reads the fields of the contract that ``citylake/engine/derived/units.py`` and ``evaluate.py`` read: ``by``, ``on``, ``any``, ``via``,
``via_on``, ``all``, ``part`` and the column ``_recheck_on``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from citylake.contract.model import DerivedContract, Input

Row = Mapping[str, Any]
Unit = tuple[object, ...]
Tables = Mapping[str, Mapping[Unit, Row]]
"""Table -> key -> row."""
Evaluate = Callable[[Mapping[str, list[Row]], date], list[Row]]
"""Rows of every input by alias and the business date -> rows of the result, in the contract's columns."""


@dataclass(frozen=True)
class Night:
    """One night's table: its rows after it, and which units were evaluated (None: all)."""

    rows: list[Row]
    units: frozenset[Unit] | None


@dataclass(frozen=True)
class Plan:
    """How one table is brought up to its inputs."""

    contract: DerivedContract
    evaluate: Evaluate

    def rebuild(self, tables: Tables, day: date) -> list[Row]:
        """Return what evaluating everything gives."""
        every = {alias: of_part(tables[item.table].values(), item) for alias, item in self.contract.inputs.items()}
        return self._of_units(self.evaluate(every, day), None)

    def night(self, before: Tables, after: Tables, present: list[Row], day: date) -> Night:
        """Return what the present rows become when the inputs went from ``before`` to ``after``."""
        changes = {
            alias: images for alias, item in self.contract.inputs.items() if (images := _images(item, before, after))
        }
        if any(self.contract.inputs[alias].all for alias in changes):
            return Night(self.rebuild(after, day), None)
        units = frozenset(self._touched(changes, after, present, day))
        if not units:
            return Night(present, units)
        result = self._of_units(self.evaluate(self._narrowed(after, units), day), units)
        return Night([row for row in present if self.unit_of(row) not in units] + result, units)

    def unit_of(self, row: Row) -> Unit:
        """Return the unit a row of the result belongs to."""
        return named(row, self.contract.unit)

    def _touched(
        self, changes: Mapping[str, list[Row]], after: Tables, present: list[Row], day: date
    ) -> Iterator[Unit]:
        found = [unit for alias, images in changes.items() for unit in self._from_input(alias, images, after)]
        found += [self.unit_of(row) for row in present if (due := row.get("_recheck_on")) is not None and due <= day]
        yield from (unit for unit in found if None not in unit)

    def _from_input(self, alias: str, images: list[Row], after: Tables) -> Iterator[Unit]:
        item = self.contract.inputs[alias]
        if item.via is None:
            yield from (named(row, columns) for row in images for columns in item.any or (item.on,))
            return
        carrier = self.contract.inputs[item.via]
        wanted = {named(row, item.on) for row in images}
        for row in of_part(after[carrier.table].values(), carrier):
            if (carried := named(row, item.via_on or item.on)) in wanted and None not in carried:
                yield named(row, carrier.on)

    def _narrowed(self, tables: Tables, units: frozenset[Unit]) -> dict[str, list[Row]]:
        return {alias: list(self._of_input(item, tables, units)) for alias, item in self.contract.inputs.items()}

    def _of_input(self, item: Input, tables: Tables, units: frozenset[Unit]) -> Iterable[Row]:
        rows = of_part(tables[item.table].values(), item)
        if item.all or item.via is not None:
            return rows
        return [row for row in rows if any(named(row, columns) in units for columns in item.any or (item.on,))]

    def _of_units(self, result: list[Row], units: frozenset[Unit] | None) -> list[Row]:
        kept = [row for row in result if None not in self.unit_of(row)]
        return kept if units is None else [row for row in kept if self.unit_of(row) in units]


def named(row: Row, columns: Iterable[str]) -> Unit:
    """Return a row's values of some columns."""
    return tuple(row[name] for name in columns)


def of_part(rows: Iterable[Row], item: Input) -> list[Row]:
    """Return the rows of the input's part, all when it has none."""
    return [row for row in rows if item.part is None or row["source"] == item.part]


def _images(item: Input, before: Tables, after: Tables) -> list[Row]:
    """Return the old and new images of an input's rows that differ, as its change feed holds them."""
    old, new = before[item.table], after[item.table]
    sides = [(old, new), (new, old)]
    return of_part((row for one, other in sides for key, row in one.items() if other.get(key) != row), item)
