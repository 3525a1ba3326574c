"""One golden record per person, without direct identifiers; who wins is data in ``resolve.yml``."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine.evaluate import TransformRun
from jobs.resolve.library import golden_values


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return one row per person of the crosswalk."""
    known = (
        inputs["x"]
        .groupBy("person_id")
        .agg(
            F.max(F.col("rule") == "anchor").alias("is_registered"),
            F.count_distinct("source").alias("source_count"),
            F.count(F.lit(1)).alias("subject_count"),
            F.min("valid_from").alias("first_known_date"),
        )
    )
    told = known.join(golden_values(inputs, run).withColumnRenamed("entity_id", "person_id"), "person_id", "left")
    return told.withColumn("is_dead", F.col("death_date").isNotNull())
