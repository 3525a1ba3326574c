"""What a Python transform itself says it changes, where an input that counts as a whole would mean to make everything."""

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from citylake.contract.model import DerivedContract
from citylake.delta.sql_text import quoted
from citylake.delta.tables import derived_columns
from citylake.engine.derived.evaluate import TransformRun
from citylake.engine.derived.units import Units, collected
from citylake.engine.transforms import select_text, transform_module


@dataclass(frozen=True)
class Offer:
    """Units that a transform has looked at, and their rows; units without rows have vanished.

    Attributes:
        units: distinct values of the unit's columns, cheap to read.
        rows: the contract's columns, cheap to read.
    """

    units: DataFrame
    rows: DataFrame


def offered(contract: DerivedContract, run: TransformRun, staged: str) -> tuple[Units, DataFrame] | None:
    """Return the units that a table's transform offers to change and their rows, shaped by the contract.

    A module of a Python transform may have ``changes(run) -> Offer | None`` beside ``transform``. None: it has no such
    function, or it says that everything is to be made.
    """
    if select_text(run.catalog, contract, run.lake.transforms) is not None:
        return None
    module = transform_module(contract, run.lake.transforms)
    changes: Callable[[TransformRun], Offer | None] | None = getattr(module, "changes", None)
    offer = changes(run) if changes is not None else None
    if offer is None:
        return None
    columns = derived_columns(contract)
    rows = offer.rows.select(*[F.col(quoted(item.name)).cast(item.type).alias(item.name) for item in columns])
    return collected(offer.units.select(*contract.unit), contract.unit, staged), rows
