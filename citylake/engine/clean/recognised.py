"""The lines of a large snapshot that clean rows were made of, word for word: what they mean is known, none is judged again.

A clean row keeps the hash of its line's texts. A contract that comes to mean something else rebuilds the table, so a row is
always what its contract makes of such a line today.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from citylake.contract.engine_columns import LINE_HASH
from citylake.contract.model import CollectedContract
from citylake.engine.check import check, warnings_counted


@dataclass(frozen=True)
class Recognised:
    """What is known of a delivery whose recognised lines are left out.

    Attributes:
        lines: how many were recognised; each is *unchanged*.
        keys: the key of every line of the delivery.
        warned: lines per warn rule, of the whole delivery.
        changed: what reading changed, of the whole delivery.
    """

    lines: int
    keys: DataFrame
    warned: Mapping[str, int]
    changed: Mapping[str, int]


def others(typed: DataFrame, current: DataFrame, contract: CollectedContract, *, spread: bool) -> DataFrame:
    """Return the lines that no clean row was made of, as they were delivered.

    Args:
        typed: conformed lines with their ``_line_hash``, no two of one key.
        current: the clean table, tombstones included. A row that is held back or deleted is not recognised.
        contract: key and columns.
        spread: the clean rows' keys fit into every worker's memory.
    """
    same = [*contract.key, LINE_HASH]
    known = current.where("NOT _deleted AND _held_since IS NULL").select(*same)
    left = typed.join(F.broadcast(known) if spread else known, same, "left_anti")
    return left.select("_line", "_unreadable", *[f"_text.`{name}`" for name in contract.columns])


def warned(
    typed: DataFrame, contract: CollectedContract, codes: Mapping[str, Mapping[str, str]], day: date
) -> dict[str, int]:
    """Return how many lines each warn rule names; only the columns that these rules ask for are read."""
    counted = warnings_counted(contract)
    if not counted:
        return {}
    found = check(typed, contract, codes, day).agg(*counted).collect()[0].asDict()
    return {name.removeprefix("warn:"): int(count) for name, count in found.items()}
