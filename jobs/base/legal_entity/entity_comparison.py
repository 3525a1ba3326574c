"""How every source compares with the one that answers for a field, entity by entity."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from citylake.engine.derived.evaluate import TransformRun
from citylake.resolve.library import comparison


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return one row per legal entity, source and authority."""
    return comparison(inputs, run)
