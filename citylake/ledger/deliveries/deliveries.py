"""Deliveries: received, then accepted, refused or found unchanged; the final verdict is the receipt."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Engine, Select, select
from sqlalchemy.orm import Session

from citylake.ledger.columns import now, plain
from citylake.ledger.database import writing
from citylake.ledger.deliveries.problems import PROBLEMS_A_DELIVERY, Problem, add_problems, problems
from citylake.ledger.deliveries.queries import (
    Delivery,
    accepted,
    delivery,
    delivery_of,
    department_of,
    find_delivery,
    latest_accepted,
    latest_changes,
    newest_arrivals,
    newest_as_of,
    newest_business_date,
    newest_whole,
    open_deliveries,
    receipts,
)
from citylake.ledger.deliveries.receipts import seal, verify_chain
from citylake.ledger.errors import DeliveryClosedError, DeliveryNotRefusedError
from citylake.ledger.models import DeliveryRow
from citylake.ledger.people.decisions import write_note

__all__ = [
    "PROBLEMS_A_DELIVERY",
    "Delivery",
    "Problem",
    "accepted",
    "add_problems",
    "close",
    "delivery",
    "latest_accepted",
    "latest_changes",
    "newest_arrivals",
    "newest_as_of",
    "newest_business_date",
    "newest_whole",
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
    whole: bool = False,
    remarks: str = "",
    tail: str | None = None,
) -> Delivery:
    """Record that a delivery's bytes lie in landing; a retry after a kill gets the same open delivery.

    Args:
        engine: the ledger.
        resource: ``<department>.<resource>``.
        as_of: day the data speaks of.
        sha256: hex digest of the bytes.
        size: bytes.
        name: the file's name, or what was asked of the database or API.
        business_date: night that collects it.
        contract: hash of the contract it is read under.
        landing: URI of the stored bytes.
        watermark: how far a database table has been read, if it has one.
        whole: everything there is was asked for, not only what is newer.
        tail: hash of those rows that the next request brings again if nothing changes.
        remarks: what the receipt says of how it was fetched, without personal data.
    """
    with writing(engine) as session:
        row = session.scalars(_open(resource, as_of, sha256, contract)).one_or_none()
        if row is None:
            row = _new(resource, name, business_date, contract)
            row.as_of, row.sha256, row.size = as_of, sha256, size
            row.landing, row.watermark = landing, watermark
            row.whole, row.remarks, row.tail = whole, plain(remarks), tail
            session.add(row)
            session.flush()
        return delivery_of(row)


def _open(resource: str, as_of: date, sha256: str, contract: str) -> Select[DeliveryRow]:
    return select(DeliveryRow).where(
        DeliveryRow.verdict == "received",
        DeliveryRow.resource == resource,
        DeliveryRow.as_of == as_of,
        DeliveryRow.sha256 == sha256,
        DeliveryRow.contract == contract,
        DeliveryRow.retakes.is_(None),
    )


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
    row = find_delivery(session, delivery_id)
    if row.verdict != "received":
        raise DeliveryClosedError(
            f"delivery {delivery_id} of {row.resource} was already {row.verdict}: "
            "a receipt never changes; deliver again or use citylake accept"
        )
    row.verdict, row.reason, row.counts, row.run_id = verdict, plain(reason), dict(counts), run_id
    seal(session, row)
    return delivery_of(row)


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
        resource: ``<department>.<resource>``.
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
        return delivery_of(row)


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
        old = find_delivery(session, delivery_id)
        if old.verdict != "refused" or old.landing is None or old.as_of is None or old.sha256 is None:
            raise DeliveryNotRefusedError(
                f"delivery {delivery_id} of {old.resource} is {old.verdict}"
                f"{'' if old.landing else ' and its bytes are not in landing'}: "
                "only a refused delivery that could be read is taken by decision; ask the department for another"
            )
        row = session.scalars(_open(old.resource, old.as_of, old.sha256, old.contract)).one_or_none()
        if row is None:
            row = _new(old.resource, old.name, old.business_date, old.contract)
            row.as_of, row.sha256, row.size = old.as_of, old.sha256, old.size
            row.landing, row.watermark = old.landing, old.watermark
            row.whole, row.remarks, row.tail = old.whole, old.remarks, old.tail
            session.add(row)
        row.decision = plain(reason)
        session.flush()
        write_note(session, actor=actor, action="accept", subject=f"delivery {delivery_id}", reason=reason)
        return delivery_of(row)
