"""Every competing value of a golden field, the order in which the rules put them, and where each was delivered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from citylake.contract.linked import subject_column
from citylake.contract.model import CollectedContract, DerivedContract
from citylake.contract.resolve_spec import ResolveSpec
from citylake.contract.survivorship import Given, Golden
from citylake.read.why.rows import Night, Origin
from citylake.resolve.ranking import Word, rank, ranked
from citylake.spelling import resource_of, table_of
from citylake.verify import identifiers
from citylake.verify.store import Store, opened, quoted, text
from citylake.verify.translate import duckdb_condition

_LENT = "borrowed"


@dataclass(frozen=True)
class Said:
    """One source's word.

    Attributes:
        value: None when it may not be shown.
        wins: it is the golden value.
        rank: place of the source in the field's own ranking, 1 best; None when the source is not ranked.
    """

    value: str | None
    wins: bool
    source: str
    said_on: date | None
    rank: int | None
    origins: tuple[Origin, ...]


@dataclass(frozen=True)
class Field:
    """One golden field: what was published and why.

    Attributes:
        published: value in the published table, None when it may not be shown or there is none.
        is_explained: the rules, applied once more, choose what was published.
    """

    table: str
    field: str
    label: str
    direct: bool
    published: str | None
    rule: str | None
    choices: tuple[str, ...]
    agreeing: int
    conflicts: int
    is_explained: bool
    said: tuple[Said, ...]


_Claim = tuple[Word, str | None, CollectedContract | None, str]
"""A word, the id by which its clean rows are found, their table, and the column that has the id."""


def fields(
    night: Night,
    spec: ResolveSpec,
    contract: DerivedContract,
    entity: str,
    links: Sequence[Mapping[str, Any]],
    *,
    only: str | None,
    identified: bool,
) -> Iterator[Field]:
    """Yield the golden fields of one table for one thing.

    Args:
        night: what is read.
        spec: survivorship of the table's library.
        contract: the table.
        entity: its id.
        links: its rows of the crosswalk.
        only: this field; None: all.
        identified: show direct identifiers.
    """
    wanted = [item for item in spec.survivorship[contract.thing] if only in (None, item.field)]
    made_for = night.shown.tables[contract.name].made_for
    shown = night.rows(contract.name, [contract.key], [entity])
    row = (shown.to_pylist() or [{}])[0] if shown is not None else {}
    with opened(night.lake.settings.timezone) as store:
        identifiers.install(store)
        given = _given(night, store, contract, wanted, entity, links)
        for item in wanted:
            claims = given[item.field] if item.given else _by_role(night, spec, item, links)
            column = contract.columns[item.field]
            value = row.get(item.field)
            yield _field(
                night, contract, item, claims, None if value is None else str(value), made_for,
                hidden=column.direct and not identified,
            )  # fmt: skip


def _field(
    night: Night,
    contract: DerivedContract,
    item: Golden,
    claims: Sequence[_Claim],
    published: str | None,
    made_for: date,
    *,
    hidden: bool,
) -> Field:
    order = ranked([claim[0] for claim in claims], item, made_for)
    words = order.words if order is not None else ()
    column = contract.columns[item.field]
    best = words[0].value if words else None
    said = tuple(
        Said(
            None if hidden else word.value,
            word.value == best,
            word.source,
            word.said_on,
            place + 1 if (place := rank(item, word.source)) < len(item.ranked) else None,
            _origins(night, [claim for claim in claims if claim[0] == word]),
        )
        for word in words
    )
    return Field(
        contract.name, item.field, column.label, column.direct, None if hidden else published,
        order.rule if order is not None else None, tuple(choice.pick for choice in item.choices),
        order.agreeing if order is not None else 0, order.conflicts if order is not None else 0, best == published, said,
    )  # fmt: skip


def _origins(night: Night, claims: Sequence[_Claim]) -> tuple[Origin, ...]:
    found = [
        origin
        for _, identifier, clean, column in claims
        if clean is not None and identifier is not None
        for origin in night.origins(clean, column, [identifier]).get(identifier, [])
    ]
    return tuple(dict.fromkeys(found))


def _given(
    night: Night,
    store: Store,
    contract: DerivedContract,
    wanted: Sequence[Golden],
    entity: str,
    links: Sequence[Mapping[str, Any]],
) -> dict[str, list[_Claim]]:
    """Return what the table's inputs say in columns named by ``given``, by field."""
    claims: dict[str, list[_Claim]] = {item.field: [] for item in wanted}
    for alias in sorted({given.input for item in wanted for given in item.given}):
        source = contract.inputs[alias]
        if source.via is None:
            rows = night.input_rows(source, entity)
        else:
            rows = night.rows(source.table, [source.on], [link["subject_id"] for link in links])
        if rows is None or rows.num_rows == 0:
            continue
        store.connection.register("said", rows)
        said = night.lake.catalog.contract(source.table)
        clean = said if isinstance(said, CollectedContract) else None
        if isinstance(said, DerivedContract) and said.layer == "linked":
            clean = night.lake.catalog.clean_of(said)
        for item in wanted:
            for given in [one for one in item.given if one.input == alias]:
                followed = night.lake.catalog.successors.get(given.today or "", {})
                for value, day, record in store.run(_select(given, rows)).fetchall():
                    word = Word(followed.get(value, value), resource_of(source.table), day)
                    claims[item.field].append((word, record, clean, "_record_id"))
        store.connection.unregister("said")
    return claims


def _select(given: Given, rows: pa.Table) -> str:
    value = f"CAST({quoted(given.column)} AS VARCHAR)"
    if given.value is not None:
        value = text(given.value)
    elif given.prefix is not None:
        value = f"left({value}, {given.prefix})"
    if given.usable is not None:
        value = f"CASE WHEN is_credit_code({value}) THEN folded({value}) END"
    day = quoted(given.date) if given.date else "NULL"
    record = '"_record_id"' if "_record_id" in rows.column_names else "NULL"
    where = f" AND ({duckdb_condition(given.where)})" if given.where is not None else ""
    where += ' AND NOT "_deleted"' if "_deleted" in rows.column_names else ""
    return f"SELECT {value} AS value, CAST({day} AS DATE), {record} FROM said WHERE {value} IS NOT NULL{where}"


def _by_role(night: Night, spec: ResolveSpec, item: Golden, links: Sequence[Mapping[str, Any]]) -> list[_Claim]:
    """Return what every subject says; a borrowed number says nothing, nor does a cancelled record where a standing one speaks."""
    lent = {link["subject_id"] for link in links if item.role_value == "id_no" and link["guard"] == _LENT}
    rows = night.rows(spec.subjects, [["subject_id"]], [link["subject_id"] for link in links])
    claims: list[_Claim] = []
    spoken = [row for row in (rows.to_pylist() if rows is not None else ())
              if row[str(item.role_value)] is not None and row["subject_id"] not in lent]  # fmt: skip
    for row in [row for row in spoken if row["is_standing"]] or spoken:
        clean = night.lake.catalog.contract(table_of(row["source"]))
        assert isinstance(clean, CollectedContract)
        word = Word(row[str(item.role_value)], row["source"], row["since"])
        claims.append((word, row["subject_id"], clean, subject_column(row["role"])))
    return claims
