"""Subjects: what is resolved. One row per (source, role, subject id) with its identifying values in one form.

Columns of a frame of subjects:
    subject_id, source, role (text), is_anchor (boolean), since (date, first day delivered),
    id_text (identifier as written), id_no (usable identifier, else NULL), id_state,
    name_key (sound of the name), surname, birth (date), birth_digits (eight digits, also of a damaged identifier),
    id_birth (date in a usable identifier), sex, phone, village.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine.identifiers import (
    USABLE,
    fold,
    homophone_key,
    id_no_birth_date,
    id_no_sex,
    id_no_state,
    id_text,
    normalised_id_no,
    normalised_name,
    surname_key,
)
from schemas.resolve_spec import ResolvedRole

_DELIVERED = ("id_no", "name", "birth_date", "sex", "phone", "village")
_MOBILE = 11


def subjects(tables: Mapping[str, DataFrame], roles: Sequence[ResolvedRole], business_date: date) -> DataFrame:
    """Return the subjects of all roles, tombstones included, since a cancelled record is evidence too.

    Args:
        tables: clean tables by source.
        roles: what to read of them.
        business_date: nobody was born later.
    """
    parts = [_of_role(tables[role.source], role) for role in roles]
    return _normalised(reduce(DataFrame.unionAll, parts), business_date)


def _of_role(rows: DataFrame, role: ResolvedRole) -> DataFrame:
    """Return a role's subjects with their values as delivered; rows that name nobody have no subject id."""
    said = role.columns.model_dump(exclude_none=True)
    values = {name: F.col(f"`{said[name]}`") if name in said else F.lit(None) for name in _DELIVERED}
    typed = {name: value.cast("date" if name == "birth_date" else "string") for name, value in values.items()}
    named = rows.where(F.col(f"`{role.subject}`").isNotNull()).select(
        F.col(f"`{role.subject}`").alias("subject_id"),
        *[value.alias(f"given_{name}") for name, value in typed.items()],
        F.col("_as_of").alias("since"),
    )
    if role.columns.subject == "identity":
        # The subject id is made of these values, so any of equal ones will do; min keeps it the same in every run.
        names = [*(f"given_{name}" for name in _DELIVERED), "since"]
        named = named.groupBy("subject_id").agg(*[F.min(name).alias(name) for name in names])
    return named.withColumns(
        {"source": F.lit(role.source), "role": F.lit(role.role), "is_anchor": F.lit(role.is_anchor)}
    )


def _normalised(delivered: DataFrame, business_date: date) -> DataFrame:
    number = F.col("given_id_no")
    judged = delivered.select(
        "subject_id",
        "source",
        "role",
        "is_anchor",
        "since",
        "given_birth_date",
        "given_sex",
        id_text(number).alias("id_text"),
        normalised_id_no(number).alias("normalised"),
        id_no_state(number, business_date).alias("id_state"),
        normalised_name(F.col("given_name")).alias("name"),
        _phone(F.col("given_phone")).alias("phone"),
        fold(F.col("given_village")).alias("village"),
    )
    usable = F.col("id_state").isin(*USABLE)
    keyed = judged.withColumns(
        {
            "id_no": F.when(usable, F.col("normalised")),
            "id_birth": F.when(usable, id_no_birth_date(F.col("normalised"))),
            "name_key": homophone_key(F.col("name")),
            "sex": F.coalesce(
                F.when(F.col("given_sex").isin("1", "2"), F.col("given_sex")),
                F.when(usable, id_no_sex(F.col("normalised"))),
            ),
        }
    )
    return keyed.select(
        "subject_id",
        "source",
        "role",
        "is_anchor",
        "since",
        "id_text",
        "id_no",
        "id_state",
        "name_key",
        surname_key(F.col("name_key")).alias("surname"),
        F.col("given_birth_date").alias("birth"),
        F.when(F.length("id_text") >= 14, F.substring("id_text", 7, 8)).alias("birth_digits"),
        "id_birth",
        "sex",
        "phone",
        "village",
    )


def _phone(phone: Column) -> Column:
    """Return the last eleven digits, NULL for what is too short to belong to one household."""
    digits = F.regexp_replace(fold(phone), r"\D", "")
    return F.when(F.length(digits) >= 7, F.right(digits, F.lit(_MOBILE)))
