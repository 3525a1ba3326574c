"""The golden fields of a library, held against the truth."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

FIELDS = ("sex_code", "birth_date", "death_date", "life_state_code", "marital_code")
"""Fields scored after every night."""
_SAME = {
    name: f"t.{name}"
    for name in (
        "sex_code", "birth_date", "death_date", "life_state_code", "ethnicity_code", "marital_code", "household_no", "village_code",
        "county_code", "education_code", "pension_insurance_code", "medical_insurance_code",
    )
}  # fmt: skip
# Clean texts are half-width (contracts, "conform"), registered names have full-width brackets.
_NAME = "translate(t.name, '（）', '()')"
_PERSON_OF = "(SELECT h.found FROM holder_of h WHERE h.kind = '{kind}' AND h.number = t.{number})"
TRUE_VALUES: Mapping[str, Mapping[str, str]] = {
    "person": _SAME | {"employer_id": _PERSON_OF.format(kind="legal_entity", number="employer")},
    "identity": {"name": "t.name", "id_no": "t.id_no"},
    "entity": {
        "uscc": "t.uscc", "entity_name": _NAME, "entity_state_code": "t.state", "establish_date": "t.established_date",
        "representative_id": _PERSON_OF.format(kind="person", number="representative"), "village_code": "t.village_code",
    },
}  # fmt: skip
"""What is true, by golden field, per table: over ``t``, the row of the truth."""


@dataclass(frozen=True)
class Field:
    """One golden field over all things found."""

    people: int
    """With a value in the lake."""
    right: int
    known: int = 0
    """With a value in truth."""
    found: int = 0
    """Of those, with a value in the lake."""

    @property
    def share(self) -> float:
        """Share of the lake's values that are right."""
        return self.right / self.people if self.people else 1.0

    @property
    def coverage(self) -> float:
        """Share of the true values of which the lake knows any."""
        return self.found / self.known if self.known else 1.0


def score_golden(connection: duckdb.DuckDBPyConnection) -> dict[str, Field]:
    """Compare the tables ``person`` and ``truth_person``, joined through ``holder`` (person, person_id).

    A death nobody has reported yet is not counted against the lake.
    """
    joined = "truth_person t JOIN holder h USING (person) JOIN person p USING (person_id)"
    return {field: _field(connection, f"p.{field}", f"t.{field}", joined) for field in FIELDS}


def score_table(connection: duckdb.DuckDBPyConnection, table: str, kind: str) -> dict[str, Field]:
    """Compare a library's table with the truth of its kind, joined through ``holder_of``: the fields that both have.

    Args:
        connection: with the table under its own name, ``truth_person`` or ``truth_firm``, and ``holder_of``.
        table: a key of ``TRUE_VALUES``.
        kind: person or legal_entity.
    """
    truth, number, key = (
        ("truth_person", "person", "person_id") if kind == "person" else ("truth_firm", "firm", "entity_id")
    )
    there = set(connection.table(table).columns)
    joined = (
        f"{truth} t JOIN holder_of h ON h.kind = '{kind}' AND h.number = t.{number} JOIN {table} p ON p.{key} = h.found"
    )
    return {
        field: _field(connection, f"p.{field}", true, joined)
        for field, true in TRUE_VALUES[table].items()
        if field in there
    }


def _field(connection: duckdb.DuckDBPyConnection, said: str, true: str, joined: str) -> Field:
    said = f"CAST({said} AS VARCHAR)"
    row = connection.execute(
        f"SELECT count(*) FILTER (said IS NOT NULL), count(*) FILTER (said = true_value), count(true_value),"
        f" count(*) FILTER (said IS NOT NULL AND true_value IS NOT NULL) FROM (SELECT {said} AS said, {true} AS true_value FROM {joined})"
    ).fetchone()
    return Field(*row) if row else Field(0, 0)
