"""One golden record per person, without direct identifiers; who wins is data in ``resolve.yml``."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from citylake.engine.derived.evaluate import TransformRun
from citylake.resolve.library import golden_records


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return one row per person of the crosswalk."""
    return golden_records(inputs, run, "person_id").withColumn("is_dead", F.col("death_date").isNotNull())
