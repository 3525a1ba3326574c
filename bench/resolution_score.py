"""How well subjects of a made-up city were resolved, without a lake: ``python -m bench.resolution --score --seed 11``.

Only for tuning: reported scores are those of ``make score``. What is scored is what the bench resolved, by the same words.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from city.score.report import assess, section, table


def score(subjects: Path, crosswalk: Path, kind: str, people: int, seed: int) -> Iterator[str]:
    """Yield lines of Markdown: targets, then rates by source, mistake and rule, and examples.

    Args:
        subjects: what :func:`bench.city_subjects.make_subjects` wrote.
        crosswalk: the rows made of them.
        kind: person or legal_entity.
        people: the city's size.
        seed: its seed.
    """
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE record AS SELECT s.source AS resource, s.subject_id AS record_key, '{kind}' AS kind, s.role, s.subject_id,"
            " c.entity_id AS found, c.rule, c.guard, coalesce(c.id_state, s.id_state) AS id_state, c.review_reason"
            f" FROM '{subjects}' s LEFT JOIN '{crosswalk}' c USING (subject_id)"
        )
        connection.execute(
            f"CREATE TABLE truth_link AS SELECT source AS resource, subject_id AS record_key, '{kind}' AS kind, role, number AS person"
            f" FROM '{subjects}' WHERE number >= 0"
        )
        connection.execute(
            f"CREATE TABLE mistake AS SELECT source AS resource, subject_id AS record_key, '{kind}' AS kind, role,"
            f" unnest(string_split(rtrim(mistakes, ','), ',')) AS mistake FROM '{subjects}' WHERE mistakes <> ''"
        )
        connection.execute(
            "CREATE TABLE truth_person (person BIGINT, traits VARCHAR, name VARCHAR, birth_date DATE, id_no VARCHAR)"
        )
        connection.execute("CREATE TABLE truth_firm (firm BIGINT, name VARCHAR, uscc VARCHAR, established_date DATE)")
        found = assess(connection, people, seed, ())
        yield from table(found)
        yield from section(kind, found.kinds[kind], connection)
