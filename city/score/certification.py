"""Silent certification: which planted cases the lake found, which decoys it fell for, what else it reports."""

from dataclasses import dataclass

import duckdb

KINDS_FOUND = {
    "dead_all_sources": "e.after_death > 0 AND e.state = 'dead'",
    "dead_one_source": "e.after_death > 0 AND e.state = 'dead'",
    "dead_id_mistyped": "e.after_death > 0 AND e.state = 'dead'",
    "dead_with_later_traces": "e.after_death > 0 AND e.state = 'dead' AND e.contradiction IS NOT NULL",
    "jailed": "e.in_prison > 0 AND e.state = 'in_prison'",
    "no_trace": "e.state = 'to_be_checked'",
    "one_trace_only": "e.state = 'alive' AND e.last_trace_source LIKE '%' || c.source",
}
"""When a case counts as found: of its newest month ``e``."""
KINDS_FALSE = {
    "stopped_in_time": "e.after_death > 0",
    "dead_namesake": "e.after_death > 0 OR e.state = 'dead'",
    "released": "e.in_prison > 0 OR e.state = 'in_prison'",
}
"""When a decoy counts as reported."""


@dataclass(frozen=True)
class CaseScore:
    """One kind of case."""

    planted: int
    found: int
    exact: int
    """Found with the very months and amount (and date of death) expected."""
    reported: int
    """Decoys reported."""
    decoy: bool

    @property
    def fine(self) -> bool:
        """Whether all were found, or no decoy was reported."""
        return self.reported == 0 if self.decoy else self.found == self.planted


@dataclass(frozen=True)
class Certification:
    """Silent certification of a night."""

    kinds: dict[str, CaseScore]
    others: int
    """People reported with an over-payment who are no planted case."""
    people_reported: int
    """People reported with an over-payment."""

    @property
    def precision(self) -> float:
        """Share of the people reported with an over-payment who have one."""
        return 1 - (self.others + sum(kind.reported for kind in self.kinds.values())) / max(self.people_reported, 1)

    @property
    def fine(self) -> bool:
        """Whether every case was found and no decoy reported."""
        return bool(self.kinds) and all(kind.fine for kind in self.kinds.values())


def score_certification(connection: duckdb.DuckDBPyConnection) -> Certification:
    """Compare the tables ``evidence`` and ``truth_case``, people joined through ``holder``."""
    connection.execute(
        "CREATE OR REPLACE TABLE newest AS SELECT person_id, arg_max(state, pay_month) AS state, max(death_date) AS death_date,"
        " max(contradiction) AS contradiction, arg_max(last_trace_source, pay_month) AS last_trace_source,"
        " sum(CASE WHEN reason = 'after_death' THEN overpaid_amount::DECIMAL(18, 2) ELSE 0 END) AS after_death,"
        " sum(CASE WHEN reason = 'in_prison' THEN overpaid_amount::DECIMAL(18, 2) ELSE 0 END) AS in_prison,"
        " count(*) FILTER (overpaid_amount::DECIMAL(18, 2) > 0) AS months FROM evidence GROUP BY person_id"
    )
    found = _choice(KINDS_FOUND)
    false = _choice(KINDS_FALSE)
    exact = (
        "e.months = c.months AND e.after_death + e.in_prison = c.amount::DECIMAL(18, 2)"
        " AND (c.status <> 'dead' OR e.death_date = c.event_date)"
    )
    rows = connection.execute(
        f'SELECT c."case", c.decoy, count(*), count(*) FILTER ({found}), count(*) FILTER (({found}) AND {exact}), count(*) FILTER ({false})'
        " FROM truth_case c LEFT JOIN holder h USING (person) LEFT JOIN newest e ON e.person_id = h.person_id GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    reported = connection.execute(
        "SELECT count(*), count(*) FILTER (c.person IS NULL) FROM newest e LEFT JOIN holder h USING (person_id)"
        " LEFT JOIN truth_case c ON c.person = h.person WHERE e.after_death + e.in_prison > 0"
    ).fetchone()
    kinds = {name: CaseScore(planted, hit, sharp, wrong, decoy) for name, decoy, planted, hit, sharp, wrong in rows}
    return Certification(kinds, reported[1] if reported else 0, reported[0] if reported else 0)


def _choice(kinds: dict[str, str]) -> str:
    branches = " ".join(f"WHEN '{name}' THEN coalesce({condition}, false)" for name, condition in kinds.items())
    return f'CASE c."case" {branches} ELSE false END'
