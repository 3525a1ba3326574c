"""Deliveries: received, then accepted, refused or found unchanged; the final verdict is the receipt."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from ledger.audit import write_note
from ledger.columns import now, plain
from ledger.database import reading, writing
from ledger.errors import (
    DeliveryClosedError,
    DeliveryNotRefusedError,
    TooManyProblemsError,
    UnknownDeliveryError,
)
from ledger.models import DeliveryRow, ProblemRow
from ledger.receipts import seal, verify_chain

__all__ = [
    "PROBLEMS_A_DELIVERY",
    "Delivery",
    "Problem",
    "accepted",
    "add_problems",
    "close",
    "delivery",
    "latest_accepted",
    "newest_as_of",
    "open_deliveries",
    "problems",
    "receipts",
    "receive",
    "refuse",
    "refuse_unread",
    "skip",
    "take_by_decision",
    "verify_chain",
]

PROBLEMS_A_DELIVERY = 1000
"""Problem rows kept of one delivery; the rest stands in quarantine."""


@dataclass(frozen=True)
class Delivery:
    """What a department handed over and, once ``receipt_number`` is set, its receipt.

    ``verdict`` is received (still open), accepted, refused or unchanged; ``size`` is in bytes; moments are
    in UTC; ``decision`` is the reason for which a person had a refused delivery taken without the gates.
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


@dataclass(frozen=True)
class Problem:
    """A line (counted from 1) whose column broke a rule; the value stays in quarantine."""

    line: int
    column: str
    rule: str


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(**{name: getattr(row, name) for name in Delivery.__dataclass_fields__})


def department_of(resource: str) -> str:
    """Return the department of ``<department>__<thing>``, with or without a layer before it."""
    return resource.rpartition(".")[2].partition("__")[0]


def receive(
    engine: Engine,
    *,
    resource: str,
    as_of: date,
    sha256: str,
    size: int,
    name: str,
    business_date: date,
    contract: str,
    landing: str,
    watermark: str | None = None,
) -> Delivery:
    """Record that a delivery's bytes lie in landing; a retry after a kill gets the same open delivery.

    Args:
        engine: the ledger.
        resource: ``<department>__<thing>``.
        as_of: day the data speaks of.
        sha256: hex digest of the bytes.
        size: bytes.
        name: the file's name, or what was asked of the database or API.
        business_date: night that collects it.
        contract: hash of the contract it is read under.
        landing: URI of the stored bytes.
        watermark: how far a database table has been read, if it has one.
    """
    with writing(engine) as session:
        same = select(DeliveryRow).where(
            DeliveryRow.verdict == "received",
            DeliveryRow.resource == resource,
            DeliveryRow.as_of == as_of,
            DeliveryRow.sha256 == sha256,
            DeliveryRow.contract == contract,
        )
        row = session.scalars(same).one_or_none()
        if row is None:
            row = _new(resource, name, business_date, contract)
            row.as_of, row.sha256, row.size = as_of, sha256, size
            row.landing, row.watermark = landing, watermark
            session.add(row)
            session.flush()
        return _delivery(row)


def _new(resource: str, name: str, business_date: date, contract: str) -> DeliveryRow:
    return DeliveryRow(
        department=department_of(resource),
        resource=resource,
        name=name,
        business_date=business_date,
        contract=contract,
        received_at=now(),
        verdict="received",
        reason="",
        counts={},
    )


def delivery(engine: Engine, delivery_id: int) -> Delivery:
    """Return one delivery.

    Raises:
        UnknownDeliveryError: no such number.
    """
    with reading(engine) as session:
        return _delivery(_find(session, delivery_id))


def open_deliveries(engine: Engine, resource: str) -> list[Delivery]:
    """Return what lies in landing without a final verdict, oldest first.

    That is what a killed run left, and what a person decided to have taken (``decision`` is set).
    """
    with reading(engine) as session:
        query = select(DeliveryRow).where(DeliveryRow.resource == resource, DeliveryRow.verdict == "received")
        return [_delivery(row) for row in session.scalars(query.order_by(DeliveryRow.id))]


def latest_accepted(engine: Engine, resource: str) -> Delivery | None:
    """Return the delivery that was accepted last, or None before the first."""
    with reading(engine) as session:
        query = select(DeliveryRow).where(DeliveryRow.resource == resource, DeliveryRow.verdict == "accepted")
        row = session.scalars(query.order_by(DeliveryRow.receipt_number.desc()).limit(1)).one_or_none()
        return None if row is None else _delivery(row)


def newest_as_of(engine: Engine, resource: str) -> date | None:
    """Return the newest as-of day among the accepted deliveries, or None before the first."""
    with reading(engine) as session:
        return session.scalar(
            select(func.max(DeliveryRow.as_of)).where(
                DeliveryRow.resource == resource, DeliveryRow.verdict == "accepted"
            )
        )


def accepted(engine: Engine, resource: str) -> list[Delivery]:
    """Return the accepted deliveries in the order in which they were accepted: replaying them makes clean."""
    with reading(engine) as session:
        query = select(DeliveryRow).where(DeliveryRow.resource == resource, DeliveryRow.verdict == "accepted")
        return [_delivery(row) for row in session.scalars(query.order_by(DeliveryRow.receipt_number))]


def refuse(
    engine: Engine, delivery_id: int, *, reason: str, counts: Mapping[str, int], run_id: int | None = None
) -> Delivery:
    """Refuse an open delivery and give the receipt.

    Args:
        engine: the ledger.
        delivery_id: an open delivery.
        reason: plain Chinese for the clerk, without personal data.
        counts: lines by what became of them.
        run_id: the run that refused it, if one had started.

    Raises:
        UnknownDeliveryError: no such number.
        DeliveryClosedError: it has its final verdict already.
    """
    with writing(engine) as session:
        return close(session, delivery_id, "refused", reason, counts, run_id)


def skip(engine: Engine, delivery_id: int, reason: str) -> Delivery:
    """Give an open delivery the verdict ``unchanged``: the same bytes under the same contract as the latest accepted.

    Raises:
        UnknownDeliveryError: no such number.
        DeliveryClosedError: it has its final verdict already.
    """
    with writing(engine) as session:
        return close(session, delivery_id, "unchanged", reason, {}, None)


def close(
    session: Session,
    delivery_id: int,
    verdict: str,
    reason: str,
    counts: Mapping[str, int],
    run_id: int | None,
) -> Delivery:
    """Give an open delivery its final verdict and its receipt, inside the caller's writing transaction."""
    row = _find(session, delivery_id)
    if row.verdict != "received":
        raise DeliveryClosedError(
            f"delivery {delivery_id} of {row.resource} was already {row.verdict}: "
            "a receipt never changes; deliver again or use citylake accept"
        )
    row.verdict, row.reason, row.counts, row.run_id = verdict, plain(reason), dict(counts), run_id
    seal(session, row)
    return _delivery(row)


def refuse_unread(
    engine: Engine,
    *,
    resource: str,
    name: str,
    business_date: date,
    contract: str,
    reason: str,
    sha256: str | None = None,
    size: int = 0,
    as_of: date | None = None,
    landing: str | None = None,
) -> Delivery:
    """Give a receipt for what could not even be received: no as-of, a broken archive, a name that is not taken.

    Args:
        engine: the ledger.
        resource: ``<department>__<thing>``.
        name: the file's name as it came.
        business_date: night that collects it.
        contract: hash of the contract it would have been read under.
        reason: plain Chinese for the clerk, without personal data.
        sha256: hex digest, if the bytes could be read.
        size: bytes, if known.
        as_of: day the data speaks of, if known.
        landing: URI of the stored bytes, if they were stored.
    """
    with writing(engine) as session:
        row = _new(resource, name, business_date, contract)
        row.sha256, row.size, row.as_of, row.landing = sha256, size, as_of, landing
        row.verdict, row.reason = "refused", plain(reason)
        session.add(row)
        session.flush()
        seal(session, row)
        return _delivery(row)


def take_by_decision(engine: Engine, delivery_id: int, *, actor: str, reason: str) -> Delivery:
    """Have a refused delivery taken without the gates: a new open delivery of the same bytes.

    The refusal keeps its receipt; the new delivery carries the reason as ``decision`` and will get a receipt
    of its own. The next run finds it among :func:`open_deliveries`. Deciding twice is deciding once.

    Args:
        engine: the ledger.
        delivery_id: a refused delivery whose bytes are in landing.
        actor: user name of who decides.
        reason: why, without personal data.

    Raises:
        UnknownDeliveryError: no such number.
        DeliveryNotRefusedError: it was not refused, or there are no bytes to take.
    """
    with writing(engine) as session:
        old = _find(session, delivery_id)
        if old.verdict != "refused" or old.landing is None or old.as_of is None or old.sha256 is None:
            raise DeliveryNotRefusedError(
                f"delivery {delivery_id} of {old.resource} is {old.verdict}"
                f"{'' if old.landing else ' and its bytes are not in landing'}: "
                "only a refused delivery that could be read is taken by decision; ask the department for another"
            )
        same = select(DeliveryRow).where(
            DeliveryRow.verdict == "received",
            DeliveryRow.resource == old.resource,
            DeliveryRow.as_of == old.as_of,
            DeliveryRow.sha256 == old.sha256,
            DeliveryRow.contract == old.contract,
        )
        row = session.scalars(same).one_or_none()
        if row is None:
            row = _new(old.resource, old.name, old.business_date, old.contract)
            row.as_of, row.sha256, row.size = old.as_of, old.sha256, old.size
            row.landing, row.watermark = old.landing, old.watermark
            session.add(row)
        row.decision = plain(reason)
        session.flush()
        write_note(session, actor=actor, action="accept", subject=f"delivery {delivery_id}", reason=reason)
        return _delivery(row)


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
        return [_delivery(row) for row in session.scalars(query)]


def add_problems(engine: Engine, delivery_id: int, problems: Iterable[Problem]) -> None:
    """Keep where lines of a delivery broke rules, in place of what was kept of it before.

    Raises:
        UnknownDeliveryError: no such number.
        TooManyProblemsError: more than 1,000.
    """
    found = list(problems)
    if len(found) > PROBLEMS_A_DELIVERY:
        raise TooManyProblemsError(
            f"{len(found)} problem rows for delivery {delivery_id}: pass the first {PROBLEMS_A_DELIVERY}, "
            "the rest stands in quarantine"
        )
    with writing(engine) as session:
        _find(session, delivery_id)
        for row in session.scalars(select(ProblemRow).where(ProblemRow.delivery_id == delivery_id)):
            session.delete(row)
        session.flush()
        session.add_all(
            ProblemRow(delivery_id=delivery_id, number=n, line=one.line, column=one.column, rule=one.rule)
            for n, one in enumerate(found, start=1)
        )


def problems(engine: Engine, delivery_id: int) -> list[Problem]:
    """Return the problem rows of a delivery in the order in which they were given."""
    with reading(engine) as session:
        query = select(ProblemRow).where(ProblemRow.delivery_id == delivery_id).order_by(ProblemRow.number)
        return [Problem(row.line, row.column, row.rule) for row in session.scalars(query)]


def _find(session: Session, delivery_id: int) -> DeliveryRow:
    row = session.get(DeliveryRow, delivery_id)
    if row is None:
        raise UnknownDeliveryError(f"no delivery has the number {delivery_id}: see citylake receipts")
    return row
