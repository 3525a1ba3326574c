"""Subjects: what is resolved. One row per subject id with its identifying values in one form, judged once when they change.

Columns of every kind:
    subject_id, source, role (text), is_anchor (boolean), is_standing (boolean: a record of it is neither deleted
    nor cancelled), since (date, first day delivered),
    id_text (identifier as written), id_no (usable identifier, else NULL), id_class, id_state, name (normalised),
    former_key (former name, in the form of the kind's name field), former_no (usable identifier borne before).
Of a person: name_key (sound of the name), surname, birth (date), birth_digits (eight digits, also of a damaged identifier),
    id_birth (date in a usable identifier), sex, phone, village, context (address, firm or
    home beside which somebody is named).
Of a legal entity: name_key (sound of the telling part), uscc (usable), registration_no, representative (sound of the
    name), established (date), phone, address, village. Its id_no is the organisation code, which a credit code contains.
Of any other kind: name_key (sound of the name), registration_no (another number), representative (sound of the name),
    established (date), phone, address, village, context. Usable is an id_no of the form that ``resolve.yml`` gives.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from citylake.contract.resolve_spec import ResolvedRole, ResolveSpec
from citylake.contract.role import Role
from citylake.standards.documents import FOREIGNER, PERMIT, RESIDENT, with_document
from citylake.standards.identifiers import (
    USABLE,
    homophone_key,
    id_no_birth_date,
    id_no_sex,
    normalised_name,
    surname_key,
)
from citylake.standards.organisations import (
    CREDIT,
    ORGANISATION,
    code_class,
    code_state,
    code_text,
    entity_key,
    entity_name,
    organisation_code,
    registration_no,
    valid_uscc,
)
from citylake.standards.signs import fold, whole

_DATES = ("birth_date", "established")
_DELIVERED = (
    "id_no", "id_kind", "name", "birth_date", "sex", "phone", "address", "village",
    "uscc", "org_code", "registration_no", "representative", "established", "former_name", "former_no",
    "context",
)  # fmt: skip
_KEPT = ("subject_id", "source", "role", "is_anchor", "is_standing", "since")
_MOBILE = 11


def subjects(tables: Mapping[str, DataFrame], said: Sequence[ResolvedRole], day: date, spec: ResolveSpec) -> DataFrame:
    """Return the subjects of all roles, tombstones included, since a cancelled record is evidence too.

    Args:
        tables: clean tables by the alias of the role.
        said: what to read of them.
        day: nobody was born later.
        spec: of which kind they are.
    """
    delivered = reduce(DataFrame.unionAll, [_of_role(tables[role.alias], role) for role in said])
    # Otherwise Spark moves the judging below the union, compiles it once per role and unpacks it once per file.
    few = int(delivered.sparkSession.conf.get("spark.sql.shuffle.partitions") or 1)
    return _NORMALISED.get(spec.kind, _things)(delivered.coalesce(few), day, spec)


def _of_role(rows: DataFrame, role: ResolvedRole) -> DataFrame:
    """Return a role's subjects with their values as delivered; rows that name nobody have no subject id."""
    said = role.columns.values()
    values = {name: _value(role.columns, name) if name in said else F.lit(None) for name in _DELIVERED}
    typed = {name: value.cast("date" if name in _DATES else "string") for name, value in values.items()}
    named = rows.where(F.col(f"`{role.subject}`").isNotNull()).select(
        F.col(f"`{role.subject}`").alias("subject_id"),
        *[value.alias(f"given_{name}") for name, value in typed.items()],
        F.col("_as_of").alias("since"),
        _stands(role).alias("is_standing"),
    )
    if role.columns.subject == "identity":
        # The subject id is made of these values, so any of equal ones will do; min keeps it the same in every run.
        names = [*(f"given_{name}" for name in _DELIVERED), "since"]
        named = named.groupBy("subject_id").agg(
            *[F.min(name).alias(name) for name in names], F.max("is_standing").alias("is_standing")
        )
    return named.withColumns(
        {"source": F.lit(role.source), "role": F.lit(role.role), "is_anchor": F.lit(role.is_anchor)}
    )


def _value(role: Role, name: str) -> Column:
    """Return a value of a role, NULL in rows in which its column holds something else."""
    value = F.col(f"`{role.values()[name]}`")
    for column, codes in role.when.get(name, {}).items():
        value = F.when(F.col(f"`{column}`").isin(*codes), value)
    return value


def _stands(role: ResolvedRole) -> Column:
    states = [F.coalesce(F.col(f"`{item.column}`").isin(*item.codes), F.lit(False)) for item in role.cancelled]
    return ~reduce(lambda one, other: one | other, states, F.col("_deleted"))


def _persons(delivered: DataFrame, day: date, _spec: ResolveSpec) -> DataFrame:
    numbered = with_document(delivered, F.col("given_id_no"), F.col("given_id_kind"), "id", day)
    formerly = with_document(numbered, F.col("given_former_no"), F.lit(None), "former", day)
    judged = formerly.select(
        *_KEPT,
        F.col("given_birth_date").alias("birth"),
        "given_sex", "id_text", F.col("id_number").alias("normalised"), "id_class", "id_state",
        normalised_name(F.col("given_name")).alias("name"),
        _phone(F.col("given_phone")).alias("phone"),
        fold(F.col("given_village")).alias("village"),
        normalised_name(F.coalesce("given_context", "given_address")).alias("context"),
        homophone_key(normalised_name(F.col("given_former_name"))).alias("former_key"),
        F.when(F.col("former_state").isin(*USABLE), F.col("former_number")).alias("former_no"),
    )  # fmt: skip
    usable = F.col("id_state").isin(*USABLE)
    dated = usable & F.col("id_class").isin(RESIDENT, PERMIT, FOREIGNER)
    written = F.when(F.col("given_sex").isin("1", "2"), F.col("given_sex"))
    born = id_no_birth_date(F.col("normalised"))
    keyed = judged.withColumns(
        {
            "id_no": F.when(usable, F.col("normalised")),
            "id_birth": F.when(dated, born),
            "name_key": homophone_key(F.col("name")),
            "sex": F.coalesce(written, F.when(dated, id_no_sex(F.col("normalised")))),
            # A number with a birth still to come is looked at again on that day.
            "_recheck_on": F.when((F.col("id_state") == "impossible_date") & (born > F.lit(day)), born),
        }
    )
    return keyed.select(
        *_KEPT, "id_text", "id_no", F.when(usable, F.col("id_class")).alias("id_class"), "id_state", "name", "name_key",
        surname_key(F.col("name_key")).alias("surname"), "birth",
        F.when(F.length("id_text") >= 14, F.substring("id_text", 7, 8)).alias("birth_digits"),
        "id_birth", "sex", "phone", "village", "context",
        F.when(F.col("former_key") != F.col("name_key"), F.col("former_key")).alias("former_key"),
        F.when(F.col("former_no") != F.col("normalised"), F.col("former_no")).alias("former_no"), "_recheck_on",
    )  # fmt: skip


def _entities(delivered: DataFrame, _day: date, _spec: ResolveSpec) -> DataFrame:
    # Clerks write whichever code they have into whichever column there is.
    given = [F.col(f"given_{name}") for name in ("uscc", "org_code", "registration_no", "id_no")]
    states = [code_state(code) for code in given]
    judged = delivered.select(
        *_KEPT,
        F.coalesce(*[organisation_code(code) for code in given]).alias("id_no"),
        F.coalesce(*[_told(state) for state in states]).alias("told_state"),
        F.coalesce(*[_credit(code) for code in given]).alias("uscc"),
        F.coalesce(*[_compared_code(code) for code in given]).alias("id_text"),
        F.coalesce(*[registration_no(code) for code in given]).alias("registration_no"),
        entity_name(F.col("given_name")).alias("name"),
        entity_name(F.col("given_former_name")).alias("former_key"),
        organisation_code(F.col("given_former_no")).alias("former_no"),
        homophone_key(normalised_name(F.col("given_representative"))).alias("representative"),
        F.col("given_established").alias("established"),
        _phone(F.col("given_phone")).alias("phone"),
        entity_name(F.col("given_address")).alias("address"),
        fold(F.col("given_village")).alias("village"),
    )
    usable = F.col("id_no").isNotNull()
    state = F.when(F.col("uscc").isNotNull(), "ok").when(usable, "upgraded").otherwise(F.col("told_state"))
    return judged.select(
        *_KEPT, "id_text", "id_no", F.when(usable, ORGANISATION).alias("id_class"),
        F.coalesce(state, F.lit("missing")).alias("id_state"), "uscc", "registration_no", "name",
        entity_key(F.col("name")).alias("name_key"), "representative", "established", "phone", "address", "village",
        F.when(F.col("former_key") != F.col("name"), F.col("former_key")).alias("former_key"),
        F.when(F.col("former_no") != F.col("id_no"), F.col("former_no")).alias("former_no"),
    )  # fmt: skip


def _things(delivered: DataFrame, _day: date, spec: ResolveSpec) -> DataFrame:
    judged = delivered.select(
        *_KEPT,
        code_text(F.col("given_id_no")).alias("id_text"),
        code_text(F.col("given_registration_no")).alias("registration_no"),
        entity_name(F.col("given_name")).alias("name"),
        homophone_key(normalised_name(F.col("given_representative"))).alias("representative"),
        F.col("given_established").alias("established"),
        _phone(F.col("given_phone")).alias("phone"),
        entity_name(F.col("given_address")).alias("address"),
        fold(F.col("given_village")).alias("village"),
        entity_name(F.col("given_context")).alias("context"),
        entity_name(F.col("given_former_name")).alias("former_key"),
        code_text(F.col("given_former_no")).alias("former_no"),
    )
    assert spec.id.number is not None
    usable, former = (whole(F.col(name), spec.id.number) for name in ("id_text", "former_no"))
    state = F.when(usable, "ok").when(F.col("id_text").isNotNull(), "wrong_kind").otherwise("missing")
    return judged.select(
        *_KEPT, "id_text", F.when(usable, F.col("id_text")).alias("id_no"), F.when(usable, spec.kind).alias("id_class"),
        state.alias("id_state"), "name", homophone_key(F.col("name")).alias("name_key"), "registration_no",
        "representative", "established", "phone", "address", "village", "context",
        F.when(F.col("former_key") != F.col("name"), F.col("former_key")).alias("former_key"),
        F.when(former & (F.col("former_no") != F.col("id_text")), F.col("former_no")).alias("former_no"),
    )  # fmt: skip


def _credit(code: Column) -> Column:
    """Return a usable credit code in one form, NULL for any other text."""
    return F.when(valid_uscc(code_text(code)), code_text(code))


def _told(state: Column) -> Column:
    """Return the state of a code that somebody wrote; a registration number alone is no code of these kinds."""
    return F.when(state.isin("impossible_letter", "checksum_wrong", "wrong_kind"), state)


def _compared_code(code: Column) -> Column:
    """Return the organisation code's nine characters as written, also of a damaged code."""
    kind = code_class(code)
    return F.when(kind == CREDIT, F.substring(code_text(code), 9, 9)).when(kind == ORGANISATION, code_text(code))


def _phone(phone: Column) -> Column:
    """Return the last eleven digits, NULL for what is too short to belong to one household."""
    digits = F.regexp_replace(fold(phone), "[^0-9]", "")
    return F.when(F.length(digits) >= 7, F.right(digits, F.lit(_MOBILE)))


_NORMALISED: Mapping[str, Callable[[DataFrame, date, ResolveSpec], DataFrame]] = {
    "person": _persons,
    "legal_entity": _entities,
}
