"""Every record's words about which legal entity it is, in one form."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from citylake.engine.derived.evaluate import TransformRun
from citylake.resolve.subjects import subject_rows


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return the subjects of the legal entity library."""
    return subject_rows(inputs, run)
