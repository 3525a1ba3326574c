"""The crosswalk: every subject and the thing it belongs to, with stable ids; decided in DuckDB, in this process.

``resolve`` decides everything; ``resolve_touched`` only what changed subjects can have an effect on, with the same result.

Tables of the store that both read:
    subject: see ``citylake.resolve.subjects``; override: see ``citylake.resolve.overrides``;
    before: subject_id, part_key, own_id, entity_id, other_key, valid_from and the other columns of ``ROW`` as last written.
Both make ``made``: the rows of the crosswalk, of all subjects or of the touched ones.
"""

import duckdb

from citylake.contract.resolve_spec import ResolveSpec
from citylake.resolve.ids import Minting, carry_ids
from citylake.resolve.links import link
from citylake.resolve.touched import take_slice

ROW = (
    "source", "role", "subject_id", "entity_id", "rule", "score", "guard", "id_state", "candidates", "review_reason",
    "other_id", "own_id", "part_key", "other_key", "evidence", "valid_from",
)  # fmt: skip
"""Columns of a crosswalk; ``entity_id`` and ``other_id`` are called after the kind in the table."""


def resolve(store: duckdb.DuckDBPyConnection, spec: ResolveSpec, minting: Minting) -> None:
    """Make ``made`` of all subjects: the same subjects and the same rows before give the same rows."""
    store.execute("CREATE OR REPLACE TEMP TABLE bystander (subject_id VARCHAR)")
    link(store, spec)
    store.execute("CREATE OR REPLACE TEMP VIEW assigned AS SELECT subject_id, part_key, thing_key FROM link")
    store.execute(
        "CREATE OR REPLACE TEMP VIEW previous AS SELECT subject_id, own_id, entity_id, valid_from FROM before"
    )
    carry_ids(store, minting)
    _rows(store, minting, "link")


def resolve_touched(store: duckdb.DuckDBPyConnection, spec: ResolveSpec, minting: Minting) -> None:
    """Make ``made`` of the subjects that the rows of ``changed`` can have an effect on, and ``gone`` (subject_id).

    Args:
        store: beside the tables above, ``changed``: the old and new rows of changed subjects, columns of ``subject``.
        spec: the kind's rules.
        minting: how ids are made.
    """
    take_slice(store, spec)
    link(store, spec)
    # Whoever shares an id or a thing with the touched votes as well, by where it stood.
    store.execute(
        """
        CREATE OR REPLACE TEMP TABLE voter AS
        WITH mine AS (SELECT * FROM link WHERE subject_id IN (SELECT subject_id FROM touched)),
        ids AS (SELECT own_id FROM before WHERE subject_id IN (SELECT subject_id FROM touched)
                UNION SELECT own_id FROM before WHERE part_key IN (SELECT part_key FROM mine))
        SELECT b.* FROM before b WHERE b.own_id IN (SELECT own_id FROM ids)
        """
    )
    store.execute(
        """
        CREATE OR REPLACE TEMP TABLE answer AS
        SELECT * FROM link WHERE subject_id IN (SELECT subject_id FROM touched)
        UNION ALL BY NAME
        SELECT subject_id, source, role, id_state, v.part_key, rule, score, guard, candidates, review_reason, other_key, evidence,
               coalesce(u.thing_key, v.part_key) AS thing_key
        FROM voter v LEFT JOIN united u ON u.part_key = v.part_key WHERE subject_id NOT IN (SELECT subject_id FROM touched)
        """
    )
    store.execute("CREATE OR REPLACE TEMP VIEW assigned AS SELECT subject_id, part_key, thing_key FROM answer")
    store.execute("CREATE OR REPLACE TEMP VIEW previous AS SELECT subject_id, own_id, entity_id, valid_from FROM voter")
    carry_ids(store, minting)
    _name_others(store)
    _rows(store, minting, "answer")
    store.execute(
        "CREATE OR REPLACE TEMP TABLE gone AS SELECT subject_id FROM voter WHERE subject_id IN (SELECT subject_id FROM touched) "
        "AND subject_id NOT IN (SELECT subject_id FROM made)"
    )


def _name_others(store: duckdb.DuckDBPyConnection) -> None:
    """Add to ``answer`` the rows that name an id as the other one which is another now, and tell the ids of unmoved things."""
    store.execute(
        """
        INSERT INTO answer BY NAME
        SELECT b.* EXCLUDE (own_id, entity_id, other_id, valid_from), b.part_key AS thing_key
        FROM before b WHERE b.other_key IN (
            SELECT v.part_key FROM voter v JOIN part_id i ON i.part_key = v.part_key JOIN assigned a ON a.subject_id = v.subject_id
            JOIN thing_id t ON t.thing_key = a.thing_key WHERE t.entity_id <> v.entity_id)
        AND b.subject_id NOT IN (SELECT subject_id FROM answer UNION FROM touched)
        """
    )


def _rows(store: duckdb.DuckDBPyConnection, minting: Minting, links: str) -> None:
    """Make ``made``: links with ids in place of keys, and the day since which each holds."""
    day = f"DATE '{minting.business_date.isoformat()}'"
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE made AS
        WITH placed AS (
            SELECT l.*, coalesce(t.entity_id, b.entity_id) AS entity_id, coalesce(i.own_id, b.own_id) AS own_id,
                   b.entity_id AS borne_id, b.valid_from AS borne_from
            FROM {links} l LEFT JOIN thing_id t ON t.thing_key = l.thing_key LEFT JOIN part_id i ON i.part_key = l.part_key
            LEFT JOIN before b ON b.subject_id = l.subject_id),
        others AS (
            SELECT part_key, entity_id FROM placed GROUP BY ALL
            UNION ALL SELECT part_key, any_value(entity_id) FROM before
            WHERE part_key IN (SELECT other_key FROM {links}) AND part_key NOT IN (SELECT part_key FROM placed) GROUP BY ALL)
        SELECT source, role, subject_id, p.entity_id, rule, score::DECIMAL(5, 4) AS score, guard, id_state,
               candidates::INTEGER AS candidates, review_reason, o.entity_id AS other_id, own_id, p.part_key, other_key, evidence,
               CASE WHEN borne_id = p.entity_id THEN borne_from ELSE {day} END AS valid_from
        FROM placed p LEFT JOIN others o ON o.part_key = p.other_key
        """
    )
