"""Values for the columns of a derived table's inputs: few of each, so that joins hit, and dates near the business date."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import sqlglot
from dateutil.relativedelta import relativedelta
from sqlglot import exp

from citylake.contract.catalog import Catalog
from citylake.contract.model import CollectedContract, Contract, DerivedContract
from citylake.contract.rules import Rule
from citylake.delta.tables import columns_of

Place = tuple[str, str]
"""Table and column."""
TEXTS = ("a", "b", "c")
"""What every text without a code list may say, whatever its column: whichever columns are joined, some rows meet."""
_FEW = 3
_DAYS = (0, -1, 1, -2, -15, -30, -31, 5, 20, 31, -364, -365, -366, -367, 365, -4_000)
_MONTHS = (0, -1, -2, -11, -12, -13, 1)
_ENGINE_MADE: Mapping[str, Sequence[Any]] = {
    "_deleted": (False, True),
    "_row_hash": (0,),
    "_delivery_id": (1,),
    "_line": (1,),
}
_TIMES = (time(0, 0), time(23, 59, 59))


@dataclass
class Values:
    """What the inputs of one derived table may hold."""

    catalog: Catalog
    contract: DerivedContract
    text: str | None
    """Its SELECT; None when a Python transform makes it."""
    _columns: dict[str, dict[str, str]] = field(default_factory=dict)
    _pools: dict[tuple[str, str, date], tuple[Any, ...]] = field(default_factory=dict)

    @cached_property
    def tables(self) -> list[str]:
        """The tables it reads, each once."""
        return sorted({item.table for item in self.contract.inputs.values()})

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of an input table and their types."""
        if table not in self._columns:
            self._columns[table] = self._read_columns(table)
        return self._columns[table]

    def _read_columns(self, table: str) -> dict[str, str]:
        return {column.name: column.type for column in columns_of(self.catalog.contract(table))}

    def rules(self, table: str) -> list[Rule]:
        """Return what the rows of an input are known to keep: lines or tables that do not are stopped."""
        contract = self.catalog.contract(table)
        if contract.layer == "linked":
            assert isinstance(contract, DerivedContract)
            contract = self.catalog.clean_of(contract)
        rules = contract.rules
        return list(rules.quarantine if isinstance(contract, CollectedContract) else rules.gate)

    def of_column(self, table: str, column: str, day: date) -> Sequence[Any]:
        """Return the values a column may take in a row delivered for a day, the plainest first; asked again, the same object."""
        if (table, column, day) not in self._pools:
            self._pools[table, column, day] = tuple(self._of_column(table, column, day))
        return self._pools[table, column, day]

    def _of_column(self, table: str, column: str, day: date) -> Sequence[Any]:
        if not self.is_read(table, column):
            return (None,)
        place = (table, column)
        found = self._engine_made(place) or self._plain(place, day)
        rules = [rule for rule in self.rules(table) if rule.column == column]
        kept = [value for value in found if all(_keeps(rule, value, day) for rule in rules)]
        is_needed = column in self.catalog.contract(table).key or any(rule.name == "not_null" for rule in rules)
        return kept if is_needed else [*kept, None]

    def is_read(self, table: str, column: str) -> bool:
        """Return whether a column can matter: the SELECT or the contract names it."""
        carrying = {name for item in self.contract.inputs.values() for name in (*item.on, *item.via_on)}
        carrying |= {name for item in self.contract.inputs.values() for names in item.any for name in names}
        needed = {*carrying, *self.catalog.contract(table).key, "source", "_record_id"}
        return column in needed or self._named is None or column in self._named

    @cached_property
    def _named(self) -> frozenset[str] | None:
        """Columns that the SELECT names; None when there is none to read."""
        if self.text is None:
            return None
        return frozenset(column.name for column in sqlglot.parse_one(self.text, read="spark").find_all(exp.Column))

    def _engine_made(self, place: Place) -> list[Any]:
        table, column = place
        if self.catalog.contract(table).columns.get(column) is not None:
            parts = {item.part for item in self.contract.inputs.values() if item.table == table and item.part}
            return [*sorted(parts), "other.thing"] if parts and column == "source" else []
        return list(_ENGINE_MADE.get(column, ()))

    def _plain(self, place: Place, day: date) -> list[Any]:
        table, column = place
        said = self.catalog.contract(table).columns.get(column)
        compared = self._compared[column]
        if said is None or said.type == "month" or said.spark_type != "string":
            kind = said.type if said is not None else self.columns(table)[column]
            return self._typed(kind, day)
        if said.codes is None:
            return [*TEXTS, *compared]
        codes = list(self.catalog.codes[said.codes])
        return [*[code for code in compared if code in codes], *codes[:_FEW]]

    def _typed(self, kind: str, day: date) -> list[Any]:
        match kind.partition("(")[0]:
            case "date":
                return _days(day)
            case "timestamp":
                return [datetime.combine(near, moment) for near in _days(day) for moment in _TIMES]
            case "month":
                return [f"{day + relativedelta(months=months):%Y-%m}" for months in _MONTHS]
            case "decimal":
                return _decimals(kind)
            case "int" | "bigint":
                return [1, 0, 2, 40]
            case "boolean":
                return [True, False]
            case "double":
                return [0.5, 0.0, 2.0]
            case _:
                return list(TEXTS)

    @cached_property
    def _compared(self) -> dict[str, list[str]]:
        """Texts that the SELECT compares a column with, by the column's name."""
        found: dict[str, list[str]] = defaultdict(list)
        for test in sqlglot.parse_one(self.text, read="spark").find_all(exp.EQ, exp.NEQ, exp.In) if self.text else ():
            texts = [item.this for item in test.find_all(exp.Literal) if item.is_string]
            for column in test.find_all(exp.Column):
                found[column.name] += [text for text in texts if text not in found[column.name]]
        return found


def _decimals(kind: str) -> list[Decimal]:
    precision, scale = (int(part) for part in kind.removeprefix("decimal(").removesuffix(")").split(","))
    step = Decimal(1).scaleb(-scale)
    found = [step * steps for steps in (1, 0, -5, 10_000, 200_000)]
    return [value for value in found if abs(value) < Decimal(10) ** (precision - scale)]


def _days(day: date) -> list[date]:
    ends = [day.replace(day=1), day.replace(day=1) + relativedelta(months=1)]
    return [*[day + timedelta(days=days) for days in _DAYS], *ends]


def _keeps(rule: Rule, value: Any, day: date) -> bool:
    match rule.name:
        case "not_in_future":
            return (value.date() if isinstance(value, datetime) else value) <= day
        case "in_range":
            low, high = rule.arguments.get("min"), rule.arguments.get("max")
            return (low is None or value >= low) and (high is None or value <= high)
        case _:
            return True


def is_direct(contract: Contract, column: str) -> bool:
    """Return whether a column holds direct identifiers, whose values no message repeats."""
    said = contract.columns.get(column)
    return said is not None and said.direct
