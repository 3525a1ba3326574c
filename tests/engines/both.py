"""One plan in both engines: Spark on its server, Sail in this process."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql.connect.dataframe import DataFrame as ConnectFrame
from pyspark.sql.connect.plan import LocalRelation

ZONE = "Asia/Shanghai"


@contextmanager
def sail() -> Iterator[SparkSession]:
    """Open a session on a server of this process's own."""
    os.environ.setdefault("RUST_LOG", "error")
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    try:
        session = SparkSession.builder.remote(f"sc://localhost:{server.listening_address[1]}").create()
        session.conf.set("spark.sql.session.timeZone", ZONE)
        yield session
        session.stop()
    finally:
        server.stop()


@dataclass(frozen=True)
class Both:
    """A session of each engine."""

    spark: SparkSession
    sail: SparkSession

    def frame(self, session: SparkSession, rows: pa.Table) -> DataFrame:
        """Return rows as a frame of a session, as the engine gives them to either: Sail shows times by the zone in their type."""
        if session is self.spark:
            return session.createDataFrame(rows)
        kinds = [pa.timestamp("us", ZONE) if pa.types.is_timestamp(kind) else kind for kind in rows.schema.types]
        zoned = rows.cast(pa.schema(list(zip(rows.column_names, kinds, strict=True))))
        return ConnectFrame(LocalRelation(zoned, None), session)  # type: ignore[arg-type]

    def rows(self, plan: Callable[[SparkSession], DataFrame], by: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what each engine makes of a plan, column by column in the order of a column."""
        spark, sail = (comparable(plan(session).toArrow().sort_by(by)) for session in (self.spark, self.sail))
        return spark, sail

    def values(self, expression: Column, **columns: pa.Array) -> tuple[list[Any], list[Any]]:
        """Return what each engine makes of an expression over columns."""
        (length,) = {len(column) for column in columns.values()}
        given = pa.table({"row_number": range(length), **columns})

        def plan(session: SparkSession) -> DataFrame:
            return session.createDataFrame(given).select("row_number", expression.alias("value"))

        spark, sail = self.rows(plan, "row_number")
        return spark["value"], sail["value"]


def comparable(table: pa.Table) -> dict[str, list[Any]]:
    """Return a table's columns as Python's values, times and dates as numbers: some are of no year that Python has."""

    def plain(column: pa.ChunkedArray) -> list[Any]:
        kind = (
            pa.int64() if pa.types.is_timestamp(column.type) else pa.int32() if pa.types.is_date(column.type) else None
        )
        # By their spelling, so that 1 is not 1.0 and not a number equals itself.
        return [repr(value) for value in (column if kind is None else column.cast(kind)).to_pylist()]

    return {name: plain(table.column(name)) for name in table.column_names}
