"""One writer per table: leases with a heartbeat, a fencing number, and takeover of the dead."""

import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from citylake.ledger.columns import now
from citylake.ledger.database import reading, writing
from citylake.ledger.errors import LeaseHeldError, LeaseLostError, LedgerBusyError
from citylake.ledger.models import LeaseRow
from citylake.ledger.runs.owner import Owner, is_dead, this_process

_log = logging.getLogger(__name__)
_LONGEST_NAP = 1.0


@dataclass(frozen=True)
class Holder:
    """Who holds a table: ``number`` grows with every change of hands; moments are in UTC."""

    table: str
    number: int
    owner: Owner
    acquired_at: datetime
    expires_at: datetime


class Lease:
    """A held lease. Pass it to ``runs.start`` and ``runs.record``, or call :meth:`check` before each write."""

    def __init__(self, engine: Engine, table: str, number: int, token: str, ttl: timedelta) -> None:
        self.table = table
        self.number = number
        """Fencing number: greater than that of any holder before."""
        self._engine = engine
        self._token = token
        self._ttl = ttl
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease {table}", daemon=True)

    @property
    def lost(self) -> bool:
        """Whether the heartbeat found the lease in other hands."""
        return self._lost.is_set()

    def check(self) -> None:
        """Make sure in the ledger that the lease is still held.

        Raises:
            LeaseLostError: it expired and is free or somebody else's.
        """
        with reading(self._engine) as session:
            self.check_in(session)

    def check_in(self, session: Session) -> None:
        """Do what :meth:`check` does inside the caller's transaction.

        Raises:
            LeaseLostError: it expired and is free or somebody else's.
        """
        held = session.scalar(select(LeaseRow.token).where(LeaseRow.table == self.table))
        if held != self._token:
            self._lost.set()
            raise self._loss()

    def _loss(self) -> LeaseLostError:
        return LeaseLostError(
            f"the lease of {self.table} (number {self.number}) expired and was taken over while this process "
            "did not answer: nothing more was recorded; run the table again"
        )

    def _begin(self) -> None:
        self._thread.start()

    def _end(self) -> None:
        self._stop.set()
        self._thread.join()
        with writing(self._engine) as session:
            released = session.scalars(
                update(LeaseRow)
                .where(LeaseRow.table == self.table, LeaseRow.token == self._token)
                .values(token=None)
                .returning(LeaseRow.table)
            ).all()
        if not released:
            self._lost.set()

    def _beat(self) -> None:
        while not self._stop.wait(self._ttl.total_seconds() / 3):
            try:
                with writing(self._engine) as session:
                    kept = session.scalars(
                        update(LeaseRow)
                        .where(LeaseRow.table == self.table, LeaseRow.token == self._token)
                        .values(expires_at=now() + self._ttl)
                        .returning(LeaseRow.table)
                    ).all()
            except (SQLAlchemyError, LedgerBusyError) as error:
                # Two more beats fit into the time to live; the next one tries again.
                _log.warning("lease_heartbeat_failed table=%s error=%s", self.table, type(error).__name__)
                continue
            if not kept:
                _log.error("lease_lost table=%s number=%d", self.table, self.number)
                self._lost.set()
                return


@contextmanager
def lease(
    engine: Engine, table: str, *, ttl: timedelta = timedelta(minutes=5), wait: timedelta = timedelta(0)
) -> Iterator[Lease]:
    """Hold a table while the block runs.

    A heartbeat keeps the lease; a holder whose process or boot is gone from this host is taken over at
    once, one on another host when its lease has expired. The clocks of the hosts must agree within ``ttl``.

    Args:
        engine: the ledger.
        table: name of the table (or of any other thing with one writer).
        ttl: how long the lease outlives its last heartbeat.
        wait: how long to wait for a live holder.

    Yields:
        The lease with its fencing number.

    Raises:
        LeaseHeldError: a live process holds it and did not let go within ``wait``.
        LeaseLostError: at the end of the block, if the lease was lost while it ran.
    """
    deadline = time.monotonic() + wait.total_seconds()
    nap = 0.05
    while isinstance(taken := _take(engine, table, ttl), Holder):
        left = deadline - time.monotonic()
        if left <= 0:
            raise LeaseHeldError(
                f"{table} is held by {taken.owner} since {taken.acquired_at:%Y-%m-%d %H:%M:%S} UTC: wait for it, "
                "or end that process; the lease of a process that has ended is taken over at once"
            )
        time.sleep(min(nap, left))
        nap = min(nap * 1.5, _LONGEST_NAP)
    taken._begin()
    try:
        yield taken
    except BaseException:
        taken._end()
        raise
    taken._end()
    if taken.lost:
        raise taken._loss()


def held(engine: Engine) -> list[Holder]:
    """Return who holds what now, expired leases and those of ended processes left out."""
    with reading(engine) as session:
        rows = session.scalars(select(LeaseRow).where(LeaseRow.token.is_not(None)).order_by(LeaseRow.table))
        return [_holder(row) for row in rows if not _is_free(row)]


def _take(engine: Engine, table: str, ttl: timedelta) -> Lease | Holder:
    owner, token, moment = this_process(), uuid.uuid4().hex, now()
    with writing(engine) as session:
        row = session.get(LeaseRow, table)
        if row is not None and not _is_free(row):
            return _holder(row)
        if row is None:
            row = LeaseRow(table=table, number=0)
            session.add(row)
        elif row.token is not None:
            _log.warning("lease_taken_over table=%s from=%s", table, _holder(row).owner)
        row.number += 1
        row.token = token
        row.host, row.boot_id, row.pid = owner.host, owner.boot_id, owner.pid
        row.process_started = owner.process_started
        row.acquired_at, row.expires_at = moment, moment + ttl
        number = row.number
    return Lease(engine, table, number, token, ttl)


def _is_free(row: LeaseRow) -> bool:
    return row.token is None or row.expires_at <= now() or is_dead(_holder(row).owner)


def _holder(row: LeaseRow) -> Holder:
    owner = Owner(row.host, row.boot_id, row.pid, row.process_started)
    return Holder(row.table, row.number, owner, row.acquired_at, row.expires_at)
