"""What must hold of tables whose ids are minted, so that no second engine could compute them: asked in DuckDB.

A crosswalk is held against the clean tables it names, the events against the crosswalk. Each invariant is a SELECT of what
breaks it, with one text column: the key by which it is shown, never a direct identifier.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from citylake.contract.catalog import Catalog
from citylake.contract.linked import kind_id
from citylake.contract.resolve_spec import ResolvedRole, ResolveSpec, roles
from citylake.ledger.people.overrides import Override
from citylake.verify.compare import SHOWN, Difference
from citylake.verify.store import Store, quoted, text

_HEADS = "('anchor', 'id_new', 'single', 'override')"
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

    Columns: subject_id, source, role, is_anchor, id_no (usable, in one form, or NULL), id_class, id_state, says_enough (a
    name, and beside it what tells its bearer from others).
    """
    parts = [_of_role(role, clean[role.table]) for role in roles(spec, catalog.collected)]
    said = store.keep(" UNION ALL ".join(parts))
    judged = _JUDGED.get(spec.kind) or _thing(spec)
    named = store.keep(
        f"SELECT subject_id, source, role, is_anchor, {judged.replace('{day}', str(business_date))} FROM {said}"
    )
    store.drop(said)
    return named


_USABLE = "document_state(id_no, id_kind, DATE '{day}') IN ('ok', 'upgraded')"
_SPOKEN = "coalesce(regexp_replace(compared(name), '[^\\p{L}\\p{N}\\p{Co}]', '', 'g'), '') <> ''"
_CALLED = "coalesce(length(regexp_replace(folded(phone), '[^0-9]', '', 'g')) >= 7, false)"
_PERSON = (
    f"CASE WHEN {_USABLE} THEN document_no(id_no, id_kind) END AS id_no, "
    f"CASE WHEN {_USABLE} THEN document_class(id_no, id_kind) END AS id_class, "
    "document_state(id_no, id_kind, DATE '{day}') AS id_state, "
    f"{_SPOKEN} AND (birth_date IS NOT NULL OR {_CALLED} OR id_text(id_no) IS NOT NULL) AS says_enough"
)
_CODES = ("uscc", "org_code", "registration_no", "id_no")


def _first(word: str) -> str:
    return f"coalesce({', '.join(word.format(code) for code in _CODES)})"


_ANY_CODE = _first("CASE WHEN code_kind_of(code_of({0})) IS NOT NULL THEN code_of({0}) END")
_WRONG = _first(
    "CASE WHEN code_state({0}) IN ('impossible_letter', 'checksum_wrong', 'wrong_kind') THEN code_state({0}) END"
)
_LEGAL_ENTITY = (
    f"{_first('office_code({0})')} AS id_no, "
    f"CASE WHEN {_first('office_code({0})')} IS NOT NULL THEN 'organisation' END AS id_class, "
    f"CASE WHEN {_first('credit_code({0})')} IS NOT NULL THEN 'ok' WHEN {_first('office_code({0})')} IS NOT NULL THEN 'upgraded' "
    f"ELSE coalesce({_WRONG}, 'missing') END AS id_state, "
    f"{_SPOKEN} AND ({_ANY_CODE} IS NOT NULL OR coalesce(folded(representative), '') <> '' OR {_CALLED}) AS says_enough"
)
_JUDGED = {"person": _PERSON, "legal_entity": _LEGAL_ENTITY}


def _thing(spec: ResolveSpec) -> str:
    """Return what is said of the subjects of a kind whose numbers have the form that ``resolve.yml`` gives."""
    usable = f"coalesce(regexp_full_match(code_of(id_no), {text(str(spec.id.number))}), false)"
    return (
        f"CASE WHEN {usable} THEN code_of(id_no) END AS id_no, CASE WHEN {usable} THEN {text(spec.kind)} END AS id_class, "
        f"CASE WHEN {usable} THEN 'ok' WHEN code_of(id_no) IS NOT NULL THEN 'wrong_kind' ELSE 'missing' END AS id_state, "
        f"coalesce(code_of(id_no), code_of(registration_no)) IS NOT NULL OR {_SPOKEN} AND "
        f"(coalesce(folded(representative), '') <> '' OR {_CALLED} OR coalesce(folded(address), '') <> '') AS says_enough"
    )


def _of_role(role: ResolvedRole, rows: str) -> str:
    said = role.columns.values()
    texts = ("id_no", "id_kind", "name", "phone", *_CODES[:3], "representative", "address")
    # An identity's subject id is made of these values: all of its rows say the same.
    told = [f"min({quoted(said[name]) if name in said else 'CAST(NULL AS VARCHAR)'}) AS {name}" for name in texts]
    told.append(f"min({quoted(said['birth_date']) if 'birth_date' in said else 'CAST(NULL AS DATE)'}) AS birth_date")
    return (
        f"SELECT {quoted(role.subject)} AS subject_id, {text(role.source)} AS source, {text(role.role)} AS role, "
        f"{str(role.is_anchor).lower()} AS is_anchor, {', '.join(told)} "
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
    own = f"own_{thing}"
    matched = f"{crosswalk} x JOIN {named} s ON s.subject_id = x.subject_id"
    return {
        "subject_more_than_once": f"SELECT subject_id FROM {crosswalk} GROUP BY subject_id HAVING count(*) > 1",
        "subject_invented": f"SELECT x.subject_id FROM {crosswalk} x ANTI JOIN {named} s "
        "ON s.subject_id = x.subject_id AND s.source = x.source AND s.role = x.role",
        # Who says too little to be told from others, and fits nobody, belongs to no thing.
        "subject_lost": f"SELECT s.subject_id FROM {named} s ANTI JOIN {crosswalk} x ON x.subject_id = s.subject_id "
        "WHERE s.is_anchor OR s.id_no IS NOT NULL OR s.says_enough",
        "number_state_differs": f"SELECT x.subject_id FROM {matched} WHERE x.id_state IS DISTINCT FROM s.id_state",
        # What people have made one keeps its own ids underneath.
        "two_numbers_in_one": f"SELECT x.{own} FROM {matched} WHERE s.id_no IS NOT NULL AND x.guard IS DISTINCT FROM 'borrowed' "
        f"GROUP BY x.{own}, s.id_class HAVING count(DISTINCT s.id_no) > 1 + count_if(x.rule = 'id_succeeded')",
        "linked_by_a_number_it_lacks": f"SELECT x.subject_id FROM {matched} ANTI JOIN (SELECT h.{thing}, t.id_no FROM {crosswalk} h "
        f"JOIN {named} t ON t.subject_id = h.subject_id WHERE h.rule IN ('anchor', 'id_new', 'id_joined', 'id_succeeded')) k "
        f"ON k.{thing} = x.{thing} AND k.id_no = s.id_no WHERE x.rule IN ('id_exact', 'id_only')",
        "anchor_by_another_rule": f"SELECT x.subject_id FROM {matched} WHERE s.is_anchor <> (x.rule = 'anchor') "
        "AND x.rule <> 'override'",
        "nobody_to_begin_with": f"SELECT {thing} FROM {crosswalk} GROUP BY {thing} HAVING NOT bool_or(rule IN {_HEADS})",
        "other_id_unknown": f"SELECT subject_id FROM {crosswalk} WHERE {quoted(f'other_{thing}')} IS NOT NULL "
        f"AND {quoted(f'other_{thing}')} NOT IN (SELECT {thing} FROM {crosswalk} WHERE {thing} IS NOT NULL)",
        "day_to_come": f"SELECT subject_id FROM {crosswalk} WHERE valid_from > DATE '{business_date}'",
        "id_shape": f"SELECT subject_id FROM {crosswalk} "
        f"WHERE NOT regexp_full_match({thing}, '{spec.id.prefix}[0-9a-f]{{{spec.id.digits}}}')",
    }


def of_subjects(published: str, named: str, spec: ResolveSpec, business_date: date) -> dict[str, str]:
    """Return the invariants of a table of subjects; the arguments are those of :func:`of_crosswalk`."""
    same = " AND ".join(
        f"p.{name} IS NOT DISTINCT FROM s.{name}"
        for name in ("source", "role", "is_anchor", "id_no", "id_class", "id_state")
    )
    return {
        "subject_more_than_once": f"SELECT subject_id FROM {published} GROUP BY subject_id HAVING count(*) > 1",
        "subject_invented": f"SELECT p.subject_id FROM {published} p ANTI JOIN {named} s ON s.subject_id = p.subject_id",
        "subject_lost": f"SELECT s.subject_id FROM {named} s ANTI JOIN {published} p ON p.subject_id = s.subject_id",
        "number_judged_otherwise": f"SELECT p.subject_id FROM {published} p JOIN {named} s ON s.subject_id = p.subject_id "
        f"WHERE NOT ({same})",
    }


def of_decisions(published: str, known: Iterable[Override]) -> dict[str, str]:
    """Return the invariants of a table of people's decisions: each row is one that the ledger has."""
    rows = [f"({one.id}, {text(one.subject_id)}, {text(one.other_subject_id)}, {text(one.decision)})" for one in known]
    said = f"SELECT * FROM (VALUES {', '.join(rows)})" if rows else "SELECT 0, '', '', '' WHERE false"
    told = f"SELECT override_id, subject_id, other_subject_id, decision FROM {published}"
    return {"decision_invented": f"SELECT CAST(override_id AS VARCHAR) FROM ({told} EXCEPT {said})"}


def of_events(events: str, crosswalk: str, spec: ResolveSpec, business_date: date) -> dict[str, str]:
    """Return the invariants of an event table: what happened to ids must add up to the crosswalk."""
    thing = kind_id(spec.kind)
    other = quoted(f"other_{thing}")
    gained = "'MOVE', 'SPLIT', 'MERGE_APPROVED', 'UNMERGE'"
    flows = (
        f"SELECT {thing} AS id, subject_count AS n FROM {events} WHERE event_kind_code IN ('CREATE', 'ABSORB', {gained}) UNION ALL "
        f"SELECT {other}, -subject_count FROM {events} WHERE event_kind_code IN ({gained}) AND {other} IS NOT NULL UNION ALL "
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
