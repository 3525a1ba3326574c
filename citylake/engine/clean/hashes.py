"""The hashes by which rows are compared: of a line's texts, and of what a row says.

Each is the XOR of one hash per column, name and value: a value that moves between columns changes it, a column that says
nothing leaves it as it is, and the order of columns is no part of it.
"""

from collections.abc import Iterable
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from citylake.contract.model import CollectedContract


def line_hash(contract: CollectedContract) -> Column:
    """Return the hash of a line's texts (``_text``) with their columns, NULL of a line that could not be read."""
    texts = _hashed((name, F.col(f"_text.`{name}`")) for name in contract.columns)
    return F.when(F.col("_unreadable").isNull(), texts)


def row_hash(contract: CollectedContract) -> Column:
    """Return the hash of a row's content with its column names."""
    return _hashed((name, _spelt(F.col(f"`{name}`"), column.type)) for name, column in contract.columns.items())


def _hashed(values: Iterable[tuple[str, Column]]) -> Column:
    said_nothing = F.lit(0).cast("bigint")
    each = [F.when(value.isNotNull(), F.xxhash64(F.lit(name), value)).otherwise(said_nothing) for name, value in values]
    return reduce(Column.bitwiseXOR, each)


def _spelt(value: Column, kind: str) -> Column:
    """Return what is hashed of a value: itself, of a decimal its digits, whose bytes no two engines hash alike."""
    return value.cast("string") if kind.startswith("decimal") else value
