"""Every record's persons: resolved from the clean tables, ids carried on from the previous crosswalk."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from jobs.engine.evaluate import TransformRun
from jobs.resolve.crosswalk import resolve


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return the crosswalk of the population library."""
    return resolve(inputs, run)
