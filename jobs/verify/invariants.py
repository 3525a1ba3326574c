"""What must hold of tables whose ids are minted, so that no second engine could compute them: asked in DuckDB.

A crosswalk is held against the clean tables it names, the events against the crosswalk. Each invariant is a SELECT of what
breaks it, with one text column: the key by which it is shown, never a direct identifier.
"""

from collections.abc import Mapping
from datetime import date

from jobs.verify.compare import SHOWN, Difference
from jobs.verify.store import Store, quoted, text
from schemas.catalog import Catalog
from schemas.linked import kind_id
from schemas.resolve_spec import ResolvedRole, ResolveSpec, roles

_HEADS = "('anchor', 'id_new', 'single')"
"""Rules by which a subject begins a thing of its own."""


def broken(store: Store, invariants: Mapping[str, str]) -> tuple[dict[str, int], tuple[Difference, ...]]:
    """Ask every invariant; return counts and the first finds of those that do not hold."""
    counts, found = {}, []
    for name, select in invariants.items():
        if number := store.number(f"SELECT count(*) FROM ({select})"):
            counts[name] = number
            rows = store.run(f"SELECT * FROM ({select}) AS f(key) ORDER BY 1 LIMIT {SHOWN}").fetchall()
            found += [Difference(name, str(row[0])) for row in rows]
    return counts, tuple(found)


def subjects(store: Store, catalog: Catalog, spec: ResolveSpec, clean: Mapping[str, str], business_date: date) -> str:
    """Return the name of a table with every subject of the clean tables, once per source and role, tombstones included.

    Columns: subject_id, source, role, is_anchor, id_no (usable, 18 characters, or NULL), id_state, says_enough (a name, and
    a phone, a birth date or a number beside it).
    """
    parts = [_of_role(role, clean[role.table]) for role in roles(spec, catalog.collected)]
    said = store.keep(" UNION ALL ".join(parts))
    day = f"DATE '{business_date}'"
    named = store.keep(
        f"SELECT subject_id, source, role, is_anchor, CASE WHEN state IN ('ok', 'upgraded') THEN id_18(number) END AS id_no, "
        "state AS id_state, spoken AND (beside OR id_text(number) IS NOT NULL) AS says_enough "
        f"FROM (SELECT *, id_state(number, {day}) AS state FROM {said})"
    )
    store.drop(said)
    return named


def _of_role(role: ResolvedRole, rows: str) -> str:
    columns = role.columns
    number = quoted(columns.id_no) if columns.id_no else "CAST(NULL AS VARCHAR)"
    name = quoted(columns.name) if columns.name else "CAST(NULL AS VARCHAR)"
    beside = [f"{quoted(columns.birth_date)} IS NOT NULL"] if columns.birth_date else []
    if columns.phone:
        beside.append(f"length(regexp_replace(folded({quoted(columns.phone)}), '[^0-9]', '', 'g')) >= 7")
    spoken = f"coalesce(regexp_replace(folded({name}), '[^\\p{{L}}\\p{{N}}]', '', 'g'), '') <> ''"
    told = " OR ".join([*(f"coalesce({item}, false)" for item in beside), "false"])
    # An identity's subject id is made of these values: all of its rows say the same.
    return (
        f"SELECT {quoted(role.subject)} AS subject_id, {text(role.source)} AS source, {text(role.role)} AS role, "
        f"{str(role.is_anchor).lower()} AS is_anchor, min({number}) AS number, bool_or({spoken}) AS spoken, bool_or({told}) AS beside "
        f"FROM {rows} WHERE {quoted(role.subject)} IS NOT NULL GROUP BY {quoted(role.subject)}"
    )


def of_crosswalk(crosswalk: str, named: str, spec: ResolveSpec, business_date: date) -> dict[str, str]:
    """Return the invariants of a crosswalk.

    Args:
        crosswalk: its rows.
        named: what :func:`subjects` made.
        spec: names the kind.
        business_date: no later day may stand in it.
    """
    thing = kind_id(spec.kind)
    matched = f"{crosswalk} x JOIN {named} s ON s.subject_id = x.subject_id"
    return {
        "subject_more_than_once": f"SELECT subject_id FROM {crosswalk} GROUP BY subject_id HAVING count(*) > 1",
        "subject_invented": f"SELECT x.subject_id FROM {crosswalk} x ANTI JOIN {named} s "
        "ON s.subject_id = x.subject_id AND s.source = x.source AND s.role = x.role",
        # Who says too little to be told from others, and fits nobody, belongs to no thing.
        "subject_lost": f"SELECT s.subject_id FROM {named} s ANTI JOIN {crosswalk} x ON x.subject_id = s.subject_id "
        "WHERE s.is_anchor OR s.id_no IS NOT NULL OR s.says_enough",
        "number_state_differs": f"SELECT x.subject_id FROM {matched} WHERE x.id_state IS DISTINCT FROM s.id_state",
        "two_numbers_in_one": f"SELECT x.{thing} FROM {matched} WHERE s.id_no IS NOT NULL AND x.guard IS DISTINCT FROM 'borrowed' "
        f"GROUP BY x.{thing} HAVING count(DISTINCT s.id_no) > 1",
        "linked_by_a_number_it_lacks": f"SELECT x.subject_id FROM {matched} ANTI JOIN (SELECT h.{thing}, t.id_no FROM {crosswalk} h "
        f"JOIN {named} t ON t.subject_id = h.subject_id WHERE h.rule IN ('anchor', 'id_new')) k "
        f"ON k.{thing} = x.{thing} AND k.id_no = s.id_no WHERE x.rule IN ('id_exact', 'id_only')",
        "anchor_by_another_rule": f"SELECT x.subject_id FROM {matched} WHERE s.is_anchor <> (x.rule = 'anchor')",
        "nobody_to_begin_with": f"SELECT {thing} FROM {crosswalk} GROUP BY {thing} HAVING NOT bool_or(rule IN {_HEADS})",
        "other_id_unknown": f"SELECT subject_id FROM {crosswalk} WHERE {quoted(f'other_{thing}')} IS NOT NULL "
        f"AND {quoted(f'other_{thing}')} NOT IN (SELECT {thing} FROM {crosswalk} WHERE {thing} IS NOT NULL)",
        "day_to_come": f"SELECT subject_id FROM {crosswalk} WHERE valid_from > DATE '{business_date}'",
        "id_shape": f"SELECT subject_id FROM {crosswalk} "
        f"WHERE NOT regexp_full_match({thing}, '{spec.id.prefix}[0-9a-f]{{{spec.id.digits}}}')",
    }


def of_events(events: str, crosswalk: str, spec: ResolveSpec, business_date: date) -> dict[str, str]:
    """Return the invariants of an event table: what happened to ids must add up to the crosswalk."""
    thing = kind_id(spec.kind)
    other = quoted(f"other_{thing}")
    flows = (
        f"SELECT {thing} AS id, subject_count AS n FROM {events} WHERE event_kind_code IN ('CREATE', 'ABSORB', 'MOVE', 'SPLIT') UNION ALL "
        f"SELECT {other}, -subject_count FROM {events} WHERE event_kind_code IN ('MOVE', 'SPLIT') AND {other} IS NOT NULL UNION ALL "
        f"SELECT {thing}, -subject_count FROM {events} WHERE event_kind_code = 'RELEASE' UNION ALL "
        f"SELECT {thing}, -1 FROM {crosswalk}"
    )
    return {
        "event_more_than_once": f"SELECT event_id FROM {events} GROUP BY event_id HAVING count(*) > 1",
        "day_to_come": f"SELECT event_id FROM {events} WHERE event_date > DATE '{business_date}'",
        "id_without_beginning": f"SELECT DISTINCT x.{thing} FROM {crosswalk} x ANTI JOIN "
        f"(SELECT {thing} FROM {events} WHERE event_kind_code IN ('CREATE', 'SPLIT')) e USING ({thing})",
        "created_twice": f"SELECT {thing} FROM {events} WHERE event_kind_code = 'CREATE' GROUP BY {thing} HAVING count(*) > 1",
        "events_do_not_add_up": f"SELECT id FROM ({flows}) GROUP BY id HAVING sum(n) <> 0",
    }
