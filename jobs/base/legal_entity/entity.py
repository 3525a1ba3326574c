"""One golden record per legal entity; who wins is data in ``resolve.yml``."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine.evaluate import TransformRun
from jobs.resolve.library import golden_values


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return one row per legal entity of the crosswalk."""
    known = (
        inputs["x"]
        .groupBy("entity_id")
        .agg(
            F.max(F.col("rule") == "anchor").alias("is_registered"),
            F.count_distinct("source").alias("source_count"),
            F.count(F.lit(1)).alias("subject_count"),
            F.min("valid_from").alias("first_known_date"),
        )
    )
    return known.join(golden_values(inputs, run), "entity_id", "left")
