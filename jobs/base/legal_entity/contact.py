"""Golden addresses and phones of legal entities, below the border."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from citylake.engine.derived.evaluate import TransformRun
from citylake.resolve.identity import identity


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return one row per legal entity of whom an address or phone is known."""
    return identity(inputs, run)
