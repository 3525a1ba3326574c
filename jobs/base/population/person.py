"""One golden record per person, without direct identifiers; who wins is data in ``resolve.yml``."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine.evaluate import TransformRun
from jobs.resolve.crosswalk import spec_of
from jobs.resolve.survivorship import claims, golden

_DRIVER = "x"


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return one row per person of the crosswalk."""
    fields = spec_of(run).survivorship[run.contract.thing]
    declared = {alias: item for alias, item in run.contract.inputs.items() if alias != _DRIVER}
    ids = {alias: item.on[0] for alias, item in declared.items()}
    names = {alias: item.table.partition(".")[2] for alias, item in declared.items()}
    values = golden(claims(inputs, ids, fields, names), fields, run.business_date)
    known = (
        inputs[_DRIVER]
        .groupBy("person_id")
        .agg(
            F.max(F.col("rule") == "anchor").alias("is_registered"),
            F.count_distinct("source").alias("source_count"),
            F.count(F.lit(1)).alias("subject_count"),
            F.min("valid_from").alias("first_known_date"),
        )
    )
    told = known.join(values.withColumnRenamed("entity_id", "person_id"), "person_id", "left")
    return told.withColumn("is_dead", F.col("death_date").isNotNull())
