"""Nights: what the departments' collections came to, the pinned vector, and the publication."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Engine, Select, func, select
from sqlalchemy.orm import Session

from citylake.ledger.columns import now, plain
from citylake.ledger.database import reading, writing
from citylake.ledger.errors import NightOrderError, UnknownNightError
from citylake.ledger.models import EntryRow, NightRow, PublicationRow, SettlementRow
from citylake.ledger.nights.restorations import refuse_while_restoring

SettledOutcome = Literal["accepted", "unchanged", "refused", "nothing", "unreachable"]

# A collection run again for the same date must not wipe out what the first one came to.
_YIELDS_TO: Mapping[str, frozenset[str]] = {
    "nothing": frozenset({"accepted", "refused", "unchanged"}),
    "unreachable": frozenset({"accepted", "refused", "unchanged"}),
    "unchanged": frozenset({"accepted"}),
}


@dataclass(frozen=True)
class Settled:
    """What a resource's collection came to: accepted, unchanged, refused, nothing (offered) or unreachable."""

    resource: str
    outcome: SettledOutcome
    delivery_ids: tuple[int, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Pin:
    """One content of a table and the Delta version to read it at."""

    content: int
    version: int


@dataclass(frozen=True)
class Night:
    """A pinned vector: ``number`` counts the vectors of a date from 1; ``missing`` are resources that were due."""

    business_date: date
    number: int
    vector: dict[str, Pin]
    missing: tuple[str, ...]
    created_at: datetime
    published: bool


@dataclass(frozen=True)
class Entry:
    """A published table; ``stale`` if this night's content of it was refused or could not be made."""

    table: str
    version: int
    content: int
    stale: bool


@dataclass(frozen=True)
class Publication:
    """A published night: the number of its vector, its tables in order of name, and when (UTC)."""

    business_date: date
    number: int
    entries: tuple[Entry, ...]
    published_at: datetime

    def entry(self, table: str) -> Entry | None:
        """Return the table's entry, or None if this publication has no such table."""
        return next((one for one in self.entries if one.table == table), None)


def settle(engine: Engine, department: str, business_date: date, settled: Iterable[Settled]) -> None:
    """Record what a department's collection came to, per resource.

    Settling again adds deliveries, and an outcome that brought something stays when a later attempt of the
    same date brought nothing new.

    Args:
        engine: the ledger.
        department: the department.
        business_date: the night that collected.
        settled: one for each of its resources.
    """
    with writing(engine) as session:
        for one in settled:
            row = session.get(SettlementRow, (business_date, one.resource))
            if row is None:
                row = SettlementRow(business_date=business_date, resource=one.resource, outcome="", delivery_ids=[])
                session.add(row)
            row.department, row.settled_at = department, now()
            row.delivery_ids = sorted({*row.delivery_ids, *one.delivery_ids})
            if row.outcome not in _YIELDS_TO.get(one.outcome, ()):
                row.outcome, row.reason = one.outcome, plain(one.reason)


def settlements(engine: Engine, business_date: date) -> dict[str, Settled]:
    """Return what has been settled for a date, by resource."""
    with reading(engine) as session:
        query = select(SettlementRow).where(SettlementRow.business_date == business_date)
        return {
            row.resource: Settled(row.resource, _outcome(row.outcome), tuple(row.delivery_ids), row.reason)
            for row in session.scalars(query.order_by(SettlementRow.resource))
        }


def _outcome(stored: str) -> SettledOutcome:
    known: tuple[SettledOutcome, ...] = ("accepted", "unchanged", "refused", "nothing", "unreachable")
    return next(one for one in known if one == stored)


def ready(engine: Engine, business_date: date, vector: Mapping[str, Pin], missing: Iterable[str]) -> Night:
    """Pin the contents that a night works on.

    The same contents again are the same night (with what is missing brought up to date). Moved contents are a
    new number, unless the date is published: then the published night is returned as it was.

    Args:
        engine: the ledger.
        business_date: the night's date.
        vector: one content per clean table.
        missing: resources that were due and have not come.

    Raises:
        NightOrderError: a later night is published already, and this one never was.
    """
    with writing(engine) as session:
        published = session.get(PublicationRow, business_date)
        if published is not None:
            return _night(session, _find(session, business_date, published.night))
        _check_order(session, business_date)
        refuse_while_restoring(session)
        row = _latest(session, business_date)
        newest = session.scalar(select(func.max(NightRow.number)).where(NightRow.business_date == business_date))
        stored = {table: {"content": pin.content, "version": pin.version} for table, pin in vector.items()}
        if row is None or _contents(row.vector) != _contents(stored):
            row = NightRow(
                business_date=business_date, number=(newest or 0) + 1, vector=stored, created_at=now(), missing=[]
            )
            session.add(row)
        row.missing = sorted(missing)
        return _night(session, row)


def _contents(vector: Mapping[str, Any]) -> dict[str, int]:
    return {table: pin["content"] for table, pin in vector.items()}


def night(engine: Engine, business_date: date) -> Night | None:
    """Return the night of a date: the published one, else the last that was made ready, else None."""
    with reading(engine) as session:
        published = session.get(PublicationRow, business_date)
        if published is not None:
            return _night(session, _find(session, business_date, published.night))
        row = _latest(session, business_date)
        return None if row is None else _night(session, row)


def publish(engine: Engine, business_date: date, entries: Iterable[Entry], *, number: int | None = None) -> Publication:
    """Publish a night in one transaction: afterwards all of it is the newest, before it nothing.

    Publishing the same night again changes nothing and returns what was published.

    Args:
        engine: the ledger.
        business_date: the night's date.
        entries: every table with the newest version of its accepted content.
        number: of the vector the entries were made from; default the last one made ready.

    Raises:
        UnknownNightError: the night was never made ready.
        NightOrderError: a later night, or another vector of this date, is published already.
    """
    with writing(engine) as session:
        published = session.get(PublicationRow, business_date)
        if published is not None:
            if number not in (None, published.night):
                raise NightOrderError(
                    f"{business_date} is published with vector {published.night}, vector {number} comes too late: "
                    "what it brings will be in the next date's night"
                )
            return _publication(session, published)
        _check_order(session, business_date)
        refuse_while_restoring(session)
        pinned = _latest(session, business_date) if number is None else _find(session, business_date, number)
        if pinned is None:
            raise _unknown(business_date)
        if pinned.withdrawn:
            raise NightOrderError(
                f"vector {pinned.number} of {business_date} was withdrawn when the lake went back to an earlier one: "
                "collect again and make it ready"
            )
        row = PublicationRow(business_date=business_date, night=pinned.number, published_at=now())
        session.add(row)
        session.flush()
        session.add_all(
            EntryRow(
                business_date=business_date,
                table=one.table,
                version=one.version,
                content=one.content,
                stale=one.stale,
            )
            for one in entries
        )
        session.flush()
        return _publication(session, row)


def publication(engine: Engine, business_date: date | None = None) -> Publication | None:
    """Return the publication of a date (default the newest), or None if there is none or it was withdrawn."""
    with reading(engine) as session:
        query = _standing().limit(1)
        if business_date is not None:
            query = query.where(PublicationRow.business_date == business_date)
        row = session.scalars(query).one_or_none()
        return None if row is None else _publication(session, row)


def publications(engine: Engine, limit: int = 30) -> list[Publication]:
    """Return the last publications, newest first, without withdrawn ones; maintenance keeps what they name."""
    with reading(engine) as session:
        query = _standing().limit(limit)
        return [_publication(session, row) for row in session.scalars(query).all()]


def newest_published(engine: Engine) -> date | None:
    """Return the date of the newest publication, or None before the first.

    One that was withdrawn counts: nights only go forward, and its date is over.
    """
    with reading(engine) as session:
        return session.scalar(select(func.max(PublicationRow.business_date)))


def _check_order(session: Session, business_date: date) -> None:
    newest = session.scalar(select(func.max(PublicationRow.business_date)))
    if newest is not None and business_date < newest:
        raise NightOrderError(
            f"the night of {newest} is published already, {business_date} can no longer be: "
            f"what was collected for it will be in the next night after {newest}"
        )


def _standing() -> Select[PublicationRow]:
    return (
        select(PublicationRow).where(PublicationRow.withdrawn.is_(False)).order_by(PublicationRow.business_date.desc())
    )


def _latest(session: Session, business_date: date) -> NightRow | None:
    query = select(NightRow).where(NightRow.business_date == business_date, NightRow.withdrawn.is_(False))
    return session.scalars(query.order_by(NightRow.number.desc()).limit(1)).one_or_none()


def _find(session: Session, business_date: date, number: int) -> NightRow:
    row = session.get(NightRow, (business_date, number))
    if row is None:
        raise _unknown(business_date)
    return row


def _unknown(business_date: date) -> UnknownNightError:
    return UnknownNightError(
        f"the night of {business_date} was never made ready: call citylake.ledger.nights.nights.ready first"
    )


def _night(session: Session, row: NightRow) -> Night:
    published = session.get(PublicationRow, row.business_date)
    return Night(
        business_date=row.business_date,
        number=row.number,
        vector={table: Pin(pin["content"], pin["version"]) for table, pin in row.vector.items()},
        missing=tuple(row.missing),
        created_at=row.created_at,
        published=published is not None and published.night == row.number,
    )


def _publication(session: Session, row: PublicationRow) -> Publication:
    query = select(EntryRow).where(EntryRow.business_date == row.business_date).order_by(EntryRow.table)
    entries = tuple(Entry(one.table, one.version, one.content, one.stale) for one in session.scalars(query))
    return Publication(row.business_date, row.night, entries, row.published_at)
