"""Units of recomputation: which ones the night has touched, as a short list or as a table of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from citylake.contract.model import DerivedContract
from citylake.delta.input_version import InputVersion, of_part
from citylake.delta.small_feed import due as due_units
from citylake.delta.small_feed import named_by
from citylake.delta.small_read import Values
from citylake.delta.sql_text import quoted
from citylake.delta.tables import at_version, feed, local_frame
from citylake.delta.write import LISTED_UNITS, in_units
from citylake.ledger.runs.runs import Consumed


@dataclass(frozen=True)
class Due:
    """Rows of a table that are looked at again: ``_recheck_on`` has come by ``day``."""

    uri: str
    version: int
    day: date


@dataclass(frozen=True)
class Units:
    """Touched units: ``listed`` when they are few, else ``frame`` (columns ``by``, distinct, not null)."""

    by: tuple[str, ...]
    listed: tuple[Values, ...] | None
    frame: DataFrame | None = None

    def restrict(self, rows: DataFrame, columns: Sequence[str]) -> DataFrame:
        """Return the rows whose ``columns`` (in the order of ``by``) name one of these units."""
        if self.listed is not None:
            return rows.where(in_units(columns, self.listed)) if self.listed else rows.where(F.lit(False))
        return self._joined(rows, columns, "left_semi")

    def without(self, rows: DataFrame, columns: Sequence[str]) -> DataFrame:
        """Return the other rows of a table: those whose ``columns`` name none of these units."""
        if self.listed is not None:
            return rows.where(f"NOT ({in_units(columns, self.listed)})") if self.listed else rows
        return self._joined(rows, columns, "left_anti")

    def _joined(self, rows: DataFrame, columns: Sequence[str], how: str) -> DataFrame:
        assert self.frame is not None
        names = {f"_unit_{index}": F.col(quoted(name)) for index, name in enumerate(self.by)}
        wanted = self.frame.select(*[column.alias(name) for name, column in names.items()])
        same = [F.col(quoted(column)) == F.col(f"_unit_{index}") for index, column in enumerate(columns)]
        return rows.join(wanted, same, how)

    def restrict_any(self, rows: DataFrame, choices: Sequence[Sequence[str]]) -> DataFrame:
        """Return the rows of which at least one of the column tuples names one of these units."""
        if self.listed is not None:
            predicates = [in_units(columns, self.listed) for columns in choices] if self.listed else ["false"]
            return rows.where(" OR ".join(f"({predicate})" for predicate in predicates))
        assert self.frame is not None
        wanted = self.frame.toDF(*[f"_unit_{index}" for index in range(len(self.by))])
        matches = [
            reduce(lambda a, b: a & b, [F.col(quoted(c)) == F.col(f"_unit_{i}") for i, c in enumerate(columns)])
            for columns in choices
        ]
        return rows.join(F.broadcast(wanted), reduce(lambda a, b: a | b, matches), "left_semi")


def touched(
    spark: SparkSession,
    contract: DerivedContract,
    versions: Mapping[str, InputVersion],
    moved: Mapping[str, Consumed],
    due: Due | None,
    staged: str,
) -> Units:
    """Return the units that the moved inputs' changes name, and those that are due by time alone.

    What this process can read of it is not asked of Spark.

    Args:
        spark: session.
        contract: the derived table.
        versions: where every input stands.
        moved: aliases of inputs whose content moved -> what was consumed of them last.
        due: where the table's own rows lie of which some are due, or None.
        staged: URI to which many units are written.
    """
    known: set[Values] = set()
    left: list[DataFrame] = []
    for alias, consumed in moved.items():
        named = named_by(versions, alias, consumed.version)
        if named is None:
            left.append(_from_input(spark, contract, versions, alias, consumed))
        known |= named or set()
    if due is not None:
        come = due_units(due.uri, due.version, contract.unit, due.day)
        if come is None:
            rows = at_version(spark, due.uri, due.version).where(F.col("_recheck_on") <= F.lit(due.day))
            left.append(rows.select(*[quoted(name) for name in contract.unit]))
        known |= come or set()
    if not left and len(known) <= LISTED_UNITS:
        return Units(contract.unit, tuple(sorted(known, key=repr)))
    named_units = [frame.toDF(*contract.unit) for frame in left]
    if known:
        columns = zip(*sorted(known, key=repr), strict=True)
        named_units.append(local_frame(spark, pa.table([pa.array(column) for column in columns], list(contract.unit))))
    found = reduce(DataFrame.unionAll, named_units)
    return collected(found.dropna(subset=list(contract.unit)).distinct(), contract.unit, staged)


def collected(units: DataFrame, by: tuple[str, ...], staged: str) -> Units:
    """Return the units as a list if they are few, else as a table written to ``staged`` once."""
    few = units.limit(LISTED_UNITS + 1).collect()
    if len(few) <= LISTED_UNITS:
        return Units(by, tuple(sorted((tuple(row) for row in few), key=repr)))
    units.write.mode("overwrite").parquet(staged)
    return Units(by, None, units.sparkSession.read.schema(units.schema).parquet(staged))


def _from_input(
    spark: SparkSession,
    contract: DerivedContract,
    versions: Mapping[str, InputVersion],
    alias: str,
    consumed: Consumed,
) -> DataFrame:
    taken = versions[alias]
    item = taken.input
    changes = of_part(feed(spark, contract.name, taken.uri, consumed.version, taken.version), item)
    if item.any:
        choices = [changes.select(*[quoted(name) for name in columns]).toDF(*contract.unit) for columns in item.any]
        return reduce(DataFrame.unionAll, choices)
    values = changes.select(*[quoted(name) for name in item.on])
    if item.via is None:
        return values
    carrier = versions[item.via]
    wanted = values.distinct().toDF(*[f"_via_{index}" for index in range(len(item.on))])
    carried = item.via_on or item.on
    rows = carrier.frame(spark)
    same = [F.col(quoted(name)) == F.col(f"_via_{index}") for index, name in enumerate(carried)]
    return rows.join(F.broadcast(wanted), same, "left_semi").select(*[quoted(name) for name in carrier.input.on])
