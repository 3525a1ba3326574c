"""What people decided of who is who among legal entities."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from citylake.engine.derived.evaluate import TransformRun
from citylake.resolve.decisions import decisions


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return the decisions of the legal entity library."""
    return decisions(run)
