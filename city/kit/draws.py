"""Values drawn for the rows of a resource, each a hash of the row's key and a field: the small change of every generator.

A field is what is drawn, such as ``blood_type``: two resources that name one field draw the same value for one key.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from city.kit.layouts import layout
from city.world.city import City
from city.world.frames import Column
from city.world.hashing import Bools, Ints
from city.world.texts import NONE, Text, blank_where, choose, constant, join, nulls, number, take
from citylake.contract.catalog import load_catalog
from citylake.contract.errors import ContractError


class Draws(ABC):
    """Rows with a key each."""

    resource: str

    @property
    @abstractmethod
    def city(self) -> City:
        """The city."""

    @property
    @abstractmethod
    def numbers(self) -> Ints:
        """Numbers of the persons or firms the rows are about."""

    @property
    def keys(self) -> Ints:
        """What values are drawn by, one key per row."""
        return self.numbers

    def constant(self, text: str) -> Text:
        """Return one text for all rows."""
        return constant(text, len(self.keys))

    def nothing(self) -> Text:
        """Return no text for any row."""
        return nulls(len(self.keys))

    def choice(self, field: str, pool: Sequence[str]) -> Text:
        """Return one text of a pool per row; what stands in it twice comes twice as often."""
        return take(tuple(pool), self.city.pick(self.keys, field, len(pool)))

    def code(self, column: str) -> Text:
        """Return one code per row of the list that the contract names for a column, none that is no longer given out."""
        return self.choice(f"{self.resource}.{column}", _codes(self.resource, column))

    def serial(self, field: str, prefix: str = "", width: int = 10) -> Text:
        """Return a number that nobody else has, after a prefix; rows about one person or firm share it."""
        return join(prefix, number(self.city.serial(self.numbers, field), width))

    def digits(self, field: str, width: int, prefix: str = "") -> Text:
        """Return digits after a prefix; keys may share them."""
        return join(prefix, number(self.city.pick(self.keys, field, 10**width), width))

    def count(self, field: str, low: int, high: int) -> Ints:
        """Return whole numbers from ``low`` to ``high``: counts, days, or cents."""
        return low + self.city.pick(self.keys, field, high - low + 1)

    def amount(self, field: str, low: int, high: int, step: int = 1) -> Ints:
        """Return amounts between whole yuan, in cents, in steps of yuan."""
        return (low + step * self.city.pick(self.keys, field, (high - low) // step + 1)) * 100

    def days(self, field: str, since: Ints | int, low: int, high: int) -> Ints:
        """Return a day from ``low`` to ``high`` days after another, or before it where they are negative."""
        return since + self.count(field, low, high)

    def chance(self, field: str, rate: float) -> Bools:
        """Say which rows something befalls, at a rate."""
        return self.city.chance(self.keys, field, rate)

    def flag(self, condition: Bools, yes: str = "1", no: str = "0") -> Text:
        """Return one of two codes."""
        return choose(condition, yes, no)

    def only(self, where: Bools, column: Column) -> Column:
        """Return a column that says nothing but where a condition holds."""
        return np.where(where, column, NONE) if isinstance(column, np.ndarray) else blank_where(column, ~where)


@lru_cache(maxsize=1024)
def _codes(resource: str, column: str) -> tuple[str, ...]:
    catalog, contract = load_catalog(), layout(resource).contract
    name = contract.columns[column].codes if column in contract.columns else None
    if name is None:
        listed = [name for name, said in contract.columns.items() if said.codes is not None]
        raise ContractError(
            f"city/departments/{resource.replace('.', '/')}.py: the contract names no code list for {column},"
            f" but for {', '.join(listed) or 'no column'}: draw it with choice() from texts of your own"
        )
    return tuple(code for code in catalog.codes[name] if code not in catalog.successors.get(name, {}))
