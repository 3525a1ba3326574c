"""Anchors: subjects that are, each by itself, one thing; and what an identifier says about the subjects that bear it.

Everything here depends on the subjects of one identifier only.
"""

from collections.abc import Sequence

import duckdb

from citylake.contract.resolve_spec import ResolveSpec

RESIDENT, OTHER = 0, 1
"""Tier of an anchor: from the spec's anchor records, or from a usable identifier that none of those bears."""


def agrees(spec: ResolveSpec, left: str, right: str) -> str:
    """Return the condition that the attributes of two rows agree as the spec's guard asks; never NULL."""
    groups = [" AND ".join(_same(spec, name, left, right) for name in fields) for fields in spec.guard]
    return "(" + " OR ".join(f"coalesce({group}, false)" for group in groups) + ")"


def _same(spec: ResolveSpec, name: str, left: str, right: str) -> str:
    """Return the condition that a field agrees; a name agrees with a former one as well."""
    pairs = [(name, name)]
    if name == spec.name_field:
        pairs += [(name, "former_key"), ("former_key", name)]
    return "(" + " OR ".join(f"{left}.{one} = {right}.{other}" for one, other in pairs) + ")"


def silent(spec: ResolveSpec, row: str) -> str:
    """Return the condition that a row says nothing that the guard could compare."""
    return " AND ".join(f"{row}.{name} IS NULL" for name in _guarded(spec))


def _guarded(spec: ResolveSpec) -> Sequence[str]:
    return sorted({name for fields in spec.guard for name in fields})


def find_anchors(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Make the table ``speaker``: subject_id, anchor_key (first anchor of the same thing), tier.

    These are the records of the spec's anchor roles, and one subject per usable identifier that none of them has.
    Anchor records with one identifier are one thing if their attributes agree, else two: the number was given out twice.
    """
    told = sorted({*_guarded(spec), spec.name_field, "former_key"})
    store.execute(
        f"CREATE OR REPLACE TEMP TABLE shared AS SELECT subject_id, since, id_no, {', '.join(told)} FROM subject "
        "WHERE is_anchor AND id_no IN (SELECT id_no FROM subject WHERE is_anchor GROUP BY id_no HAVING count(*) > 1)"
    )
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE speaker AS
        WITH head AS (SELECT id_no, unnest(arg_min({{'subject_id': subject_id, {_packed(told)}}}, (since, subject_id)))
                      FROM shared GROUP BY id_no),
        judged AS (SELECT s.subject_id, s.id_no, s.{spec.name_field} AS called, h.subject_id AS head, {agrees(spec, "s", "h")} AS same
                   FROM shared s JOIN head h ON h.id_no = s.id_no),
        namesake AS (SELECT id_no, coalesce(called, subject_id) AS called, min(subject_id) AS first
                     FROM judged WHERE NOT same GROUP BY ALL)
        SELECT j.subject_id, CASE WHEN j.same OR j.subject_id = j.head THEN j.head ELSE n.first END AS anchor_key, {RESIDENT} AS tier
        FROM judged j LEFT JOIN namesake n ON n.id_no = j.id_no AND n.called = coalesce(j.called, j.subject_id)
        UNION ALL
        SELECT subject_id, subject_id, {RESIDENT} FROM subject s
        WHERE is_anchor AND NOT EXISTS (SELECT 1 FROM shared o WHERE o.subject_id = s.subject_id)
        """
    )
    begun = "birth" if spec.kind == "person" else "established"
    store.execute(
        f"""
        INSERT INTO speaker
        WITH free AS (SELECT * FROM subject s WHERE NOT is_anchor AND id_no IS NOT NULL
                      AND NOT EXISTS (SELECT 1 FROM subject k WHERE k.is_anchor AND k.id_no = s.id_no)),
        usual AS (SELECT id_no, {spec.name_field} AS called, count(*) AS times FROM free GROUP BY ALL)
        SELECT f.subject_id, f.subject_id, {OTHER} FROM free f
        JOIN usual u ON u.id_no = f.id_no AND u.called IS NOT DISTINCT FROM f.{spec.name_field}
        QUALIFY row_number() OVER (
            PARTITION BY f.id_no ORDER BY u.called IS NULL, u.times DESC, {begun} IS NULL, f.since, f.subject_id) = 1
        """
    )


def _packed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}': {name}" for name in names)


def link_by_identifier(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Make the table ``held``: one row per other subject with what its identifier alone says.

    Columns: subject_id, anchor_key, rule (NULL when the identifier says nothing), guard, holders (how many things have
    the identifier), holder_key (one of them, when the subject is not it).
    """
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE held AS
        WITH bearer AS (
            SELECT p.anchor_key, s.* FROM speaker p JOIN subject s ON s.subject_id = p.subject_id WHERE s.id_no IS NOT NULL),
        verdict AS (
            SELECT s.subject_id, a.anchor_key, {agrees(spec, "s", "a")} AS same, {silent(spec, "s")} AS silent
            FROM subject s JOIN bearer a ON a.id_no = s.id_no
            WHERE NOT EXISTS (SELECT 1 FROM speaker p WHERE p.subject_id = s.subject_id)),
        counted AS (
            SELECT subject_id, any_value(silent) AS silent, count(DISTINCT anchor_key) AS holders, min(anchor_key) AS holder_key,
                   count(DISTINCT anchor_key) FILTER (WHERE same) AS agreeing, min(anchor_key) FILTER (WHERE same) AS agreeing_key
            FROM verdict GROUP BY subject_id)
        SELECT s.subject_id,
               CASE WHEN agreeing = 1 THEN agreeing_key WHEN silent AND holders = 1 THEN holder_key END AS anchor_key,
               CASE WHEN agreeing = 1 THEN 'id_exact' WHEN silent AND holders = 1 THEN 'id_only' END AS rule,
               CASE WHEN holders IS NULL THEN 'none' WHEN agreeing = 1 THEN 'agrees'
                    WHEN silent THEN 'nothing_to_compare' ELSE 'borrowed' END AS guard,
               coalesce(holders, 0)::INTEGER AS holders,
               CASE WHEN agreeing = 1 OR (silent AND holders = 1) THEN NULL ELSE holder_key END AS holder_key
        FROM subject s LEFT JOIN counted c ON c.subject_id = s.subject_id
        WHERE NOT EXISTS (SELECT 1 FROM speaker p WHERE p.subject_id = s.subject_id)
        """
    )
