"""The chain of receipts: a delivery's final verdict is hashed together with the receipt before it.

The chain runs over the whole ledger in the order of final verdicts. The ledger's own row keeps the number
and the hash of the last receipt, so that even a receipt cut off at the end is missed.
"""

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from citylake.ledger.columns import now
from citylake.ledger.database import reading
from citylake.ledger.models import DeliveryRow, LedgerRow

FIRST = "0" * 64
"""What stands in for the hash before the first receipt."""

_SEALED = (
    "receipt_number",
    "id",
    "department",
    "resource",
    "as_of",
    "sha256",
    "size",
    "name",
    "received_at",
    "business_date",
    "contract",
    "landing",
    "watermark",
    "decision",
    "verdict",
    "reason",
    "counts",
    "run_id",
    "decided_at",
    "previous_hash",
)


def seal(session: Session, delivery: DeliveryRow) -> None:
    """Append a delivery that has just got its final verdict to the chain.

    Args:
        session: a writing session; the caller's transaction holds the write lock.
        delivery: flushed, so that it has its number.
    """
    ledger = session.scalars(select(LedgerRow)).one()
    ledger.receipts += 1
    delivery.decided_at = now()
    delivery.receipt_number = ledger.receipts
    delivery.previous_hash = ledger.head
    delivery.receipt_hash = receipt_hash(delivery)
    ledger.head = delivery.receipt_hash


def receipt_hash(delivery: DeliveryRow) -> str:
    """Return the SHA-256 (hex) over the canonical JSON of a receipt, the hash before it included."""
    fields = {name: _canonical(getattr(delivery, name)) for name in _SEALED}
    if delivery.retakes is not None:
        # Left out of all others, so that receipts from before there was such a thing keep their hash.
        fields["retakes"] = delivery.retakes
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    return value


def verify_chain(engine: Engine) -> list[str]:
    """Return what is wrong with the chain of receipts; an empty list proves that none was touched.

    Finds a receipt that was changed, removed (at the end too) or swapped with another, and a delivery that
    was given a verdict without a receipt.
    """
    problems: list[str] = []
    with reading(engine) as session:
        ledger = session.scalars(select(LedgerRow)).one()
        sealed = select(DeliveryRow).where(DeliveryRow.receipt_number.is_not(None))
        last, head = 0, FIRST
        for delivery in session.scalars(sealed.order_by(DeliveryRow.receipt_number).execution_options(yield_per=1000)):
            problems += _problems_of(delivery, last, head)
            last, head = delivery.receipt_number or 0, delivery.receipt_hash or ""
        if last != ledger.receipts:
            problems.append(f"receipts {last + 1} to {ledger.receipts} are missing at the end of the chain")
        elif head != ledger.head:
            problems.append(f"receipt {last} is not the one that the ledger remembers as its last")
        unsealed = select(DeliveryRow.id, DeliveryRow.verdict).where(
            DeliveryRow.receipt_number.is_(None), DeliveryRow.verdict != "received"
        )
        problems += [
            f"delivery {number} has the verdict '{verdict}' but no receipt"
            for number, verdict in session.execute(unsealed)
        ]
    return problems


def _problems_of(delivery: DeliveryRow, last: int, head: str) -> list[str]:
    number = delivery.receipt_number or 0
    found: list[str] = []
    if number != last + 1:
        found.append(f"receipts {last + 1} to {number - 1} are missing")
    elif delivery.previous_hash != head:
        found.append(f"receipt {number} (delivery {delivery.id}) does not follow receipt {last}")
    if receipt_hash(delivery) != delivery.receipt_hash:
        found.append(f"receipt {number} (delivery {delivery.id}) was changed after it was given")
    return found
