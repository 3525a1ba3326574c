"""What people decided of who is who among people."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from jobs.engine.evaluate import TransformRun
from jobs.resolve.decisions import decisions


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return the decisions of the population library."""
    return decisions(run)
