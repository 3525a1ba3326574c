"""Direct identifiers of persons: what every resolved role says, and which word wins."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine.identifiers import USABLE, fold, id_no_state, normalised_id_no
from jobs.resolve.survivorship import golden, rank
from schemas.resolve_spec import Golden, ResolvedRole

_LENT = "borrowed"


def identity(
    tables: Mapping[str, DataFrame],
    crosswalk: DataFrame,
    fields: Sequence[Golden],
    roles: Sequence[ResolvedRole],
    business_date: date,
) -> DataFrame:
    """Return one row per person with the columns of :func:`jobs.resolve.survivorship.golden`.

    A borrowed number says nothing about who used it.

    Args:
        tables: clean tables by source.
        crosswalk: subject_id, person_id, guard.
        fields: golden fields with ``role_value``.
        roles: where the clean tables name people.
        business_date: for maximum ages.
    """
    said = reduce(DataFrame.unionAll, [_of_role(tables[role.source], role, fields) for role in roles])
    owners = crosswalk.select("subject_id", F.col("person_id").alias("entity_id"), "guard")
    lent = (F.col("guard") == _LENT) & (F.col("field") == "id_no")
    return golden(said.join(owners, "subject_id").where(~lent).drop("guard"), fields, business_date)


def _of_role(rows: DataFrame, role: ResolvedRole, fields: Sequence[Golden]) -> DataFrame:
    columns = role.columns.model_dump(exclude_none=True)
    said = [field for field in fields if field.role_value in columns]
    facts = [
        F.struct(
            F.lit(field.field).alias("field"),
            _value(F.col(f"_said_{field.field}"), str(field.role_value)).alias("value"),
            F.lit(role.source).alias("source"),
            F.col("_as_of").alias("said_on"),
            F.lit(rank(field, role.source)).alias("place"),
        )
        for field in said
    ]
    # The values are judged once per distinct saying: an event's numbers are said over and over.
    told = rows.where(F.col(f"`{role.subject}`").isNotNull() & ~F.col("_deleted"))
    raw = {f"_said_{field.field}": F.col(f"`{columns[str(field.role_value)]}`").cast("string") for field in said}
    once = told.groupBy(
        F.col(f"`{role.subject}`").alias("subject_id"), *[value.alias(name) for name, value in raw.items()]
    )
    distinct = once.agg(F.max("_as_of").alias("_as_of"))
    claims = distinct.select("subject_id", F.explode(F.array(*facts)).alias("claim"))
    kept = claims.select("subject_id", "claim.*").where("value IS NOT NULL")
    return kept.groupBy("subject_id", "field", "value", "source", "place").agg(F.max("said_on").alias("said_on"))


def _value(column: Column, kind: str) -> Column:
    if kind == "id_no":
        return F.when(id_no_state(column).isin(*USABLE), normalised_id_no(column))
    return fold(column)
