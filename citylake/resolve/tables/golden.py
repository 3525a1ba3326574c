"""One golden record per thing, without direct identifiers; who wins is data in ``resolve.yml``."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from citylake.contract.linked import kind_id
from citylake.delta.sql_text import quoted
from citylake.engine.derived.evaluate import TransformRun
from citylake.resolve.claims import claims_of
from citylake.resolve.survivorship import golden


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return one row per thing of the crosswalk: how it is known, its golden values, and the flags over them."""
    spec, contract = run.catalog.spec(run.contract.domain), run.contract
    thing, fields = kind_id(spec.kind), spec.survivorship[contract.thing]
    known = (
        inputs["crosswalk"]
        .groupBy(thing)
        .agg(
            F.max(F.col("rule") == "anchor").alias("is_registered"),
            F.count_distinct("source").alias("source_count"),
            F.count(F.lit(1)).alias("subject_count"),
            F.min("valid_from").alias("first_known_date"),
        )
    )
    values = golden(claims_of(inputs, run, fields), fields, run.business_date).withColumnRenamed("entity_id", thing)
    typed = {name: F.col(quoted(name)).cast(contract.columns[name].spark_type) for name in contract.golden}
    flags = [F.expr(condition).alias(name) for name, condition in contract.flags.items()]
    return known.join(values.withColumns(typed), thing, "left").select("*", *flags)
