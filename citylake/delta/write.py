"""write: a run's commits. Each carries the run's number, is fenced against ghosts, and is found in the log after."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.readwriter import DataFrameWriter

from citylake.delta.difference import Changed
from citylake.delta.errors import CommitLostError
from citylake.delta.fetch import fetch
from citylake.delta.log import Commit, find_commit, newest_version
from citylake.delta.small_read import HELD_ROWS, fits
from citylake.delta.small_write import is_small, takes, units_predicate, write_few
from citylake.delta.sql_text import literal, quoted
from citylake.delta.tables import as_frame
from citylake.delta.unit_write import replace_units

Rows: TypeAlias = DataFrame | pa.Table
"""Rows on their way into a table; those held in this process are written by it where that is cheaper than asking Spark."""

LISTED_UNITS = 1_000
"""Up to this many units a literal list is cheaper than a join, and also removes units that vanished."""


@dataclass
class Writer:
    """All commits of one run to one table.

    Attributes:
        table: name, for errors and the transaction id.
        uri: where the table lies.
        fence: id of the ledger; with table and step it names the stream of transactions.
        run_id: number of the run, greater than that of any run before it.
        steps: how many commits the run makes on this table.
        outcome: what the ledger must know if it has to be told from the log alone.
        part: tells apart writers of one run to one table, which would otherwise fence each other.
    """

    spark: SparkSession
    table: str
    uri: str
    fence: str
    run_id: int
    steps: int = 1
    outcome: dict[str, Any] = field(default_factory=dict)
    part: str = ""
    commits: list[Commit] = field(default_factory=list)
    _before: int = -1

    def __post_init__(self) -> None:
        version = newest_version(self.uri)
        self._before = -1 if version is None else version

    @property
    def bytes_written(self) -> int:
        """Bytes that all commits so far added."""
        return sum(item.bytes_written for item in self.commits)

    def append(self, rows: Rows) -> Commit:
        """Add rows."""
        if isinstance(rows, pa.Table) and takes(self.uri):
            return self._few(rows, append=True)
        self._writer(rows).mode("append").save(self.uri)
        return self._committed()

    def overwrite(self, rows: Rows) -> Commit:
        """Put rows in the place of everything."""
        if isinstance(rows, pa.Table) and takes(self.uri):
            return self._few(rows)
        self._writer(rows).mode("overwrite").save(self.uri)
        return self._committed()

    def replace_listed(self, rows: Rows, by: Sequence[str], units: Sequence[tuple[object, ...]]) -> Commit:
        """Put rows in the place of all rows of the listed units, in one commit.

        Args:
            rows: new rows; every one belongs to a listed unit.
            by: columns that name a unit.
            units: at most ``LISTED_UNITS`` values of ``by``.
        """
        if isinstance(rows, pa.Table) and takes(self.uri):
            predicate = units_predicate(by, units) if is_small(self.uri) else None
            if predicate is not None:
                return self._few(rows, predicate=predicate)
            named = [
                pa.array(values, rows.schema.field(name).type)
                for name, values in zip(by, zip(*units, strict=True), strict=True)
            ]
            if self._in_place(rows, by, pa.table(named, list(by))):
                return self._committed()
        return self.replace_where(rows, in_units(by, units))

    def replace_using(self, rows: Rows, by: Sequence[str]) -> Commit:
        """Put rows in the place of all rows that share a value of ``by`` with one of them."""
        if isinstance(rows, pa.Table) and self._in_place(rows, by, rows.group_by(list(by)).aggregate([])):
            return self._committed()
        # The option takes bare names; quoted ones fail. Contracts allow no name that would need quotes.
        self._writer(rows).mode("overwrite").option("replaceUsing", ",".join(by)).save(self.uri)
        return self._committed()

    def replace_where(self, rows: Rows, predicate: str) -> Commit:
        """Put rows in the place of all rows the predicate finds."""
        self._writer(rows).mode("overwrite").option("replaceWhere", predicate).save(self.uri)
        return self._committed()

    def replace_changed(self, rows: DataFrame, changed: Changed) -> None:
        """Put rows in the place of the rows of all changed units, in ``changed.steps`` commits.

        Args:
            rows: the new rows of the changed units.
            changed: the units; those that vanished have no rows.
        """
        if changed.units <= HELD_ROWS and takes(self.uri):
            held, steps = fetch(rows.limit(HELD_ROWS + 1)), self.steps
            self.steps = len(self.commits) + 1
            if fits(held) and self._in_place(held, changed.by, fetch(changed.frame.select(*changed.by))):
                self._committed()
                return
            self.steps = steps
        if changed.vanished < changed.units:
            self.replace_using(rows, changed.by)
        if changed.vanished:
            self.delete_units(changed.by, changed.gone())

    def delete_units(self, by: Sequence[str], units: DataFrame) -> Commit:
        """Remove all rows of more units than a literal list should hold.

        ``replaceUsing`` cannot remove a unit without new rows and DELETE takes no subquery, so this one rare step is a
        MERGE that only deletes.
        """
        units.createOrReplaceTempView("_units_to_delete")
        matched = " AND ".join(f"t.{quoted(name)} = u.{quoted(name)}" for name in by)
        return self._statement(
            f"MERGE INTO delta.{quoted(self.uri)} t USING _units_to_delete u ON {matched} WHEN MATCHED THEN DELETE"
        )

    def _few(self, rows: pa.Table, *, predicate: str | None = None, append: bool = False) -> Commit:
        write_few(
            self.table, self.uri, rows, metadata=self._metadata(), stream=self._stream(), run_id=self.run_id,
            predicate=predicate, append=append,
        )  # fmt: skip
        return self._committed()

    def _in_place(self, rows: pa.Table, by: Sequence[str], units: pa.Table) -> bool:
        """Put rows in the place of those of the units in this process; return whether that was done."""
        return takes(self.uri) and replace_units(
            self.table, self.uri, rows, by, units, metadata=self._metadata(), stream=self._stream(), run_id=self.run_id
        )

    def _writer(self, rows: Rows) -> DataFrameWriter:
        return (
            as_frame(self.spark, rows)
            .write.format("delta")
            .options(userMetadata=self._metadata(), txnAppId=self._stream(), txnVersion=str(self.run_id))
        )

    def _statement(self, text: str) -> Commit:
        """Run a statement that takes its transaction id and metadata from the session."""
        conf = {
            "spark.databricks.delta.commitInfo.userMetadata": self._metadata(),
            "spark.databricks.delta.write.txnAppId": self._stream(),
            "spark.databricks.delta.write.txnVersion": str(self.run_id),
        }
        for key, value in conf.items():
            self.spark.conf.set(key, value)
        try:
            self.spark.sql(text).collect()
        finally:
            for key in conf:
                self.spark.conf.unset(key)
        return self._committed()

    def _metadata(self) -> str:
        step = len(self.commits) + 1
        return json.dumps({"run": self.run_id, "step": step, "of": self.steps, "outcome": self.outcome}, default=str)

    def _stream(self) -> str:
        return f"{self.fence}/{self.table}{self.part}/{len(self.commits) + 1}"

    def _committed(self) -> Commit:
        """Return the commit just made; success without one is an error, for a fenced write also reports success."""
        step = len(self.commits) + 1
        found = find_commit(self.uri, self.run_id, step, after=self._before)
        if found is None:
            raise CommitLostError(
                self.table,
                f"run {self.run_id} step {step} wrote nothing: a newer run has been here; run the table again",
            )
        self.commits.append(found)
        return found


def in_units(by: Sequence[str], units: Sequence[tuple[object, ...]]) -> str:
    """Return a predicate that is true for rows of the listed units."""
    if len(by) == 1:
        return f"{quoted(by[0])} IN ({', '.join(literal(unit[0]) for unit in units)})"
    names = ", ".join(quoted(name) for name in by)
    rows = ", ".join(f"({', '.join(literal(value) for value in unit)})" for unit in units)
    return f"({names}) IN ({rows})"
