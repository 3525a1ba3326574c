"""What reading changed of a delivery's values, counted per rule and column: no value is changed in silence."""

from collections.abc import Mapping
from functools import reduce
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from citylake.contract.model import CollectedContract
from citylake.contract.patterns import whole_value
from citylake.standards.signs import CHANGES, changed
from citylake.words import CHANGED, change_key

_BITS = 60
"""Columns that one whole number has room for, a bit each."""
_SERIAL = whole_value(r"\s*[+-]?\d{1,5}\s*")
"""Text of a day as Excel counts days; a workbook's cells that hold one have become dates before, and were counted there."""


def changed_values(contract: CollectedContract) -> Column:
    """Return which of a line's values reading changes: whole numbers with a bit per column.

    Nearly all lines are told by it that there is nothing to count.
    """
    names = list(contract.columns)
    chunks = [names[start : start + _BITS] for start in range(0, len(names), _BITS)]
    return F.array(
        *[
            reduce(Column.bitwiseOR, [_bit(contract, place, name) for place, name in enumerate(chunk)])
            for chunk in chunks
        ]
    )


def changes_counted(contract: CollectedContract) -> list[Column]:
    """Return how many lines of conformed ones each rule changes in each column."""
    return [
        F.count_if(_has_bit(place) & is_so).alias(change_key(rule, name))
        for place, name in enumerate(contract.columns)
        for rule, is_so in _rules(contract, name).items()
    ]


def told(seen: Mapping[str, Any]) -> dict[str, int]:
    """Return those of the counted changes that there were."""
    return {name: int(count) for name, count in seen.items() if name.startswith(CHANGED) and count}


def _holds_serials(contract: CollectedContract, name: str) -> bool:
    return "excel_serial" in contract.columns[name].format


def _rules(contract: CollectedContract, name: str) -> dict[str, Column]:
    text = F.col(f"_text.`{name}`")
    rules = {rule: text.rlike(pattern) for rule, pattern in CHANGES.items()}
    if _holds_serials(contract, name):
        # A number that is no day of Excel's is unreadable, not changed.
        rules["serial_to_date"] = text.rlike(_SERIAL) & F.col(f"`{name}`").isNotNull()
    return rules


def _bit(contract: CollectedContract, place: int, name: str) -> Column:
    text = F.col(f"`{name}`")
    is_changed = changed(text)
    if _holds_serials(contract, name):
        is_changed |= text.rlike(_SERIAL)
    return F.when(is_changed, F.lit(1 << place)).otherwise(F.lit(0)).cast("bigint")


def _has_bit(place: int) -> Column:
    return F.col("_changed")[place // _BITS].bitwiseAND(F.lit(1 << place % _BITS).cast("bigint")) != 0
