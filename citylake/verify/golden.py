"""Golden values chosen once more: what ``survivorship`` in a library's ``resolve.yml`` says, in DuckDB.

:mod:`citylake.verify.reference` reads them as ``chosen``: ``entity_id``, per field its value and ``_source``, ``_rule``, ``_date``,
``_agreeing``, ``_conflicts``, and ``_recheck_on``; for a comparison what :func:`compared` makes.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from citylake.contract.catalog import Catalog
from citylake.contract.golden import BESIDE
from citylake.contract.linked import kind_id
from citylake.contract.model import DerivedContract, Input
from citylake.contract.resolve_spec import ResolveSpec
from citylake.contract.survivorship import Choice, Given, Golden
from citylake.spelling import resource_of
from citylake.verify.store import Store, quoted, text
from citylake.verify.translate import duckdb_condition

_DAYS = {"d": 1, "m": 30, "y": 365}
_LAST = 99
_NEVER = -1e12


def golden(
    store: Store,
    catalog: Catalog,
    contract: DerivedContract,
    spec: ResolveSpec,
    inputs: Mapping[str, str],
    business_date: date,
) -> str:
    """Return the name of a table of the store with one row per entity of which something is said.

    Args:
        store: where the inputs are.
        catalog: finds the roles of collected tables.
        contract: the table whose golden fields are asked for.
        spec: its library's spec.
        inputs: relation by alias.
        business_date: for values that grow too old.
    """
    fields = spec.survivorship[contract.thing]
    claims = _claims(store, catalog, contract, spec, fields, inputs)
    chosen = {field.field: store.keep(_chosen(claims, field, business_date)) for field in fields}
    entities = store.keep(f"SELECT DISTINCT entity_id FROM {claims}")
    suffixes = ("", *[f"_{name}" for name in BESIDE])
    columns = [
        f"{table}.{quoted(f'value{suffix}')} AS {quoted(f'{name}{suffix}')}"
        for name, table in chosen.items()
        for suffix in suffixes
    ]
    joins = "".join(f" LEFT JOIN {name} ON {name}.entity_id = e.entity_id" for name in chosen.values())
    recheck = ", ".join(f"{name}.recheck" for name in chosen.values())
    made = store.keep(
        f"SELECT e.entity_id, {', '.join(columns)}, least({recheck}) AS _recheck_on FROM {entities} e{joins}"
    )
    store.drop(claims, entities, *chosen.values())
    return made


def compared(
    store: Store,
    catalog: Catalog,
    contract: DerivedContract,
    spec: ResolveSpec,
    inputs: Mapping[str, str],
    business_date: date,
) -> str:
    """Return the name of a table: entity_id, source, authority, and the fields in which they agree and disagree as texts."""
    fields = spec.survivorship[str(spec.golden_table)]
    claims = _claims(store, catalog, contract, spec, fields, inputs)
    parts = [
        f"SELECT * FROM ({_ranked(claims, field, business_date)} SELECT w.entity_id, w.source, a.source AS authority, "
        f"{text(field.field)} AS field, w.value = a.value AS same FROM words w JOIN words a ON a.entity_id = w.entity_id "
        f"AND a.source = {text(field.authority)} WHERE w.source <> a.source)"
        for field in fields
        if field.authority is not None
    ]
    made = store.keep(
        "SELECT entity_id, source, authority, string_agg(CASE WHEN same THEN field END, ' ' ORDER BY field) AS agreeing, "
        "string_agg(CASE WHEN NOT same THEN field END, ' ' ORDER BY field) AS disagreeing "
        f"FROM ({' UNION ALL '.join(parts)}) GROUP BY ALL"
    )
    store.drop(claims)
    return made


def _claims(
    store: Store,
    catalog: Catalog,
    contract: DerivedContract,
    spec: ResolveSpec,
    fields: Sequence[Golden],
    inputs: Mapping[str, str],
) -> str:
    parts = _given(catalog, contract, fields, inputs) + _by_role(contract, spec, fields, inputs)
    return store.keep(" UNION ALL ".join(parts))


def _given(
    catalog: Catalog, contract: DerivedContract, fields: Sequence[Golden], inputs: Mapping[str, str]
) -> list[str]:
    """Return what the inputs say in columns named by ``given``."""
    parts = []
    for field in fields:
        for given in field.given:
            item = contract.inputs[given.input]
            source = resource_of(item.table)
            columns = catalog.contract(item.table).columns
            moment = given.column in columns and columns[given.column].type == "timestamp"
            value = _value(given, moment, catalog.successors.get(given.today or "", {}))
            entity, rows = (item.on or item.any[0])[0], inputs[given.input]
            if item.via is not None:
                entity, rows = _through(contract, item, inputs)
            where = f"{quoted(entity)} IS NOT NULL"
            if given.where is not None:
                where += f" AND {duckdb_condition(given.where)}"
            parts.append(
                f"SELECT {quoted(entity)} AS entity_id, {text(field.field)} AS field, "
                f"{value} AS value, {text(source)} AS source, CAST({quoted(given.date) if given.date else 'NULL'} AS DATE) AS said_on, "
                f"{_place(field, source)} AS place FROM {rows} WHERE {where} AND {value} IS NOT NULL"
            )
    return parts


def _value(given: Given, moment: bool, successors: Mapping[str, str]) -> str:
    if given.value is not None:
        return text(given.value)
    value = f"CAST({f'CAST({quoted(given.column)} AS TIMESTAMP)' if moment else quoted(given.column)} AS VARCHAR)"
    value = f"left({value}, {given.prefix})" if given.prefix is not None else value
    if given.usable is not None:
        return f"CASE WHEN is_credit_code({value}) THEN folded({value}) END"
    followed = " ".join(f"WHEN {text(old)} THEN {text(new)}" for old, new in successors.items())
    return f"CASE {value} {followed} ELSE {value} END" if followed else value


def _through(contract: DerivedContract, item: Input, inputs: Mapping[str, str]) -> tuple[str, str]:
    """Return the entity's column and the live rows of a clean table that is reached through another input."""
    via = contract.inputs[str(item.via)]
    rows = (
        f"(SELECT t.*, x.{quoted(via.on[0])} AS {quoted(via.on[0])} FROM {inputs[str(item.via)]} x "
        f"JOIN {inputs[_alias(contract, item)]} t ON t.{quoted(item.on[0])} = x.{quoted((item.via_on or item.on)[0])} WHERE NOT t._deleted)"
    )
    return via.on[0], rows


def _alias(contract: DerivedContract, wanted: Input) -> str:
    return next(alias for alias, item in contract.inputs.items() if item is wanted)


def _by_role(
    contract: DerivedContract, spec: ResolveSpec, fields: Sequence[Golden], inputs: Mapping[str, str]
) -> list[str]:
    """Return what every subject says of fields with ``role_value``; a borrowed number says nothing.

    Nor does a deleted or cancelled record where a standing one speaks.
    """
    asked = [field for field in fields if field.role_value]
    if not asked:
        return []
    by_table = {item.table: inputs[alias] for alias, item in contract.inputs.items()}
    subjects, crosswalk = by_table[spec.subjects], by_table[spec.crosswalk]
    return [
        f"SELECT x.{quoted(kind_id(spec.kind))} AS entity_id, {text(field.field)} AS field, s.{quoted(str(field.role_value))} AS value, "
        f"s.source, s.since AS said_on, {_places(field)} AS place FROM {subjects} s JOIN {crosswalk} x USING (subject_id) "
        f"WHERE s.{quoted(str(field.role_value))} IS NOT NULL"
        + (" AND x.guard IS DISTINCT FROM 'borrowed'" if field.role_value == "id_no" else "")
        + f" QUALIFY s.is_standing = max(s.is_standing) OVER (PARTITION BY x.{quoted(kind_id(spec.kind))})"
        for field in asked
    ]


def _places(field: Golden) -> str:
    ranked = " ".join(f"WHEN {text(source)} THEN {place}" for place, source in enumerate(field.ranked))
    return f"CASE s.source {ranked} ELSE {_LAST} END" if ranked else str(_LAST)


def _place(field: Golden, source: str) -> int:
    return field.ranked.index(source) if source in field.ranked else _LAST


def _ranked(claims: str, field: Golden, business_date: date) -> str:
    """Return the common table expressions of one field: ``ranked``, every word by rank, and ``words``, each source's best."""
    keys = _keys(field, business_date)
    named = ", ".join(f"{key} AS k{place}" for place, key in enumerate(keys))
    order = ", ".join(
        [*[f"k{place} DESC" for place in range(len(keys))], "said_on DESC NULLS LAST", "value DESC", "source DESC"]
    )
    return (
        f"WITH per_source AS (SELECT entity_id, value, source, max(said_on) AS said_on, min(place) AS place FROM {claims} "
        f"WHERE field = {text(field.field)} GROUP BY ALL), "
        "voted AS (SELECT *, count(*) OVER (PARTITION BY entity_id, value) AS votes FROM per_source), "
        f"keyed AS (SELECT *, {named}, {_too_old_on(field, business_date)} AS recheck FROM voted), "
        f"ranked AS (SELECT *, row_number() OVER (PARTITION BY entity_id ORDER BY {order}) AS rank FROM keyed), "
        "words AS (SELECT * FROM ranked QUALIFY row_number() OVER (PARTITION BY entity_id, source ORDER BY rank) = 1)"
    )


def _keys(field: Golden, business_date: date) -> list[str]:
    return [_fresh(field, business_date), *[_key(choice) for choice in field.choices]]


def _chosen(claims: str, field: Golden, business_date: date) -> str:
    """Return the SELECT of one field: the word that wins, why, and how many sources say so and say something else."""
    why = " ".join(
        f"WHEN best.k{place} > rival.k{place} THEN {text(name)}"
        for place, name in enumerate(["maximum_age", *[choice.pick for choice in field.choices]])
    )
    return (
        f"{_ranked(claims, field, business_date)}, "
        "best AS (SELECT * FROM ranked WHERE rank = 1), "
        "others AS (SELECT r.* FROM ranked r JOIN best b ON b.entity_id = r.entity_id AND b.value <> r.value), "
        "rival AS (SELECT * FROM others QUALIFY row_number() OVER (PARTITION BY entity_id ORDER BY rank) = 1), "
        "said AS (SELECT w.entity_id, count_if(w.value = b.value) AS agreeing, count_if(w.value <> b.value) AS conflicts "
        "FROM words w JOIN best b USING (entity_id) GROUP BY w.entity_id), "
        "due AS (SELECT entity_id, min(recheck) AS recheck FROM keyed GROUP BY entity_id) "
        "SELECT best.entity_id, best.value, best.source AS value_source, "
        f"CASE WHEN rival.entity_id IS NULL THEN 'agreed' {why} ELSE 'tie_break' END AS value_rule, "
        "best.said_on AS value_date, said.agreeing AS value_agreeing, said.conflicts AS value_conflicts, due.recheck "
        "FROM best LEFT JOIN rival USING (entity_id) JOIN said USING (entity_id) JOIN due USING (entity_id)"
    )


def _key(choice: Choice) -> str:
    """Return the number by which a choice judges a claim, the greatest wins."""
    value = "TRY_CAST(value AS DATE)"
    ranked = " ".join(f"WHEN {text(said)} THEN {-place}" for place, said in enumerate(choice.values))
    key = {
        "source_rank": "-place",
        "value_rank": f"CASE value {ranked} ELSE {-_LAST} END" if ranked else "",
        "most_recent": _number("said_on"),
        "never_null_overwrite": f"-{_number('said_on')}",
        "majority": "votes",
        "earliest": f"-{_number(value)}",
        "latest": _number(value),
        "most_complete": "length(value)",
    }[choice.pick]
    return f"coalesce(CAST({key} AS DOUBLE), {_NEVER})"


def _number(day: str) -> str:
    return f"date_diff('day', DATE '1970-01-01', {day})"


def _fresh(field: Golden, business_date: date) -> str:
    if field.maximum_age is None:
        return "0.0"
    return f"CASE WHEN said_on + {_age(field.maximum_age)} < DATE '{business_date}' THEN 0.0 ELSE 1.0 END"


def _too_old_on(field: Golden, business_date: date) -> str:
    """Return the first day on which a claim is too old, NULL if it already is or never will be."""
    if field.maximum_age is None:
        return "CAST(NULL AS DATE)"
    day = f"said_on + {_age(field.maximum_age) + 1}"
    return f"CASE WHEN {day} > DATE '{business_date}' THEN {day} END"


def _age(said: str) -> int:
    return int(said[:-1]) * _DAYS[said[-1]]
