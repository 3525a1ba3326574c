"""What one table's run knows: the lake, the session, the date, and the contents it must read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from pyspark.sql import DataFrame, SparkSession

from citylake.contract.model import DerivedContract
from citylake.engine.clean.identity import key_frame
from citylake.engine.run.standing import Standing, standing
from citylake.lake import Lake
from citylake.ledger.nights.nights import Pin


@dataclass(frozen=True)
class TableResult:
    """What became of a table, or of one delivery of a resource.

    Attributes:
        state: written, unchanged, refused, failed or waiting.
        version: newest Delta version, None when the table has none.
        content: number of the content it now has.
        rows: live rows after.
        counts: lines per outcome (deliveries) or rows written and units touched (derived tables).
        seconds: wall time.
    """

    table: str
    state: str
    version: int | None = None
    content: int | None = None
    rows: int | None = None
    reason: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Context:
    """One task's surroundings, shared by the tables it makes one after the other."""

    lake: Lake
    spark: SparkSession
    business_date: date
    pinned: Mapping[str, Pin] = field(default_factory=dict)
    rebuild: bool = False

    @property
    def session_id(self) -> str:
        """Id by which another process can interrupt this session."""
        return str(self.spark.session_id)  # type: ignore[attr-defined]

    def keys(self) -> DataFrame:
        """Return the one-row frame with the key of record ids."""
        return key_frame(self.spark, self.lake.record_key)

    def standing_of(self, contract: DerivedContract) -> Standing:
        """Return where a derived table stands in this night."""
        return standing(self.lake, contract, self.business_date, self.pinned)
