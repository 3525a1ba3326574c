"""Overrides: what people have decided, applied on every run; the parts of a thing stay what they are by rules alone.

Reads ``override`` (subject_id, other_subject_id, decision: must_link or cannot_link), those in force only.
"""

from collections.abc import Iterable

import duckdb

MUST, CANNOT = "must_link", "cannot_link"


def forbid(store: duckdb.DuckDBPyConnection, facts: str) -> None:
    """Take out of compared pairs those that people have said are not one thing."""
    store.execute(
        f"""
        WITH pair AS (SELECT subject_id AS one, other_subject_id AS other FROM override WHERE decision = '{CANNOT}'
                      UNION ALL SELECT other_subject_id, subject_id FROM override WHERE decision = '{CANNOT}'),
        told AS (SELECT p.one, coalesce(m.thing_key, k.anchor_key) AS anchor_key FROM pair p JOIN (
                     SELECT subject_id, anchor_key FROM speaker
                     UNION ALL SELECT subject_id, anchor_key FROM held WHERE anchor_key IS NOT NULL) k ON k.subject_id = p.other
                 LEFT JOIN same_thing m ON m.anchor_key = k.anchor_key)
        DELETE FROM {facts} f USING told t WHERE f.subject_id = t.one AND f.anchor_key = t.anchor_key
        """
    )


def decide_by_people(store: duckdb.DuckDBPyConnection) -> None:
    """Part what cannot be one thing, then add ``thing_key`` to ``link``: parts that must be one thing share it."""
    _include(store)
    _part(store)
    store.execute("ALTER TABLE link ADD COLUMN thing_key VARCHAR")
    store.execute("UPDATE link SET thing_key = part_key")
    must = store.execute(
        "SELECT a.part_key, b.part_key FROM override o JOIN link a ON a.subject_id = o.subject_id "
        f"JOIN link b ON b.subject_id = o.other_subject_id WHERE o.decision = '{MUST}' ORDER BY ALL"
    ).fetchall()
    apart = store.execute(
        "SELECT a.part_key, b.part_key FROM override o JOIN link a ON a.subject_id = o.subject_id "
        f"JOIN link b ON b.subject_id = o.other_subject_id WHERE o.decision = '{CANNOT}'"
    ).fetchall()
    united = _united(must, {frozenset(pair) for pair in apart})
    store.execute("CREATE OR REPLACE TEMP TABLE united (part_key VARCHAR, thing_key VARCHAR)")
    if united:
        store.executemany("INSERT INTO united VALUES (?, ?)", [list(pair) for pair in united.items()])
        store.execute("UPDATE link SET thing_key = u.thing_key FROM united u WHERE u.part_key = link.part_key")
    _settle_reviews(store)


def _include(store: duckdb.DuckDBPyConnection) -> None:
    """Give a place to subjects that say too little for the rules but that people have placed."""
    store.execute(
        f"""
        INSERT INTO link SELECT s.subject_id, s.source, s.role, s.id_state, s.subject_id, 'single', 1, h.guard, 1, NULL, NULL, NULL
        FROM subject s JOIN held h ON h.subject_id = s.subject_id
        WHERE s.subject_id IN (SELECT unnest([subject_id, other_subject_id]) FROM override WHERE decision = '{MUST}')
          AND s.subject_id NOT IN (SELECT subject_id FROM link)
        """
    )


def _part(store: duckdb.DuckDBPyConnection) -> None:
    """Make things of their own of subjects that were linked with what they cannot be: the one that is not the anchor."""
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE parted AS
        SELECT DISTINCT CASE WHEN a.subject_id = a.part_key THEN b.subject_id ELSE a.subject_id END AS subject_id
        FROM override o JOIN link a ON a.subject_id = o.subject_id JOIN link b ON b.subject_id = o.other_subject_id
        WHERE o.decision = '{CANNOT}' AND a.part_key = b.part_key
        """
    )
    store.execute(
        "UPDATE link SET part_key = subject_id, rule = 'override', review_reason = NULL, other_key = NULL "
        "WHERE subject_id IN (SELECT subject_id FROM parted)"
    )


def _settle_reviews(store: duckdb.DuckDBPyConnection) -> None:
    """Take off the list what people have decided: pairs that are one thing now, or that they have said are not."""
    store.execute(
        f"""
        UPDATE link SET review_reason = NULL, other_key = NULL WHERE review_reason IS NOT NULL AND (
            thing_key = (SELECT min(o.thing_key) FROM link o WHERE o.subject_id = link.other_key)
            OR EXISTS (SELECT 1 FROM override d JOIN link b ON b.subject_id = d.other_subject_id
                       WHERE d.decision = '{CANNOT}' AND d.subject_id = link.subject_id AND b.part_key = link.other_key))
        """
    )


def _united(must: Iterable[tuple[str, str]], apart: set[frozenset[str]]) -> dict[str, str]:
    """Return part -> least part of its component, for parts of components of more than one.

    A pair is left out if it would bring together what people have said is apart.
    """
    members: dict[str, set[str]] = {}
    for one, other in must:
        left, right = members.get(one, {one}), members.get(other, {other})
        if left is right or any(frozenset((a, b)) in apart for a in left for b in right):
            continue
        left |= right
        members |= dict.fromkeys(left, left)
    return {part: min(group) for part, group in members.items() if len(group) > 1}
