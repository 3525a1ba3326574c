"""One input of a table tonight: which content of it, at which version, and where; imported without Spark."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from citylake.contract.model import Input
from citylake.ledger.runs.runs import Consumed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class InputVersion:
    """One input tonight: which content, at which version, and where."""

    alias: str
    input: Input
    content: int
    version: int
    uri: str
    rows: int | None = None
    """Of the whole table, as far as the ledger knows."""

    @property
    def consumed(self) -> Consumed:
        """What the ledger keeps of it."""
        return Consumed(content=self.content, version=self.version)

    def frame(self, spark: "SparkSession") -> "DataFrame":
        """Return the input's rows, of its part if it has one."""
        from citylake.delta.tables import at_version

        return of_part(at_version(spark, self.uri, self.version), self.input)


def of_part(rows: "DataFrame", item: Input) -> "DataFrame":
    """Return the rows of the input's part: those of one source."""
    return rows if item.part is None else rows.where(rows["source"] == item.part)
