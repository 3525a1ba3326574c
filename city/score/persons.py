"""Who is who: pairs of records that are one person in the lake and in truth."""

from dataclasses import dataclass

import duckdb

PRECISION, RECALL = 0.999, 0.99
"""Targets over all records."""


@dataclass(frozen=True)
class Rate:
    """How well one group of records was resolved."""

    records: int
    right: int
    wrong: int
    """Put to somebody else."""

    @property
    def precision(self) -> float:
        """Share of those put to somebody that were put to the right person."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Share of all records put to the right person."""
        return self.right / self.records if self.records else 1.0


@dataclass(frozen=True)
class Persons:
    """Resolution of a night."""

    records: int
    precision: float
    """Pairs: of those the lake calls one person, the share that are."""
    recall: float
    """Pairs: of those that are one person, the share the lake finds."""
    by_source: dict[str, Rate]
    by_mistake: dict[str, Rate]
    missing_records: int
    """Records of the truth that are not in the lake: held back, or deleted since."""

    @property
    def fine(self) -> bool:
        """Whether the targets are met."""
        return self.records > 0 and self.precision >= PRECISION and self.recall >= RECALL


def score_persons(connection: duckdb.DuckDBPyConnection) -> Persons:
    """Compare the tables ``record`` (resource, record_key, kind, role, found) and ``truth_link``, by ``holder_of``.

    Makes ``resolved`` (with the true ``person``) and ``judged`` (and whether it is right).
    """
    connection.execute(
        "CREATE OR REPLACE TABLE resolved AS SELECT DISTINCT resource, record_key, role, person, found AS person_id"
        " FROM truth_link JOIN record USING (resource, record_key, kind, role) WHERE kind = 'person'"
    )
    connection.execute(
        "CREATE OR REPLACE VIEW holder AS SELECT number AS person, found AS person_id FROM holder_of WHERE kind = 'person'"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE judged AS SELECT r.*, r.person_id = h.person_id AS is_right"
        " FROM resolved r LEFT JOIN holder h USING (person)"
    )
    total = _one(connection, "SELECT count(*) FROM resolved")
    both = pairs(connection, "person, person_id", "person_id IS NOT NULL")
    said = pairs(connection, "person_id", "person_id IS NOT NULL")
    true = pairs(connection, "person", "true")
    missing = _one(
        connection,
        "SELECT count(*) FROM truth_link t ANTI JOIN record r USING (resource, record_key, kind, role) WHERE t.kind = 'person'",
    )
    return Persons(
        total,
        both / said if said else 1.0,
        both / true if true else 1.0,
        _rates(connection, "SELECT resource AS of, is_right, person_id FROM judged"),
        _rates(
            connection,
            "SELECT e.mistake AS of, is_right, person_id FROM judged j JOIN mistake e USING (resource, record_key, role)"
            " WHERE e.kind = 'person'",
        ),
        missing,
    )


def pairs(connection: duckdb.DuckDBPyConnection, by: str, where: str) -> int:
    """Return how many pairs of records of the table ``resolved`` agree in the columns ``by``."""
    counted = f"SELECT count(*) AS n FROM resolved WHERE {where} GROUP BY {by}"
    return _one(connection, f"SELECT coalesce(sum(n * (n - 1) // 2), 0)::BIGINT FROM ({counted})")


def _rates(connection: duckdb.DuckDBPyConnection, select: str) -> dict[str, Rate]:
    rows = connection.execute(
        "SELECT of, count(*), count(*) FILTER (coalesce(is_right, false)), count(*) FILTER (person_id IS NOT NULL AND NOT is_right)"
        f" FROM ({select}) GROUP BY of ORDER BY of"
    ).fetchall()
    return {name: Rate(records, right, wrong) for name, records, right, wrong in rows}


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
