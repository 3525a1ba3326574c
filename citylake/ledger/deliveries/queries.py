"""Deliveries as they stand in the ledger, and the questions asked about them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Engine, Select, and_, exists, func, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from citylake.ledger.database import reading
from citylake.ledger.errors import UnknownDeliveryError
from citylake.ledger.models import DeliveryRow, SettlementRow
from citylake.spelling import check_resource

_CHANGES = ("inserted", "updated", "deleted", "vanished")


@dataclass(frozen=True)
class Delivery:
    """What a department handed over and, once ``receipt_number`` is set, its receipt.

    ``verdict`` is received (still open), accepted, refused or unchanged; ``size`` is in bytes; moments are
    in UTC; ``decision`` is the reason for which a person had a refused delivery taken without the gates;
    ``retakes`` is the first delivery of the same bytes when the lake went back to a night before it was accepted:
    the newest of them stands, the receipts of the others are history; ``whole``: everything was asked for, not only
    what is newer; ``remarks``: what was said of it when it was fetched; ``tail``: hash of the rows that the next request
    brings again.
    """

    id: int
    resource: str
    as_of: date | None
    sha256: str | None
    size: int
    name: str
    received_at: datetime
    business_date: date
    contract: str
    landing: str | None
    watermark: str | None
    verdict: str
    reason: str
    counts: dict[str, int]
    run_id: int | None
    receipt_hash: str | None
    previous_hash: str | None
    department: str
    decision: str | None
    decided_at: datetime | None
    receipt_number: int | None
    retakes: int | None
    whole: bool
    remarks: str
    tail: str | None


def delivery_of(row: DeliveryRow) -> Delivery:
    """Return a stored delivery."""
    return Delivery(**{name: getattr(row, name) for name in Delivery.__dataclass_fields__})


def department_of(resource: str) -> str:
    """Return the department of ``<department>.<resource>``.

    Raises:
        ValueError: it is spelt otherwise, as a table for one: it would be another resource.
    """
    return check_resource(resource).partition(".")[0]


def delivery(engine: Engine, delivery_id: int) -> Delivery:
    """Return one delivery.

    Raises:
        UnknownDeliveryError: no such number.
    """
    with reading(engine) as session:
        return delivery_of(find_delivery(session, delivery_id))


def open_deliveries(engine: Engine, resource: str) -> list[Delivery]:
    """Return what lies in landing without a final verdict, in the order in which it is to be taken.

    That is what is taken again after a restore, in the order of the first receipts; then what a killed run left, and
    what a person decided to have taken (``decision`` is set).
    """
    first = aliased(DeliveryRow)
    with reading(engine) as session:
        query = (
            select(DeliveryRow)
            .outerjoin(first, first.id == DeliveryRow.retakes)
            .where(DeliveryRow.resource == resource, DeliveryRow.verdict == "received", is_standing())
            .order_by(DeliveryRow.retakes.is_(None), first.receipt_number, DeliveryRow.id)
        )
        return [delivery_of(row) for row in session.scalars(query)]


def latest_accepted(engine: Engine, resource: str) -> Delivery | None:
    """Return the delivery that was accepted last, or None before the first."""
    with reading(engine) as session:
        query = _accepted(resource)
        row = session.scalars(query.order_by(DeliveryRow.receipt_number.desc()).limit(1)).one_or_none()
        return None if row is None else delivery_of(row)


def newest_as_of(engine: Engine, resource: str) -> date | None:
    """Return the newest as-of day among the accepted deliveries, or None before the first."""
    return _newest(engine, resource, DeliveryRow.as_of)


def newest_business_date(engine: Engine, resource: str) -> date | None:
    """Return the newest business date by which an accepted delivery was judged, or None before the first."""
    return _newest(engine, resource, DeliveryRow.business_date)


def newest_whole(engine: Engine, resource: str) -> date | None:
    """Return the newest business date on which everything was asked for and received, or None before the first."""
    with reading(engine) as session:
        return session.scalar(
            select(func.max(DeliveryRow.business_date)).where(
                DeliveryRow.resource == resource,
                DeliveryRow.verdict.in_(("accepted", "unchanged")),
                DeliveryRow.whole,
                is_standing(),
            )
        )


def latest_changes(engine: Engine, resources: Collection[str], until: date) -> dict[str, date]:
    """Return by resource the newest business date whose accepted delivery changed a row; the first one counts as such.

    Args:
        engine: the ledger.
        resources: those asked about; one without an accepted delivery is left out.
        until: later dates do not count.
    """
    query = select(DeliveryRow.resource, DeliveryRow.business_date, DeliveryRow.counts).where(
        DeliveryRow.resource.in_(resources),
        DeliveryRow.verdict == "accepted",
        DeliveryRow.business_date <= until,
        is_standing(),
    )
    found: dict[str, date] = {}
    with reading(engine) as session:
        for resource, day, counts in session.execute(query.order_by(DeliveryRow.business_date)):
            if resource not in found or any(counts.get(fate) for fate in _CHANGES):
                found[resource] = day
    return found


def _newest(
    engine: Engine, resource: str, day: InstrumentedAttribute[date] | InstrumentedAttribute[date | None]
) -> date | None:
    with reading(engine) as session:
        return session.scalar(
            select(func.max(day)).where(
                DeliveryRow.resource == resource, DeliveryRow.verdict == "accepted", is_standing()
            )
        )


def newest_arrivals(engine: Engine, until: date, answering: Collection[str]) -> dict[str, date]:
    """Return by resource the newest business date that brought it, with the same content as before or with another.

    Args:
        engine: the ledger.
        until: later dates do not count.
        answering: resources that are asked for: of them, the answer that there is nothing new counts as well.
    """
    came = select(DeliveryRow.resource, DeliveryRow.business_date).where(
        DeliveryRow.verdict.in_(("accepted", "unchanged"))
    )
    settled = select(SettlementRow.resource, SettlementRow.business_date).where(
        or_(
            SettlementRow.outcome.in_(("accepted", "unchanged")),
            and_(SettlementRow.outcome == "nothing", SettlementRow.resource.in_(answering)),
        )
    )
    arrivals = union_all(came, settled).subquery()
    query = select(arrivals.c.resource, func.max(arrivals.c.business_date)).where(arrivals.c.business_date <= until)
    with reading(engine) as session:
        rows = session.execute(query.group_by(arrivals.c.resource))
        return {row.resource: row[1] for row in rows}


def accepted(engine: Engine, resource: str) -> list[Delivery]:
    """Return the accepted deliveries in the order in which they were accepted: replaying them makes clean."""
    with reading(engine) as session:
        query = _accepted(resource)
        return [delivery_of(row) for row in session.scalars(query.order_by(DeliveryRow.receipt_number))]


def is_standing() -> ColumnElement[bool]:
    """Return the condition that a delivery counts: no younger one takes the same bytes again after a restore."""
    younger = aliased(DeliveryRow)
    first = func.coalesce(DeliveryRow.retakes, DeliveryRow.id)
    return ~exists().where(younger.retakes == first, younger.id > DeliveryRow.id)


def _accepted(resource: str) -> Select[DeliveryRow]:
    return select(DeliveryRow).where(DeliveryRow.resource == resource, DeliveryRow.verdict == "accepted", is_standing())


def receipts(
    engine: Engine, *, department: str | None = None, business_date: date | None = None, limit: int = 200
) -> list[Delivery]:
    """Return deliveries, newest first; those still open have the verdict ``received`` and no receipt yet."""
    query = select(DeliveryRow).order_by(DeliveryRow.id.desc()).limit(limit)
    if department is not None:
        query = query.where(DeliveryRow.department == department)
    if business_date is not None:
        query = query.where(DeliveryRow.business_date == business_date)
    with reading(engine) as session:
        return [delivery_of(row) for row in session.scalars(query)]


def find_delivery(session: Session, delivery_id: int) -> DeliveryRow:
    """Return the row of a delivery inside the caller's transaction.

    Raises:
        UnknownDeliveryError: no such number.
    """
    row = session.get(DeliveryRow, delivery_id)
    if row is None:
        raise UnknownDeliveryError(f"no delivery has the number {delivery_id}: see citylake receipts")
    return row
