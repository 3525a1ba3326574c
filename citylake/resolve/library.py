"""A library: its spec, and the golden values of its tables from their inputs, as ``survivorship`` in ``resolve.yml`` says."""

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from citylake.contract.golden import COMPARISON
from citylake.contract.resolve_spec import ResolveSpec, load_resolve_spec
from citylake.contract.survivorship import Golden
from citylake.engine.derived.evaluate import TransformRun
from citylake.resolve.survivorship import claims, compared, golden


def spec_of(run: TransformRun) -> ResolveSpec:
    """Return the spec of the library that the running table belongs to."""
    return load_resolve_spec(run.catalog.root / "base" / run.contract.domain / "resolve.yml")


def golden_values(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return the golden values of the running table, one row per entity; see :func:`citylake.resolve.survivorship.golden`."""
    fields = spec_of(run).survivorship[run.contract.thing]
    return golden(_claims(inputs, run, fields), fields, run.business_date)


def golden_records(inputs: Mapping[str, DataFrame], run: TransformRun, id_column: str) -> DataFrame:
    """Return one row per entity of the crosswalk, input ``x``: how it is known, and its golden values."""
    known = (
        inputs["x"]
        .groupBy(id_column)
        .agg(
            F.max(F.col("rule") == "anchor").alias("is_registered"),
            F.count_distinct("source").alias("source_count"),
            F.count(F.lit(1)).alias("subject_count"),
            F.min("valid_from").alias("first_known_date"),
        )
    )
    return known.join(golden_values(inputs, run).withColumnRenamed("entity_id", id_column), id_column, "left")


def comparison(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return how sources compare with the authorities of another table's golden fields.

    The running table is called ``<that table>_comparison``; see :func:`citylake.resolve.survivorship.compared`.
    """
    fields = spec_of(run).survivorship[run.contract.thing.removesuffix(COMPARISON)]
    return compared(_claims(inputs, run, fields), fields, run.business_date)


def _claims(inputs: Mapping[str, DataFrame], run: TransformRun, fields: Sequence[Golden]) -> DataFrame:
    said = {given.input for field in fields for given in field.given}
    declared = {alias: item for alias, item in run.contract.inputs.items() if alias in said}
    ids = {alias: item.on[0] for alias, item in declared.items()}
    names = {alias: item.table.partition(".")[2] for alias, item in declared.items()}
    return claims(inputs, ids, fields, names, run.catalog.successors)
