"""Going back to a published night: the lake's one decision that stops every run until it is carried out."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from citylake.ledger.columns import now, plain
from citylake.ledger.database import reading, writing
from citylake.ledger.errors import RestorationError, RestorationOpenError
from citylake.ledger.models import LeaseRow, NightRow, PublicationRow, RestorationRow, RunRow, SettlementRow
from citylake.ledger.people.decisions import write_note
from citylake.ledger.runs.owner import Owner, is_dead

LEASE = "restoration"
"""The lease that whoever restores holds beside those of the tables."""


@dataclass(frozen=True)
class Restoration:
    """The lake going back to what a night published.

    ``last_run`` is the newest run there was when it began; ``ended_at`` None until every table is back. Moments are in
    UTC.
    """

    number: int
    business_date: date
    actor: str
    reason: str
    last_run: int
    started_at: datetime
    ended_at: datetime | None


def begin(engine: Engine, business_date: date, *, actor: str, reason: str, unfinished: bool = False) -> Restoration:
    """Decide to go back to what a night published; from now on no run starts and no night is published.

    One that was begun and not finished is gone on with: the same night again returns it.

    Args:
        engine: the ledger.
        business_date: the night.
        actor: user name of who decides.
        reason: why, without personal data.
        unfinished: also give up a night that was made ready and is not published.

    Raises:
        RestorationError: the night is not published or was withdrawn, another restoration is not finished, or
            something is at work on the tables.
    """
    with writing(engine) as session:
        open_one = _open(session)
        if open_one is not None:
            if open_one.business_date != business_date:
                raise RestorationError(
                    f"the lake is on its way back to {open_one.business_date}: finish that first, "
                    f"citylake restore --night {open_one.business_date}"
                )
            return _restoration(open_one)
        _check_published(session, business_date)
        _check_quiet(session)
        if not unfinished:
            _check_finished(session)
        row = RestorationRow(
            business_date=business_date,
            actor=actor,
            reason=plain(reason),
            last_run=session.scalar(select(func.max(RunRow.id))) or 0,
            started_at=now(),
        )
        session.add(row)
        session.flush()
        return _restoration(row)


def under_way(engine: Engine) -> Restoration | None:
    """Return the restoration that was begun and is not finished."""
    with reading(engine) as session:
        row = _open(session)
        return None if row is None else _restoration(row)


def finish(engine: Engine, number: int) -> Restoration:
    """Make the night the newest that anybody is shown, once every table is back; runs may start again.

    Later publications are withdrawn, nights that were made ready and not published as well, and what was settled for
    dates that are not published is forgotten: their departments are asked again. Who decided and why goes to the audit
    entries. Finishing twice is finishing once.
    """
    with writing(engine) as session:
        row = session.get(RestorationRow, number)
        if row is None:
            raise RestorationError(f"there is no restoration {number}")
        if row.ended_at is None:
            newest = session.scalar(select(func.max(PublicationRow.business_date))) or row.business_date
            later = update(PublicationRow).where(PublicationRow.business_date > row.business_date)
            session.execute(later.values(withdrawn=True))
            session.execute(update(NightRow).where(NightRow.business_date > newest).values(withdrawn=True))
            session.execute(delete(SettlementRow).where(SettlementRow.business_date > newest))
            write_note(session, actor=row.actor, action="restore", subject=str(row.business_date), reason=row.reason)
            row.ended_at = now()
        return _restoration(row)


def check_none_open(engine: Engine) -> None:
    """Make sure that the lake is not on its way back to an earlier night.

    Raises:
        RestorationOpenError: it is.
    """
    with reading(engine) as session:
        refuse_while_restoring(session)


def refuse_while_restoring(session: Session) -> None:
    """Raise RestorationOpenError while the lake is on its way back to an earlier night."""
    row = _open(session)
    if row is not None:
        raise RestorationOpenError(
            f"湖正在恢复到 {row.business_date} 的发布，请先完成：citylake restore --night {row.business_date} "
            f"(the lake is on its way back to the night of {row.business_date}; finish that first)"
        )


def _check_published(session: Session, business_date: date) -> None:
    row = session.get(PublicationRow, business_date)
    if row is None or row.withdrawn:
        standing = select(func.max(PublicationRow.business_date)).where(PublicationRow.withdrawn.is_(False))
        what = "was never published" if row is None else "was withdrawn by a restore"
        raise RestorationError(
            f"the night of {business_date} {what}: there is nothing to go back to; "
            f"the newest that stands is {session.scalar(standing)}, see citylake status"
        )


def _check_quiet(session: Session) -> None:
    # Whoever makes a table holds its lease: an open run without one was left by a process that has ended.
    for lease in session.scalars(select(LeaseRow).where(LeaseRow.token.is_not(None), LeaseRow.table != LEASE)):
        owner = Owner(lease.host, lease.boot_id, lease.pid, lease.process_started)
        if lease.expires_at > now() and not is_dead(owner):
            raise RestorationError(
                f"{lease.table} is being written by {owner}: wait until the night is over, or end it"
            )


def _check_finished(session: Session) -> None:
    newest = session.scalar(select(func.max(PublicationRow.business_date)))
    query = select(func.max(NightRow.business_date)).where(NightRow.withdrawn.is_(False))
    ready = session.scalar(query if newest is None else query.where(NightRow.business_date > newest))
    if ready is not None:
        raise RestorationError(
            f"the night of {ready} was begun and is not published: wait for it, "
            "or give it up as well with --unfinished once nothing works on it any more"
        )


def _open(session: Session) -> RestorationRow | None:
    return session.scalars(select(RestorationRow).where(RestorationRow.ended_at.is_(None))).one_or_none()


def _restoration(row: RestorationRow) -> Restoration:
    return Restoration(**{name: getattr(row, name) for name in Restoration.__dataclass_fields__})
