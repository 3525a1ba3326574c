"""What a new result changes: the units whose rows differ from the present ones."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from citylake.delta.fetch import fetch
from citylake.delta.small_read import HELD_ROWS, Values, fits
from citylake.delta.sql_text import quoted


@dataclass(frozen=True)
class SmallDifference:
    """Changed units and their new rows, held in this process.

    Attributes:
        units: units that differ.
        rows: their new rows; a unit without rows here has vanished.
        removed: the rows those units had before.
    """

    units: tuple[Values, ...]
    rows: pa.Table
    removed: pa.Table


def fetch_small(rows: DataFrame) -> pa.Table | None:
    """Return the rows as Arrow, or None when there are more than this process should hold."""
    table = fetch(rows.limit(HELD_ROWS + 1))
    return table if fits(table) else None


def small_difference(result: pa.Table, present: pa.Table, by: tuple[str, ...]) -> SmallDifference:
    """Compare two sets of rows unit by unit, NULLs equal to NULLs, repeated rows counted."""
    names = ", ".join(f'"{name}"' for name in by)
    columns = ", ".join(f'"{name}"' for name in result.column_names)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("result", result)
        connection.register("present", present)
        connection.execute(
            f"CREATE TEMP TABLE changed AS SELECT DISTINCT {names} FROM ("
            f"(SELECT {columns} FROM result EXCEPT ALL SELECT {columns} FROM present) UNION ALL "
            f"(SELECT {columns} FROM present EXCEPT ALL SELECT {columns} FROM result))"
        )
        units = connection.execute(f"SELECT {names} FROM changed ORDER BY ALL").fetchall()
        return SmallDifference(
            units=tuple(units),
            rows=_of_changed(connection, "result", result, by),
            removed=_of_changed(connection, "present", present, by),
        )


def _of_changed(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table, by: tuple[str, ...]) -> pa.Table:
    names = ", ".join(f'"{column}"' for column in by)
    same = " AND ".join(f'r."{column}" = c."{column}"' for column in by)
    found = connection.execute(
        f"SELECT position FROM (SELECT {names}, row_number() OVER () - 1 AS position FROM {name}) r "
        f"SEMI JOIN changed c ON {same} ORDER BY position"
    ).fetchall()
    return rows.take(pa.array([row[0] for row in found], pa.int64()))


@dataclass(frozen=True)
class Changed:
    """Units whose rows differ, kept in scratch, as many as there are.

    Attributes:
        frame: columns ``by`` and ``_vanished``: the unit has no rows any more.
        by: columns that name a unit.
        units: how many differ.
        vanished: how many of them have vanished.
    """

    frame: DataFrame
    by: tuple[str, ...]
    units: int
    vanished: int

    @property
    def steps(self) -> int:
        """How many commits ``Writer.replace_changed`` makes of it."""
        return 2 if 0 < self.vanished < self.units else 1

    def rows_of(self, rows: DataFrame) -> DataFrame:
        """Return the rows of units that differ."""
        return rows.join(self.frame, list(self.by), "left_semi")

    def gone(self) -> DataFrame:
        """Return the units that have vanished."""
        return self.frame.where("_vanished").select(*[quoted(name) for name in self.by])


def stage_changed(result: DataFrame, present: DataFrame, by: tuple[str, ...], path: str) -> Changed:
    """Compare two sets of rows and keep the units that differ as Parquet under ``path``."""
    changed_units(result, present, by).write.mode("overwrite").parquet(path)
    staged = result.sparkSession.read.parquet(path)
    counts = staged.agg(F.count(F.lit(1)), F.count_if("_vanished")).collect()[0]
    return Changed(staged, by, int(counts[0]), int(counts[1]))


def changed_units(result: DataFrame, present: DataFrame, by: tuple[str, ...]) -> DataFrame:
    """Return units whose rows differ (columns ``by``, ``_vanished``: it has no rows any more), compared in Spark.

    Rows are compared by a 64-bit hash of their content with column names.
    """
    sides = _hashed(result, by, 1).unionAll(_hashed(present, by, -1))
    names = [F.col(quoted(name)) for name in by]
    per_row = sides.groupBy(*names, "_hash").agg(F.sum("_side").alias("_balance"), F.max("_side").alias("_newest"))
    per_unit = per_row.groupBy(*names).agg(
        F.max(F.col("_balance") != 0).alias("_differs"), (F.max("_newest") < 0).alias("_vanished")
    )
    return per_unit.where("_differs").drop("_differs")


def _hashed(rows: DataFrame, by: tuple[str, ...], side: int) -> DataFrame:
    content = F.xxhash64(F.to_json(F.struct(*[F.col(quoted(name)) for name in rows.columns])))
    return rows.select(*[F.col(quoted(name)) for name in by], content.alias("_hash"), F.lit(side).alias("_side"))
