"""Direct identifiers of things: what every subject says, and which word wins."""

from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from citylake.contract.linked import kind_id
from citylake.contract.survivorship import Golden
from citylake.engine.derived.evaluate import TransformRun
from citylake.resolve.ranking import rank
from citylake.resolve.survivorship import claims, golden
from citylake.spelling import resource_of

_LENT = "borrowed"
_SAID = ("entity_id", "field", "value", "source", "said_on", "place")


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return one row per thing of which something is said, with the columns of :func:`citylake.resolve.survivorship.golden`.

    A borrowed number says nothing about who used it, a deleted or cancelled record nothing where a standing one speaks.

    Args:
        inputs: ``crosswalk``; ``subject``, if a field has ``role_value``; clean tables that say the others.
        run: the table's run.
    """
    spec = run.catalog.spec(run.contract.domain)
    fields = spec.survivorship[run.contract.thing]
    owners = inputs["crosswalk"].select("subject_id", F.col(kind_id(spec.kind)).alias("entity_id"), "guard")
    said = []
    if by_role := [field for field in fields if field.role_value]:
        said.append(_of_subjects(inputs["subject"].join(owners, "subject_id"), by_role))
    if given := [field for field in fields if field.given]:
        said.append(_of_tables(inputs, owners, given, run))
    made = golden(reduce(DataFrame.unionAll, said), fields, run.business_date)
    return made.withColumnRenamed("entity_id", kind_id(spec.kind))


def _of_subjects(rows: DataFrame, fields: Sequence[Golden]) -> DataFrame:
    lent = F.col("guard") == _LENT
    facts = [
        F.struct(
            F.lit(field.field).alias("field"),
            (F.when(~lent, F.col("id_no")) if field.role_value == "id_no" else F.col(str(field.role_value))).alias(
                "value"
            ),
            F.col("source"),
            F.col("since").alias("said_on"),
            _place(field).alias("place"),
        )
        for field in fields
    ]
    told = rows.select("entity_id", "is_standing", F.explode(F.array(*facts)).alias("claim"))
    words = told.select("entity_id", "is_standing", "claim.*").where("value IS NOT NULL")
    someone = F.max("is_standing").over(Window.partitionBy("entity_id", "field"))
    return words.withColumn("someone_stands", someone).where("is_standing = someone_stands").select(*_SAID)


def _place(field: Golden) -> Column:
    place = F.lit(rank(field, ""))
    for number, source in enumerate(field.ranked):
        place = F.when(F.col("source") == source, F.lit(number)).otherwise(place)
    # Sail puts no structs side by side of which only some can lack a field.
    return F.when(F.col("source").isNotNull(), place)


def _of_tables(
    inputs: Mapping[str, DataFrame], owners: DataFrame, fields: Sequence[Golden], run: TransformRun
) -> DataFrame:
    """Return what clean tables say of those their own rows are about; tombstones say nothing."""
    aliases = {given.input for field in fields for given in field.given}
    tables = {alias: run.contract.inputs[alias] for alias in aliases}
    frames = {
        alias: inputs[alias].where(~F.col("_deleted")).join(owners, F.col(item.on[0]) == F.col("subject_id"))
        for alias, item in tables.items()
    }
    names = {alias: resource_of(item.table) for alias, item in tables.items()}
    ids = dict.fromkeys(tables, "entity_id")
    return claims(frames, ids, fields, names, run.catalog.successors)
