"""What people decided: who, what, about which thing, and why."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from citylake.ledger.columns import now, plain
from citylake.ledger.database import reading, writing
from citylake.ledger.models import AuditRow


@dataclass(frozen=True)
class AuditEntry:
    """One decision; ``at`` is in UTC, ``actor`` a user name."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    reason: str


def note(engine: Engine, *, actor: str, action: str, subject: str, reason: str) -> AuditEntry:
    """Record a decision.

    Args:
        engine: the ledger.
        actor: user name of who decided.
        action: a verb, such as ``accept`` or ``rebuild``.
        subject: a table, a delivery or a date.
        reason: why, without personal data.
    """
    with writing(engine) as session:
        return write_note(session, actor=actor, action=action, subject=subject, reason=reason)


def write_note(session: Session, *, actor: str, action: str, subject: str, reason: str) -> AuditEntry:
    """Record a decision inside the caller's writing transaction."""
    row = AuditRow(at=now(), actor=actor, action=action, subject=subject, reason=plain(reason))
    session.add(row)
    session.flush()
    return _entry(row)


def entries(engine: Engine, limit: int = 200) -> list[AuditEntry]:
    """Return the last decisions, newest first."""
    with reading(engine) as session:
        query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
        return [_entry(row) for row in session.scalars(query)]


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(row.id, row.at, row.actor, row.action, row.subject, row.reason)
