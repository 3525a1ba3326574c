"""One golden record per legal entity; who wins is data in ``resolve.yml``."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from citylake.engine.derived.evaluate import TransformRun
from citylake.resolve.library import golden_records


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return one row per legal entity of the crosswalk."""
    return golden_records(inputs, run, "entity_id")
