"""Rows of a published night, a few at a time, and where they were delivered; Spark is not asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from citylake.contract.model import CollectedContract, Input
from citylake.delta.small_read import rows_of_units
from citylake.lake import Lake
from citylake.ledger.deliveries.deliveries import delivery
from citylake.verify.night import Shown


class TooManyRowsError(RuntimeError):
    """One thing has more rows than can be shown."""


@dataclass(frozen=True)
class Origin:
    """Where a clean row's present state was delivered.

    Attributes:
        resource: what its department handed over.
        record: its key where that names nobody, else its record id.
        file: name of the delivered file, or what was asked of the database or API.
        line: line of the file, counted from 1.
    """

    resource: str
    record: str
    delivery: int
    file: str
    line: int
    as_of: date | None


@dataclass(frozen=True)
class Night:
    """A published night as this package reads it."""

    shown: Shown

    @property
    def lake(self) -> Lake:
        """The lake that published it."""
        return self.shown.lake

    def rows(
        self, table: str, choices: Sequence[Sequence[str]], values: Iterable[str], *, part: str | None = None
    ) -> pa.Table | None:
        """Return a table's rows in which one of the columns has one of the values; None if the night has no such table.

        Raises:
            TooManyRowsError: they are more than this process should hold.
        """
        held = self.shown.tables.get(table)
        wanted = sorted(set(values))
        if held is None or held.version is None or not wanted:
            return None
        found = rows_of_units(
            self.lake.location(table), held.version, choices, [(value,) for value in wanted], part=part
        )
        if found is None:
            raise TooManyRowsError(f"{table}: more rows than can be shown, or its files cannot be read")
        return found

    def input_rows(self, item: Input, value: str) -> pa.Table | None:
        """Return the rows of a derived table's input that belong to one unit."""
        return self.rows(item.table, item.any or [item.on], [value], part=item.part)

    def origins(self, clean: CollectedContract, column: str, values: Iterable[str]) -> dict[str, list[Origin]]:
        """Return where clean rows come from, by the value they have in a column.

        Args:
            clean: the table.
            column: ``_record_id`` or a column of subject ids.
            values: what is looked for.
        """
        found: dict[str, list[Origin]] = {}
        rows = self.rows(clean.name, [[column]], values)
        for row in rows.to_pylist() if rows is not None else ():
            found.setdefault(row[column], []).append(self._origin(clean, row))
        return {
            value: sorted(origins, key=lambda item: (item.as_of or date.min, item.delivery, item.line), reverse=True)
            for value, origins in found.items()
        }

    def _origin(self, clean: CollectedContract, row: Mapping[str, Any]) -> Origin:
        named = any(clean.columns[name].direct for name in clean.key)
        record = row["_record_id"] if named else "|".join(str(row[name]) for name in clean.key)
        known = delivery(self.lake.ledger, row["_delivery_id"])
        return Origin(clean.resource, record, row["_delivery_id"], known.name, row["_line"], row["_as_of"])
