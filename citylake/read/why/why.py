"""The whole answer for one person or firm: its records and the rules that linked them, what happened to its id, its fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from citylake.contract.catalog import Catalog
from citylake.contract.linked import kind_id, subject_column
from citylake.contract.model import CollectedContract
from citylake.contract.resolve_spec import ResolveSpec
from citylake.read.why.fields import Field, fields
from citylake.read.why.rows import Night, Origin
from citylake.spelling import table_name, table_of
from citylake.verify.night import Shown


class UnknownEntityError(LookupError):
    """No record has such an id in this night."""


class UnknownFieldError(LookupError):
    """The library chooses no such field."""


@dataclass(frozen=True)
class Link:
    """One subject of the crosswalk: by which rule it belongs to the thing, and its records, the newest first."""

    source: str
    role: str
    rule: str
    score: Decimal
    guard: str
    id_state: str | None
    since: date
    review_reason: str | None
    other: str | None
    records: tuple[Origin, ...]


@dataclass(frozen=True)
class Event:
    """Something that happened to the id."""

    day: date
    kind: str
    entity: str
    other: str | None
    subjects: int


@dataclass(frozen=True)
class Why:
    """All there is to say of one thing in one published night."""

    night: date
    kind: str
    entity: str
    links: tuple[Link, ...]
    events: tuple[Event, ...]
    fields: tuple[Field, ...]


def why(shown: Shown, kind: str, entity: str, *, field: str | None = None, identified: bool = False) -> Why:
    """Explain one person or firm.

    Args:
        shown: a published night.
        kind: one that a ``resolve.yml`` resolves.
        entity: its id.
        field: only this golden field; None: all.
        identified: show direct identifiers; the caller has noted who asked and why.

    Raises:
        UnknownEntityError: no record has the id; the message names where they went, if the id was in use before.
        UnknownFieldError: there is no such field; the message names those there are.
    """
    night = Night(shown)
    catalog = shown.lake.catalog
    if kind not in catalog.kinds:
        raise UnknownEntityError(f"no resolve.yml resolves '{kind}'; there are {', '.join(sorted(catalog.kinds))}")
    spec = catalog.spec(catalog.kinds[kind].library)
    tables = [item for item in catalog.derived if item.domain == spec.library and item.layer == "base" and item.golden]
    if field is not None and not any(field in item.golden for item in tables):
        known = ", ".join(name for item in tables for name in item.golden)
        raise UnknownFieldError(f"没有字段 {field}；有：{known}")
    happened = _events(night, spec, entity)
    found = night.rows(spec.crosswalk, [[kind_id(kind)]], [entity])
    rows = found.to_pylist() if found is not None else []
    if not rows:
        raise UnknownEntityError(_gone(entity, shown.business_date, happened))
    told = [
        one
        for table in tables
        if field is None or field in table.golden
        for one in fields(night, spec, table, entity, rows, only=field, identified=identified)
    ]
    return Why(shown.business_date, kind, entity, _links(night, catalog, rows, kind_id(kind)), happened, tuple(told))


def _links(night: Night, catalog: Catalog, rows: Sequence[Mapping[str, Any]], id_name: str) -> tuple[Link, ...]:
    found = []
    for source, role in sorted({(row["source"], row["role"]) for row in rows}):
        clean = catalog.contract(table_of(source))
        assert isinstance(clean, CollectedContract)
        mine = [row for row in rows if (row["source"], row["role"]) == (source, role)]
        origins = night.origins(clean, subject_column(role), [row["subject_id"] for row in mine])
        found += [
            Link(
                source, role, row["rule"], row["score"], row["guard"], row["id_state"], row["valid_from"],
                row["review_reason"], row[f"other_{id_name}"], tuple(origins.get(row["subject_id"], ())),
            )
            for row in mine
        ]  # fmt: skip
    return tuple(found)


def _events(night: Night, spec: ResolveSpec, entity: str) -> tuple[Event, ...]:
    id_name = kind_id(spec.kind)
    rows = night.rows(table_name("base", spec.library, "event"), [[id_name], [f"other_{id_name}"]], [entity])
    found = [
        Event(row["event_date"], row["event_kind_code"], row[id_name], row[f"other_{id_name}"], row["subject_count"])
        for row in (rows.to_pylist() if rows is not None else ())
    ]
    return tuple(sorted(found, key=lambda item: (item.day, item.kind, item.entity, item.other or "")))


def _gone(entity: str, night: date, happened: Sequence[Event]) -> str:
    moved = sorted({event.entity for event in happened if event.other == entity and event.entity != entity})
    known = f"；它的记录已归 {'、'.join(moved)}" if moved else ""
    return f"{night} 的一晚没有 {entity}{known}"
