"""What people decided of who is who: must-link and cannot-link, by whom, why, until when; nothing is ever deleted."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Engine, Select, func, select
from sqlalchemy.orm import Session

from citylake.ledger.columns import now, plain
from citylake.ledger.database import reading, writing
from citylake.ledger.errors import OverrideError
from citylake.ledger.models import OverrideRow
from citylake.ledger.people.decisions import write_note

Decision = Literal["must_link", "cannot_link"]


@dataclass(frozen=True)
class Override:
    """One decision; in force until ``until`` (included, None: for good) or until it is withdrawn. Moments are in UTC."""

    id: int
    library: str
    subject_id: str
    other_subject_id: str
    decision: str
    actor: str
    reason: str
    until: date | None
    at: datetime
    withdrawn_at: datetime | None

    def in_force(self, day: date) -> bool:
        """Return whether it counts on a business date."""
        return self.withdrawn_at is None and (self.until is None or day <= self.until)


def add_override(
    engine: Engine, *, library: str, subject_id: str, other_subject_id: str, decision: Decision, actor: str, reason: str,
    until: date | None = None,
) -> Override:  # fmt: skip
    """Keep a decision; the next night applies it.

    Raises:
        OverrideError: the two are one subject, no reason is given, or they are decided already.
    """
    if subject_id == other_subject_id or not reason.strip():
        raise OverrideError("a decision needs two different subjects and a reason")
    with writing(engine) as session:
        pair = {subject_id, other_subject_id}
        for row in session.scalars(_standing(library)):
            if {row.subject_id, row.other_subject_id} == pair:
                raise OverrideError(f"decision {row.id} ({row.decision}) already says of these two; withdraw it first")
        made = OverrideRow(
            library=library, subject_id=subject_id, other_subject_id=other_subject_id, decision=decision, actor=actor,
            reason=plain(reason), until=until, at=now(), withdrawn_at=None,
        )  # fmt: skip
        session.add(made)
        session.flush()
        _noted(session, made, decision, actor, reason)
        return _override(made)


def withdraw_override(engine: Engine, number: int, *, actor: str, reason: str) -> Override:
    """Take a decision back; the next night gives each part what it had.

    Raises:
        OverrideError: there is no such decision in force.
    """
    with writing(engine) as session:
        row = session.get(OverrideRow, number)
        if row is None or row.withdrawn_at is not None:
            raise OverrideError(f"no decision {number} is in force; see: citylake override list")
        row.withdrawn_at = now()
        _noted(session, row, f"withdraw {row.decision}", actor, reason)
        return _override(row)


def overrides(engine: Engine, library: str | None = None) -> list[Override]:
    """Return all decisions, withdrawn ones included, in the order in which they were made."""
    with reading(engine) as session:
        query = select(OverrideRow).order_by(OverrideRow.id)
        query = query if library is None else query.where(OverrideRow.library == library)
        return [_override(row) for row in session.scalars(query)]


def overrides_mark(engine: Engine, library: str) -> str:
    """Return a text that differs when any decision of a library was added or withdrawn."""
    with reading(engine) as session:
        mine = OverrideRow.library == library
        query = select(func.count(OverrideRow.id), func.count(OverrideRow.withdrawn_at)).where(mine)
        made, withdrawn = session.execute(query).one()
        return f"{made}/{withdrawn}"


def _standing(library: str) -> "Select[OverrideRow]":
    return select(OverrideRow).where(OverrideRow.library == library, OverrideRow.withdrawn_at.is_(None))


def _noted(session: Session, row: OverrideRow, action: str, actor: str, reason: str) -> None:
    write_note(session, actor=actor, action=action, subject=f"{row.library} override {row.id}", reason=reason)


def _override(row: OverrideRow) -> Override:
    return Override(**{name: getattr(row, name) for name in Override.__dataclass_fields__})
