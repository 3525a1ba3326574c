"""Spark evaluates a table's Python transform over rows held in Python."""

from collections.abc import Mapping
from datetime import date
from types import SimpleNamespace

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from citylake.contract.catalog import Catalog
from citylake.contract.model import DerivedContract
from citylake.delta.sql_text import quoted
from citylake.delta.tables import derived_columns, local_frame
from citylake.engine.transforms import transform_module
from citylake.settings import PROJECT_ROOT
from tests.promises.duck import arrow_schema
from tests.promises.plan import Row


class SparkEvaluation:
    """One table's transform, given nothing but its inputs and the date."""

    def __init__(
        self, spark: SparkSession, catalog: Catalog, contract: DerivedContract, columns: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Keep what does not change from night to night; ``columns``: alias -> column -> Spark type."""
        self._spark, self._catalog, self._contract, self._columns = spark, catalog, contract, columns
        self._module = transform_module(contract, PROJECT_ROOT / "jobs")

    def __call__(self, inputs: Mapping[str, list[Row]], day: date) -> list[Row]:
        """Return the transform's rows."""
        frames = {alias: self._frame(alias, rows) for alias, rows in inputs.items()}
        run = SimpleNamespace(spark=self._spark, business_date=day, contract=self._contract, catalog=self._catalog)
        made = self._module.transform(frames, run)
        shaped = made.select(*[F.col(quoted(c.name)).cast(c.type) for c in derived_columns(self._contract)])
        return [row.asDict() for row in shaped.collect()]

    def _frame(self, alias: str, rows: list[Row]) -> DataFrame:
        types = self._columns[alias]
        frame = local_frame(self._spark, pa.Table.from_pylist(rows, schema=arrow_schema(types)))
        return frame.select(*[F.col(quoted(name)).cast(kind).alias(name) for name, kind in types.items()])
