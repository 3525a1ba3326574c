"""A delivery's judged lines while its tables are written: scratch Parquet that Spark reads, or, of few, rows of this process."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from citylake.delta.sql_text import quoted
from citylake.delta.tables import as_frame
from citylake.delta.write import Rows
from citylake.ledger.deliveries.deliveries import Problem

_ARROW = {"bigint": pa.int64(), "date": pa.date32(), "boolean": pa.bool_()}


@dataclass(frozen=True)
class Constant:
    """One value for all rows; ``type`` as Spark calls it."""

    value: int | bool | date | None
    type: str


Pick = str | Constant
"""Where a column comes from: another one (``a.b`` of a struct), or a value."""


def with_outcome(lines: Rows, outcomes: Collection[str]) -> Rows:
    """Return the lines with one of these outcomes."""
    if isinstance(lines, pa.Table):
        return lines.filter(pc.is_in(lines.column("_outcome"), pa.array(sorted(outcomes))))
    return lines.where(F.col("_outcome").isin(*outcomes))


def rewritten(lines: Rows) -> Rows:
    """Return the lines whose clean row is written."""
    if isinstance(lines, pa.Table):
        return lines.filter(lines.column("_rewrite"))
    return lines.where("_rewrite")


def project(lines: Rows, picks: Mapping[str, Pick]) -> Rows:
    """Return the lines in these columns."""
    if isinstance(lines, pa.Table):
        flat = lines.flatten()
        arrays = [
            flat.column(of) if isinstance(of, str) else pa.repeat(pa.scalar(of.value, _ARROW[of.type]), lines.num_rows)
            for of in picks.values()
        ]
        return pa.table(arrays, list(picks))
    return lines.select(*[_picked(of).alias(name) for name, of in picks.items()])


def union(spark: SparkSession, one: Rows, other: Rows) -> Rows:
    """Return the rows of both, in this process if both are; they have the same columns."""
    if isinstance(one, pa.Table) and isinstance(other, pa.Table):
        return pa.concat_tables([one, other.select(one.column_names).cast(one.schema)])
    return as_frame(spark, one).unionByName(as_frame(spark, other))


def first_problems(lines: Rows, limit: int) -> list[Problem]:
    """Return where the first problem lines are: line, column and rule, no value.

    Args:
        lines: with ``_reasons``, those that were held back.
        limit: problems at most.
    """
    if isinstance(lines, pa.Table):
        told = lines.select(["_line", "_reasons"]).sort_by("_line").slice(0, limit).to_pylist()
        found = [
            (row["_line"], reason["column"], reason["rule"])
            for row in told
            for reason in row["_reasons"] or [{"column": "", "rule": "unreadable"}]
        ]
        return [Problem(line=line, column=column, rule=rule) for line, column, rule in found[:limit]]
    exploded = (
        lines.select("_line", F.explode_outer("_reasons").alias("r"))
        .select("_line", F.coalesce("r.column", F.lit("")), F.coalesce("r.rule", F.lit("unreadable")))
        .orderBy("_line")
        .limit(limit)
    )
    return [Problem(line=row[0], column=row[1], rule=row[2]) for row in exploded.collect()]


def _picked(of: Pick) -> Column:
    if isinstance(of, Constant):
        return F.lit(of.value).cast(of.type)
    return F.col(".".join(quoted(part) for part in of.split(".")))
