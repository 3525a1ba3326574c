"""Links: which thing each subject belongs to, by which rule, with what verdict of the guard.

Reads the tables ``subject`` and ``override`` of a store and makes ``link``: one row per subject that belongs to something.

Columns of ``link``:
    subject_id, source, role, id_state, part_key (anchor of its thing, by rules alone), rule, score, guard, candidates,
    review_reason, other_key, evidence (what agrees and what differs, field by field, without values).
"""

import duckdb

from citylake.contract.resolve_spec import ResolveSpec
from citylake.resolve.anchors import RESIDENT, find_anchors, link_by_identifier
from citylake.resolve.candidates import choose, compare, evidence, holds, known_near, profile_field, voices
from citylake.resolve.overrides import decide_by_people, forbid
from citylake.resolve.residue import resolve_residue
from citylake.resolve.same import find_same_things

_ENOUGH = {
    "person": "name_key IS NOT NULL AND (phone IS NOT NULL OR birth IS NOT NULL OR id_text IS NOT NULL)",
    "legal_entity": "name_key IS NOT NULL AND "
    "(registration_no IS NOT NULL OR id_text IS NOT NULL OR representative IS NOT NULL OR phone IS NOT NULL)",
}
_ENOUGH_OF_THINGS = (
    "registration_no IS NOT NULL OR id_text IS NOT NULL OR "
    "(name_key IS NOT NULL AND (representative IS NOT NULL OR phone IS NOT NULL OR address IS NOT NULL))"
)
"""What tells something from others well enough to stand by itself."""


def link(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Make the table ``link``.

    Two different usable identifiers of one class never meet: a subject with one is linked by it, speaks for it, or goes
    on without it.
    """
    find_anchors(store, spec)
    link_by_identifier(store, spec)
    find_same_things(store, spec)
    _choose_for_rest(store, spec)
    _propose(store, spec)
    _assemble(store, spec)
    resolve_residue(store, spec)
    decide_by_people(store)


def _choose_for_rest(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Make ``rest`` (subjects that no identifier linked), their ``facts`` and what is ``chosen`` for them."""
    store.execute(
        "CREATE OR REPLACE TEMP TABLE rest AS SELECT s.* FROM subject s JOIN held h ON h.subject_id = s.subject_id "
        "WHERE h.anchor_key IS NULL"
    )
    known_near(store, spec, "rest", "known")
    compare(store, spec, "rest", "known", spec.rules, "facts")
    forbid(store, "facts")
    choose(store, spec.rules, "facts", "chosen")


def _propose(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Make ``proposed``: anchors that look like another thing with an identifier of its own.

    Columns: subject_id, review_reason, other_key, proposals (how many others), evidence.
    """
    store.execute(
        "CREATE OR REPLACE TEMP TABLE proposed "
        "(subject_id VARCHAR, review_reason VARCHAR, other_key VARCHAR, proposals INTEGER, evidence VARCHAR)"
    )
    if not spec.proposals:
        return
    # Only where two things share a block: most share theirs with nobody.
    blocks = sorted({rule.block for rule in spec.proposals})
    named = sorted({name for block in blocks for name in block})
    fields = ", ".join(f"{profile_field(spec, name)} AS {name}" for name in named)
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE bearing AS
        SELECT coalesce(m.thing_key, c.anchor_key) AS own_key, s.* FROM (
            SELECT subject_id, anchor_key FROM speaker UNION ALL SELECT subject_id, anchor_key FROM held WHERE rule = 'id_exact') c
        JOIN (SELECT subject_id, {fields} FROM {voices(spec, "subject")} WHERE id_no IS NOT NULL) s ON s.subject_id = c.subject_id
        LEFT JOIN same_thing m ON m.anchor_key = c.anchor_key
        """
    )
    crowded = " UNION ".join(
        f"SELECT subject_id FROM subject SEMI JOIN (SELECT {', '.join(block)} FROM bearing GROUP BY ALL "
        f"HAVING min(own_key) <> max(own_key)) b USING ({', '.join(block)}) WHERE id_no IS NOT NULL"
        for block in blocks
    )
    store.execute(
        "CREATE OR REPLACE TEMP TABLE suspect AS SELECT s.*, coalesce(m.thing_key, p.anchor_key) AS own_key FROM speaker p "
        "JOIN subject s ON s.subject_id = p.subject_id LEFT JOIN same_thing m ON m.anchor_key = p.anchor_key "
        f"SEMI JOIN ({crowded}) c ON c.subject_id = s.subject_id"
    )
    known_near(store, spec, "suspect", "near_suspect")
    different = "s.own_key <> p.anchor_key AND p.id_no IS NOT NULL"
    compare(store, spec, "suspect", "near_suspect", spec.proposals, "suspect_facts", where=different)
    forbid(store, "suspect_facts")
    reason = " ".join(f"WHEN {holds(rule)} THEN '{rule.name}'" for rule in spec.proposals)
    store.execute(
        f"""
        INSERT INTO proposed
        WITH found AS (SELECT subject_id, anchor_key, CASE {reason} END AS review_reason, {evidence(spec, "f")} AS evidence
                       FROM suspect_facts f WHERE id_distance > 0)
        SELECT subject_id, min(review_reason), min(anchor_key), count(*)::INTEGER, arg_min(evidence, anchor_key)
        FROM found WHERE review_reason IS NOT NULL GROUP BY subject_id
        """
    )


def _assemble(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Make ``link`` of anchors, what identifiers linked, what rules chose, and who stands alone."""
    scores = " ".join(f"WHEN '{rule.name}' THEN {rule.score}" for rule in spec.rules)
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE link AS
        SELECT p.subject_id, s.source, s.role, s.id_state, coalesce(m.thing_key, p.anchor_key) AS part_key,
               CASE WHEN s.is_anchor AND p.tier = {RESIDENT} THEN 'anchor' WHEN m.thing_key IS NOT NULL THEN m.rule
                    WHEN p.tier = {RESIDENT} THEN 'anchor' ELSE 'id_new' END AS rule,
               1::DECIMAL(5, 4) AS score, CASE WHEN s.id_no IS NOT NULL THEN 'agrees' ELSE 'none' END AS guard,
               coalesce(q.proposals, 1) AS candidates, q.review_reason, q.other_key,
               CASE WHEN m.rule IS NOT NULL THEN m.evidence ELSE q.evidence END AS evidence
        FROM speaker p JOIN subject s ON s.subject_id = p.subject_id
        LEFT JOIN same_thing m ON m.anchor_key = p.anchor_key LEFT JOIN proposed q ON q.subject_id = p.subject_id
        UNION ALL
        SELECT h.subject_id, s.source, s.role, s.id_state, coalesce(m.thing_key, h.anchor_key), h.rule, 1, h.guard,
               h.holders, NULL, NULL, NULL
        FROM held h JOIN subject s ON s.subject_id = h.subject_id LEFT JOIN same_thing m ON m.anchor_key = h.anchor_key
        WHERE h.anchor_key IS NOT NULL
        """
    )
    enough = _ENOUGH.get(spec.kind, _ENOUGH_OF_THINGS)
    store.execute(
        f"""
        INSERT INTO link
        WITH told AS (
            SELECT r.*, h.guard, h.holders, coalesce(m.thing_key, h.holder_key) AS holder_key,
                   c.anchor_key, c.rule, c.found, c.rival_key,
                   coalesce(c.anchor_key = coalesce(m.thing_key, h.holder_key), false) AS is_holder
            FROM rest r JOIN held h ON h.subject_id = r.subject_id LEFT JOIN chosen c ON c.subject_id = r.subject_id
            LEFT JOIN same_thing m ON m.anchor_key = h.holder_key
            WHERE c.anchor_key IS NOT NULL OR ({enough})),
        judged AS (
            -- A rule may find that it is the holder after all: the anchor's attributes were too few for the guard.
            SELECT * REPLACE (CASE WHEN is_holder THEN 'agrees' ELSE guard END AS guard,
                              CASE WHEN NOT is_holder THEN holder_key END AS holder_key) FROM told)
        SELECT j.subject_id, source, role, id_state, coalesce(j.anchor_key, j.subject_id), coalesce(rule, 'single'),
               CASE rule {scores} ELSE 1 END, guard, coalesce(found, holders),
               CASE WHEN guard = 'borrowed' AND holders > 1 THEN 'two_people_one_id' WHEN guard = 'borrowed' THEN 'borrowed_id'
                    WHEN rule IS NULL AND found > 1 THEN 'several_candidates' END,
               coalesce(holder_key, rival_key), f.evidence
        FROM judged j LEFT JOIN (SELECT subject_id, anchor_key, {evidence(spec, "e")} AS evidence FROM facts e) f
        ON f.subject_id = j.subject_id AND f.anchor_key = coalesce(j.anchor_key, j.rival_key)
        """
    )
