"""What every table held in a published night, and a table's way back to it.

The publication names the contents of what it shows, the night's vector those of the clean tables. What is neither, the
resolver's tables for one, held the newest content accepted by then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from citylake.ledger.columns import Consumed, consumed_from_json, consumed_to_json, plain
from citylake.ledger.database import reading, writing
from citylake.ledger.deliveries.queries import Delivery, delivery_of, is_standing
from citylake.ledger.errors import RestorationError
from citylake.ledger.models import (
    ContentRow,
    DeliveryRow,
    EntryRow,
    NightRow,
    PublicationRow,
    RestorationRow,
    RunRow,
    TableRow,
)
from citylake.ledger.runs.runs import JUDGING
from citylake.ledger.runs.tables import TableState, state_of

COLLECTED = "clean."


@dataclass(frozen=True)
class Held:
    """What a table held in a night.

    ``content`` is None for a table that had none yet, ``version`` the newest Delta version of it; ``consumed`` is up to
    where its inputs had been read for that content, and ``meaning`` what it was made under.
    """

    table: str
    content: int | None
    version: int | None
    consumed: dict[str, Consumed]
    meaning: str


def held_in(engine: Engine, business_date: date) -> dict[str, Held]:
    """Return what every table of the ledger held in a published night, by name.

    Raises:
        RestorationError: the night is not published.
    """
    with reading(engine) as session:
        published = session.get(PublicationRow, business_date)
        if published is None:
            raise RestorationError(f"the night of {business_date} was never published")
        query = select(EntryRow).where(EntryRow.business_date == business_date)
        named = {one.table: one.content for one in session.scalars(query)}
        night = session.get(NightRow, (business_date, published.night))
        named |= {table: int(pin["content"]) for table, pin in (night.vector if night is not None else {}).items()}
        tables = session.scalars(select(TableRow.table).order_by(TableRow.table)).all()
        return {table: _held(session, table, named.get(table), business_date) for table in tables}


def to_take_again(engine: Engine, table: str, content: int | None) -> list[Delivery]:
    """Return the deliveries that a clean table has taken since a content, in the order in which it took them.

    Those that were accepted before the first change after it stay taken: they changed nothing.
    """
    with reading(engine) as session:
        return [delivery_of(row) for row in _taken_since(session, table, content)]


def go_back(
    engine: Engine, held: Held, *, version: int | None, consumed: Mapping[str, Consumed], reason: str
) -> TableState:
    """Put a table's standing back to what it held in a night, once its files are; in one transaction.

    Contents since then count as refused. What a clean table has taken since then is to be taken again: each of those
    deliveries gets a successor that is open and will have a receipt of its own; no receipt is touched.

    Args:
        engine: the ledger.
        held: what it held.
        version: Delta version that holds it now; None if the table has no files.
        consumed: up to where its inputs count as read, with the versions they have now.
        reason: why, without personal data.
    """
    with writing(engine) as session:
        state = session.get_one(TableRow, held.table)
        for row in _taken_since(session, held.table, held.content):
            session.add(_successor(row))
        later = ContentRow.number > (held.content or 0)
        session.execute(
            update(ContentRow)
            .where(ContentRow.table == held.table, later)
            .values(verdict="refused", reason=plain(reason))
        )
        state.version, state.content, state.refused, state.reason = version, held.content, False, ""
        state.meaning, state.consumed = held.meaning, consumed_to_json(consumed)
        if held.content is None:
            state.accepted_version, state.accepted_content = None, None
            state.rows, state.recheck_on, state.parts, state.dress = None, None, {}, ""
            return state_of(state)
        content = session.get_one(ContentRow, (held.table, held.content))
        content.meaning, content.consumed = held.meaning, consumed_to_json(consumed)
        assert version is not None, f"{held.table} holds content {held.content} in no version"
        content.newest_version = state.accepted_version = version
        state.accepted_content = content.number
        state.rows, state.recheck_on, state.parts, state.dress = (
            content.rows,
            content.recheck_on,
            dict(content.parts),
            content.dress,
        )
        return state_of(state)


def _held(session: Session, table: str, named: int | None, business_date: date) -> Held:
    number = named
    if number is None and not table.startswith(COLLECTED):
        number = session.scalar(
            select(func.max(ContentRow.number)).where(
                ContentRow.table == table, ContentRow.verdict == "accepted", ContentRow.decided_for <= business_date
            )
        )
    if number is None:
        return Held(table, None, None, {}, "")
    content = session.get_one(ContentRow, (table, number))
    run = _last_reading(session, content, business_date)
    return Held(table, number, content.newest_version, consumed_from_json(run.inputs), run.meaning)


def _last_reading(session: Session, content: ContentRow, business_date: date) -> RunRow:
    """Return the last run by then that found or made this content: what it read still makes these rows.

    The content's own row may say more: nights since then may have read on without changing a row.
    """
    query = select(func.min(ContentRow.run_id)).where(
        ContentRow.table == content.table, ContentRow.run_id > content.run_id
    )
    until = session.scalar(query)
    found = select(RunRow).where(
        RunRow.table == content.table,
        RunRow.id > content.run_id,
        RunRow.state == "done",
        RunRow.kind != JUDGING,
        RunRow.version.is_(None),
        RunRow.delivery_id.is_(None),
        RunRow.business_date <= business_date,
    )
    if until is not None:
        found = found.where(RunRow.id < until)
    gone = session.scalars(select(RestorationRow)).all()
    for run in session.scalars(found.order_by(RunRow.id.desc())):
        if not any(run.id <= one.last_run and run.business_date > one.business_date for one in gone):
            return run
    return session.get_one(RunRow, content.run_id)


def _taken_since(session: Session, table: str, content: int | None) -> Sequence[DeliveryRow]:
    query = (
        select(DeliveryRow)
        .join(RunRow, RunRow.id == DeliveryRow.run_id)
        .where(RunRow.table == table, DeliveryRow.verdict == "accepted", is_standing())
    )
    if content is not None:
        moved = select(func.min(ContentRow.run_id)).where(ContentRow.table == table, ContentRow.number > content)
        query = query.where(DeliveryRow.run_id >= moved.scalar_subquery())
    return session.scalars(query.order_by(DeliveryRow.receipt_number)).all()


def _successor(row: DeliveryRow) -> DeliveryRow:
    """Return the open delivery that takes the same bytes again, as they were received."""
    of_fetching = ("landing", "watermark", "decision", "whole", "remarks", "tail")
    kept = ("department", "resource", "as_of", "sha256", "size", "name", "business_date", "received_at", "contract")
    same = {name: getattr(row, name) for name in (*kept, *of_fetching)}
    return DeliveryRow(**same, retakes=row.retakes or row.id, verdict="received", reason="", counts={})
