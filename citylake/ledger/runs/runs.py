"""Runs: a row before the first Spark call, and one transaction that records all a run has done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine, Select, select
from sqlalchemy.orm import Session

from citylake.ledger.columns import Consumed, consumed_from_json, consumed_to_json, now, plain
from citylake.ledger.database import reading, writing
from citylake.ledger.deliveries import deliveries
from citylake.ledger.errors import OpenRunError, RunClosedError, UnknownRunError
from citylake.ledger.models import RuleResultRow, RunRow
from citylake.ledger.nights.restorations import refuse_while_restoring
from citylake.ledger.runs import tables
from citylake.ledger.runs.leases import Lease
from citylake.ledger.runs.outcome import DeliveryOutcome, Outcome, RuleResult
from citylake.ledger.runs.owner import this_process
from citylake.ledger.runs.tables import TableState

__all__ = [
    "JUDGING",
    "Consumed",
    "DeliveryOutcome",
    "Outcome",
    "RuleResult",
    "Run",
    "abandon",
    "fail",
    "open_runs",
    "record",
    "rule_results",
    "run",
    "runs",
    "start",
]

JUDGING = "judge"
"""The kind of a run that says what judging a table came to; it makes nothing."""


@dataclass(frozen=True)
class Run:
    """An attempt to bring a table up to date.

    ``state`` is open, done, refused, failed or abandoned; ``inputs`` is what it set out from; ``version``
    the Delta version of its last step, None if it wrote nothing; ``executor`` who has evaluated, ``local`` or ``spark``;
    moments are in UTC.
    """

    id: int
    table: str
    kind: str
    business_date: date
    state: str
    session_id: str
    inputs: dict[str, Consumed]
    meaning: str
    dress: str
    delivery_id: int | None
    started_at: datetime
    ended_at: datetime | None
    version: int | None
    metrics: dict[str, float]
    executor: str
    reason: str
    host: str
    boot_id: str
    pid: int
    steps: int


def start(
    engine: Engine,
    *,
    table: str,
    kind: str,
    business_date: date,
    session_id: str,
    inputs: Mapping[str, Consumed],
    meaning: str,
    dress: str,
    delivery_id: int | None = None,
    steps: int = 1,
    lease: Lease | None = None,
) -> Run:
    """Open a run; its number is greater than that of any run before.

    Args:
        engine: the ledger.
        table: name of the table.
        kind: how it will work, such as ``incremental``, ``rebuild`` or ``replay``.
        business_date: the night it works for.
        session_id: Connect session by which a ghost of it can be interrupted.
        inputs: contents and versions it sets out from, by input.
        meaning: hash of the table's meaning.
        dress: hash of the table's dress.
        delivery_id: the delivery it takes, if it takes one.
        steps: commits it will make at most.
        lease: checked in the same transaction.

    Raises:
        OpenRunError: an earlier run of the table is still open.
        LeaseLostError: the lease is no longer held.
        RestorationOpenError: the lake is on its way back to an earlier night.
    """
    owner = this_process()
    with writing(engine) as session:
        if lease is not None:
            lease.check_in(session)
        refuse_while_restoring(session)
        open_run = session.scalars(_open(table)).first()
        if open_run is not None:
            raise OpenRunError(
                f"run {open_run.id} of {table} is still open: settle it (interrupt its session, look for it in "
                "the table's history, then record or abandon it) before starting another"
            )
        row = RunRow(
            table=table,
            kind=kind,
            business_date=business_date,
            state="open",
            session_id=session_id,
            steps=steps,
            inputs=consumed_to_json(inputs),
            meaning=meaning,
            dress=dress,
            delivery_id=delivery_id,
            started_at=now(),
            metrics={},
            reason="",
            host=owner.host,
            boot_id=owner.boot_id,
            pid=owner.pid,
        )
        session.add(row)
        session.flush()
        return _run(row)


def run(engine: Engine, run_id: int) -> Run:
    """Return one run.

    Raises:
        UnknownRunError: no such number.
    """
    with reading(engine) as session:
        return _run(_find(session, run_id))


def open_runs(engine: Engine, table: str) -> list[Run]:
    """Return the table's run that has not ended: at most one."""
    with reading(engine) as session:
        return [_run(row) for row in session.scalars(_open(table))]


def runs(engine: Engine, *, table: str | None = None, business_date: date | None = None, limit: int = 200) -> list[Run]:
    """Return runs, newest first."""
    query = select(RunRow).order_by(RunRow.id.desc()).limit(limit)
    if table is not None:
        query = query.where(RunRow.table == table)
    if business_date is not None:
        query = query.where(RunRow.business_date == business_date)
    with reading(engine) as session:
        return [_run(row) for row in session.scalars(query)]


def rule_results(engine: Engine, run_id: int) -> list[RuleResult]:
    """Return what the rules said in a run, in the order in which they were recorded."""
    with reading(engine) as session:
        query = select(RuleResultRow).where(RuleResultRow.run_id == run_id).order_by(RuleResultRow.number)
        return [
            RuleResult(**{name: getattr(row, name) for name in RuleResult.__dataclass_fields__})
            for row in session.scalars(query)
        ]


def fail(engine: Engine, run_id: int, reason: str) -> Run:
    """Close a run that ended with an error; the table stays where it was.

    Raises:
        UnknownRunError: no such number.
        RunClosedError: it has ended already.
    """
    return _end_without_effect(engine, run_id, "failed", reason)


def abandon(engine: Engine, run_id: int, reason: str) -> Run:
    """Close a run that was killed before its last step; the table stays where it was.

    Raises:
        UnknownRunError: no such number.
        RunClosedError: it has ended already.
    """
    return _end_without_effect(engine, run_id, "abandoned", reason)


def record(engine: Engine, run_id: int, outcome: Outcome, *, lease: Lease | None = None) -> TableState:
    """Record all that a run has done, in one transaction.

    Closes the run; adds the new content, if one was written, and raises the numbers of its parts; moves the
    table's state; keeps the rule results; gives the delivery its verdict and receipt.

    Args:
        engine: the ledger.
        run_id: an open run.
        outcome: how it ended.
        lease: checked in the same transaction.

    Raises:
        UnknownRunError: no such number.
        RunClosedError: it has ended already.
        OutcomeError: the outcome contradicts itself or the run.
        DeliveryClosedError: the delivery has its final verdict already.
        LeaseLostError: the lease is no longer held.
    """
    with writing(engine) as session:
        if lease is not None:
            lease.check_in(session)
        row = _find_open(session, run_id)
        outcome.check(row.id, row.table, takes_delivery=row.delivery_id is not None)
        _close(row, outcome.state, outcome.reason)
        row.version, row.metrics, row.executor = outcome.version, dict(outcome.metrics), outcome.executor
        session.add_all(
            RuleResultRow(
                run_id=run_id,
                number=number,
                rule=one.rule,
                action=one.action,
                verdict=one.verdict,
                checked=one.checked,
                bad=one.bad,
                message=plain(one.message),
            )
            for number, one in enumerate(outcome.rules, start=1)
        )
        if outcome.delivery is not None and row.delivery_id is not None:
            said = outcome.delivery
            deliveries.close(session, row.delivery_id, said.verdict, said.reason, said.counts, run_id)
        return _move_table(session, row, outcome)


def _move_table(session: Session, row: RunRow, outcome: Outcome) -> TableState:
    if outcome.state == "failed":
        return tables.find_or_blank(session, row.table)
    if outcome.state == "refused":
        return tables.state_of(tables.mark_refused(session, row.table, outcome.reason))
    if outcome.version is not None:
        tables.write_content(session, row, outcome.version, outcome.parts, outcome.rows)
    state = tables.state_of(tables.read_on(session, row, outcome.consumed, outcome.recheck_on))
    if outcome.accepted and state.content is not None:
        return tables.accept_table(session, row.table, row.business_date)
    return state


def _end_without_effect(engine: Engine, run_id: int, state: str, reason: str) -> Run:
    with writing(engine) as session:
        row = _find_open(session, run_id)
        _close(row, state, reason)
        return _run(row)


def _close(row: RunRow, state: str, reason: str) -> None:
    row.state, row.reason, row.ended_at = state, plain(reason), now()


def _find_open(session: Session, run_id: int) -> RunRow:
    row = _find(session, run_id)
    if row.state != "open":
        raise RunClosedError(f"run {run_id} of {row.table} is already {row.state}: start a new run")
    return row


def _find(session: Session, run_id: int) -> RunRow:
    row = session.get(RunRow, run_id)
    if row is None:
        raise UnknownRunError(f"no run has the number {run_id}: see citylake status")
    return row


def _open(table: str) -> Select[RunRow]:
    return select(RunRow).where(RunRow.table == table, RunRow.state == "open").order_by(RunRow.id)


def _run(row: RunRow) -> Run:
    names = {name: getattr(row, name) for name in Run.__dataclass_fields__}
    return Run(**{**names, "inputs": consumed_from_json(row.inputs), "metrics": dict(row.metrics)})
