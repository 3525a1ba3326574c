"""What people decided of who is who among people."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from citylake.engine.derived.evaluate import TransformRun
from citylake.resolve.decisions import decisions


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return the decisions of the population library."""
    return decisions(run)
