"""The golden fields of the population library, held against the truth."""

from dataclasses import dataclass

import duckdb

FIELDS = ("sex_code", "birth_date", "death_date")


@dataclass(frozen=True)
class Field:
    """One golden field over all people found."""

    people: int
    """With a value in the lake (of death dates: also those who are dead in truth)."""
    right: int

    @property
    def share(self) -> float:
        """Share that is right."""
        return self.right / self.people if self.people else 1.0


def score_golden(connection: duckdb.DuckDBPyConnection) -> dict[str, Field]:
    """Compare the tables ``person`` and ``truth_person``, joined through ``holder``.

    A death nobody has reported yet is not counted against the lake.
    """
    scored = {}
    for field in FIELDS:
        row = connection.execute(
            f"SELECT count(*), count(*) FILTER (p.{field} IS NOT DISTINCT FROM t.{field}) FROM truth_person t"
            f" JOIN holder h USING (person) JOIN person p USING (person_id) WHERE p.{field} IS NOT NULL"
        ).fetchone()
        scored[field] = Field(*row) if row else Field(0, 0)
    return scored
