"""Where every table stands: contents, which of them are accepted, and the Delta versions that hold them.

A content has a number of its own because OPTIMIZE, VACUUM, ALTER and RESTORE make versions, not content.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from citylake.ledger.columns import Consumed, consumed_from_json, consumed_to_json, now, plain
from citylake.ledger.database import reading, writing
from citylake.ledger.errors import NothingToAcceptError, UnknownTableError
from citylake.ledger.models import ContentRow, RunRow, TableRow


@dataclass(frozen=True)
class TableState:
    """Where a table stands.

    ``version`` and ``content`` are the newest written, None before the first write; the accepted ones are
    what others may read. ``parts`` maps a part (a source of the crosswalk) to the content number that last
    touched it. ``refused`` says that the last attempt was refused and why (``reason``).
    """

    table: str
    version: int | None
    content: int | None
    accepted_version: int | None
    accepted_content: int | None
    meaning: str
    dress: str
    rows: int | None
    recheck_on: date | None
    consumed: dict[str, Consumed]
    parts: dict[str, int]
    refused: bool
    reason: str


@dataclass(frozen=True)
class Content:
    """One content of a table: first and newest Delta version that hold it; ``verdict`` written, accepted or refused."""

    table: str
    number: int
    version: int
    newest_version: int
    run_id: int
    consumed: dict[str, Consumed]
    parts: dict[str, int]
    recheck_on: date | None
    rows: int | None
    meaning: str
    dress: str
    verdict: str
    reason: str
    decided_for: date | None
    created_at: datetime


def table_state(engine: Engine, table: str) -> TableState | None:
    """Return where a table stands, or None if no run of it was ever recorded."""
    with reading(engine) as session:
        row = session.get(TableRow, table)
        return None if row is None else state_of(row)


def table_states(engine: Engine, names: Collection[str] | None = None) -> dict[str, TableState]:
    """Return where every table stands, or each of these that was ever recorded, by name."""
    query = select(TableRow).order_by(TableRow.table)
    if names is not None:
        query = query.where(TableRow.table.in_(names))
    with reading(engine) as session:
        return {row.table: state_of(row) for row in session.scalars(query)}


def contents(engine: Engine, table: str) -> list[Content]:
    """Return all contents of a table, oldest first."""
    with reading(engine) as session:
        query = select(ContentRow).where(ContentRow.table == table).order_by(ContentRow.number)
        return [_content(row) for row in session.scalars(query)]


def accept(engine: Engine, tables: Iterable[str], *, business_date: date) -> dict[str, TableState]:
    """Accept what the tables hold now, all of them or none.

    Name also the tables whose run of tonight changed nothing: their consumed inputs are accepted with them.

    Args:
        engine: the ledger.
        tables: names.
        business_date: night for which they are accepted.

    Raises:
        UnknownTableError: a table was never recorded.
        NothingToAcceptError: a table was never written, or all it held was refused.
    """
    with writing(engine) as session:
        return {table: accept_table(session, table, business_date) for table in tables}


def accept_table(session: Session, table: str, business_date: date) -> TableState:
    """Accept what one table holds, inside the caller's writing transaction."""
    state = _find(session, table)
    if state.content is None:
        raise NothingToAcceptError(f"{table} holds no content that could be accepted: run it first")
    content = _content_row(session, table, state.content)
    if content.verdict == "written":
        content.verdict, content.decided_for = "accepted", business_date
        state.refused, state.reason = False, ""
    if not state.refused:
        # A run that changed no row has read on: a later refusal must not fall behind this acceptance.
        content.consumed, content.recheck_on = state.consumed, state.recheck_on
        content.meaning, content.dress = state.meaning, state.dress
    state.accepted_version, state.accepted_content = content.newest_version, content.number
    return state_of(state)


def refuse(engine: Engine, table: str, *, restored_version: int, reason: str) -> TableState:
    """Refuse what a table has written since its last acceptance; call it after the RESTORE.

    The state goes back to the accepted content with its consumed inputs, parts, rows, meaning, dress and
    recheck day, so that the next run reads the refused inputs again. A table never accepted holds nothing
    afterwards. Refusing twice is refusing once.

    Args:
        engine: the ledger.
        table: name.
        restored_version: Delta version that the RESTORE made (or the present one if nothing was written).
        reason: why, without personal data.

    Raises:
        UnknownTableError: the table was never recorded.
    """
    with writing(engine) as session:
        state = _find(session, table)
        session.execute(
            update(ContentRow)
            .where(
                ContentRow.table == table,
                ContentRow.verdict == "written",
                ContentRow.number > (state.accepted_content or 0),
            )
            .values(verdict="refused", reason=plain(reason))
        )
        state.version, state.refused, state.reason = restored_version, True, plain(reason)
        if state.accepted_content is None:
            state.content, state.rows, state.recheck_on = None, None, None
            state.consumed, state.parts, state.meaning, state.dress = {}, {}, "", ""
            return state_of(state)
        content = _content_row(session, table, state.accepted_content)
        content.newest_version = state.accepted_version = restored_version
        state.content, state.rows, state.recheck_on = content.number, content.rows, content.recheck_on
        state.consumed, state.parts = content.consumed, content.parts
        state.meaning, state.dress = content.meaning, content.dress
        return state_of(state)


def note_version(engine: Engine, table: str, version: int) -> TableState:
    """Record a Delta version that holds the same content: OPTIMIZE, VACUUM, ALTER.

    Raises:
        UnknownTableError: the table was never recorded.
    """
    with writing(engine) as session:
        return state_of(_move_version(session, table, version))


def dress(engine: Engine, table: str, dress: str, version: int) -> TableState:
    """Record that a table was given a new dress (labels, masks, texts) by an ALTER.

    Args:
        engine: the ledger.
        table: name.
        dress: hash of the new dress.
        version: Delta version that the ALTER made.

    Raises:
        UnknownTableError: the table was never recorded.
    """
    with writing(engine) as session:
        state = _move_version(session, table, version)
        state.dress = dress
        if state.content is not None:
            _content_row(session, table, state.content).dress = dress
        return state_of(state)


def _move_version(session: Session, table: str, version: int) -> TableRow:
    state = _find(session, table)
    state.version = version
    if state.content is not None:
        _content_row(session, table, state.content).newest_version = version
        if state.content == state.accepted_content:
            state.accepted_version = version
    return state


def write_content(session: Session, run: RunRow, version: int, parts: Iterable[str], rows: int | None) -> TableRow:
    """Add a new content made by a run; the caller's writing transaction goes on to :func:`read_on`."""
    state = _find_or_new(session, run.table)
    newest = session.scalar(select(func.max(ContentRow.number)).where(ContentRow.table == run.table))
    number = (newest or 0) + 1
    state.version, state.content, state.rows = version, number, rows
    state.parts = {**state.parts, **dict.fromkeys(parts, number)}
    session.add(
        ContentRow(
            table=run.table,
            number=number,
            version=version,
            newest_version=version,
            run_id=run.id,
            consumed={},
            parts=state.parts,
            rows=rows,
            meaning=run.meaning,
            dress=run.dress,
            verdict="written",
            reason="",
            created_at=now(),
        )
    )
    session.flush()
    return state


def read_on(session: Session, run: RunRow, consumed: Mapping[str, Consumed], recheck_on: date | None) -> TableRow:
    """Record up to where a run that is done has read its inputs; what it does not name stays as it was."""
    state = _find_or_new(session, run.table)
    # Another meaning was a rebuild, and what only the old one read is no longer an input.
    before = state.consumed if state.meaning == run.meaning else {}
    state.consumed = {**before, **consumed_to_json(consumed)}
    state.recheck_on, state.meaning, state.dress = recheck_on, run.meaning, run.dress
    state.refused, state.reason = False, ""
    if state.content is not None:
        content = _content_row(session, run.table, state.content)
        if content.run_id == run.id:
            content.consumed, content.recheck_on = state.consumed, recheck_on
    return state


def mark_refused(session: Session, table: str, reason: str) -> TableRow:
    """Record that a run was stopped by its gate before it wrote."""
    state = _find_or_new(session, table)
    state.refused, state.reason = True, plain(reason)
    return state


def find_or_blank(session: Session, table: str) -> TableState:
    """Return where a table stands; a table never recorded stands nowhere."""
    return state_of(session.get(TableRow, table) or _blank(table))


def state_of(row: TableRow) -> TableState:
    """Return a stored state."""
    names = {name: getattr(row, name) for name in TableState.__dataclass_fields__}
    return TableState(**{**names, "consumed": consumed_from_json(row.consumed), "parts": dict(row.parts)})


def _content(row: ContentRow) -> Content:
    names = {name: getattr(row, name) for name in Content.__dataclass_fields__}
    return Content(**{**names, "consumed": consumed_from_json(row.consumed), "parts": dict(row.parts)})


def _blank(table: str) -> TableRow:
    return TableRow(
        table=table,
        version=None,
        content=None,
        accepted_version=None,
        accepted_content=None,
        meaning="",
        dress="",
        rows=None,
        recheck_on=None,
        consumed={},
        parts={},
        refused=False,
        reason="",
    )


def _find_or_new(session: Session, table: str) -> TableRow:
    row = session.get(TableRow, table)
    if row is None:
        row = _blank(table)
        session.add(row)
        session.flush()
    return row


def _find(session: Session, table: str) -> TableRow:
    row = session.get(TableRow, table)
    if row is None:
        raise UnknownTableError(f"the ledger knows no run of {table}: run it first, or check the name")
    return row


def _content_row(session: Session, table: str, number: int) -> ContentRow:
    return session.scalars(select(ContentRow).where(ContentRow.table == table, ContentRow.number == number)).one()
