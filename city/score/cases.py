"""The planted cases of a library: which the lake found, which decoys it fell for, whom else it accuses."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from city.world.planting import Cases


@dataclass(frozen=True)
class CaseScore:
    """One kind of case."""

    planted: int
    found: int
    exact: int
    """Found, and right in every detail."""
    reported: int
    """Decoys reported."""
    decoy: bool

    @property
    def fine(self) -> bool:
        """Whether all were found, or no decoy was reported."""
        return self.reported == 0 if self.decoy else self.found == self.planted


@dataclass(frozen=True)
class LibraryScore:
    """The cases of one library on a night."""

    title: str
    kinds: dict[str, CaseScore]
    accuses: bool
    """Whether answers of this library accuse anybody."""
    others: int
    """Accused who are no planted case."""
    accused: int

    @property
    def precision(self) -> float:
        """Share of the accused who are accused rightly."""
        return 1 - (self.others + sum(kind.reported for kind in self.kinds.values())) / max(self.accused, 1)

    @property
    def fine(self) -> bool:
        """Whether every case was found and no decoy reported."""
        return bool(self.kinds) and all(kind.fine for kind in self.kinds.values())

    def line(self) -> str:
        """Return the score in a short text."""
        real = [kind for kind in self.kinds.values() if not kind.decoy]
        decoys = [kind for kind in self.kinds.values() if kind.decoy]
        parts = [
            f"{self.title} {sum(kind.found for kind in real)}/{sum(kind.planted for kind in real)} 例找到",
            f"干扰项 {sum(kind.reported for kind in decoys)}/{sum(kind.planted for kind in decoys)} 例误报",
        ]
        return " ".join([*parts, f"疑点准确率 {self.precision:.2%}"] if self.accuses else parts)


def score_cases(connection: duckdb.DuckDBPyConnection, library: str, cases: Cases) -> LibraryScore:
    """Compare a library's answers with its cases.

    Args:
        connection: with the truth, ``holder_of`` and the tables that the answers are read from.
        library: its name.
        cases: its file of cases.
    """
    reading, kind = cases.reading, cases.about
    connection.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {reading.answers}")
    other = "c.other" if "other" in cases.truth.names else "-1"
    joined = (
        f"truth_{library} c LEFT JOIN holder_of h ON h.kind = '{kind}' AND h.number = c.number"
        f" LEFT JOIN holder_of o ON o.kind = '{kind}' AND o.number = {other} LEFT JOIN answer e ON e.subject = h.found"
    )
    found, reported = _choice(reading.found), _choice(reading.reported)
    rows = connection.execute(
        f'SELECT c."case", c.decoy, count(*), count(*) FILTER ({found}),'
        f" count(*) FILTER (({found}) AND coalesce({reading.exact}, false)), count(*) FILTER ({reported})"
        f" FROM {joined} WHERE NOT ({reading.excused}) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    kinds = {name: CaseScore(planted, hit, sharp, wrong, decoy) for name, decoy, planted, hit, sharp, wrong in rows}
    accused, others = 0, 0
    if reading.suspected:
        counted = connection.execute(
            "SELECT count(*), count(*) FILTER (c.number IS NULL) FROM answer e"
            f" LEFT JOIN holder_of h ON h.kind = '{kind}' AND h.found = e.subject"
            f" LEFT JOIN truth_{library} c ON c.number = h.number WHERE {reading.suspected}"
        ).fetchone()
        accused, others = counted or (0, 0)
    return LibraryScore(cases.title, kinds, bool(reading.suspected), others, accused)


def _choice(kinds: Mapping[str, str]) -> str:
    branches = " ".join(f"WHEN '{name}' THEN coalesce({condition}, false)" for name, condition in kinds.items())
    return f'CASE c."case" {branches} ELSE false END'
