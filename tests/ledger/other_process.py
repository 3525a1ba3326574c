"""What the tests let another process do; the ledger's URL comes in LEDGER_URL, the deed as arguments."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from citylake.ledger.database import migrate, open_ledger
from citylake.ledger.deliveries import deliveries
from citylake.ledger.errors import LeaseHeldError, NightOrderError
from citylake.ledger.nights import nights
from citylake.ledger.nights.nights import Entry, Pin, Settled
from citylake.ledger.runs import runs, tables
from citylake.ledger.runs.leases import lease
from citylake.ledger.runs.runs import DeliveryOutcome, Outcome, RuleResult

ENGINE = open_ledger(os.environ["LEDGER_URL"])
DAY = date(2026, 11, 22)


def make_tables() -> None:
    migrate(ENGINE)


def hold(table: str) -> None:
    """Hold a lease, say so, and give it back when told to."""
    with lease(ENGINE, table, ttl=timedelta(minutes=5)):
        print("held", flush=True)
        sys.stdin.readline()


def stutter(table: str) -> None:
    """Hold a lease that expires while the process is stopped, then try to record under it."""
    with lease(ENGINE, table, ttl=timedelta(seconds=1)) as mine:
        print("held", flush=True)
        sys.stdin.readline()
        mine.check()


def race(table: str, rounds: str) -> None:
    """Add one to a file's number again and again, each time under the lease."""
    counter = Path(os.environ["COUNTER"])
    done = 0
    while done < int(rounds):
        try:
            with lease(ENGINE, table, wait=timedelta(seconds=60)), counter.open("r+", encoding="ascii") as file:
                number = int(file.read())
                time.sleep(0.005)
                file.seek(0)
                file.write(str(number + 1))
        except LeaseHeldError:
            continue
        done += 1


def deliver(resource: str, count: str) -> None:
    """Receive and refuse deliveries."""
    for number in range(int(count)):
        one = deliveries.receive(
            ENGINE,
            resource=resource,
            as_of=DAY,
            sha256=f"{number:064x}",
            size=1,
            name="file.csv",
            business_date=DAY,
            contract="contract",
            landing="file:///landing",
        )
        deliveries.refuse(ENGINE, one.id, reason="空文件", counts={})


def die_while_recording(run_id: str, where: str) -> None:
    """Record an outcome and be killed inside the transaction, after ``where`` has done its part."""
    target: Any = {"read_on": tables, "accept_table": tables, "close": deliveries}[where]
    real: Callable[..., Any] = getattr(target, where)

    def killed(*args: Any) -> None:
        real(*args)
        args[0].flush()
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(target, where, killed)
    outcome = Outcome(
        "done",
        version=7,
        accepted=True,
        rules=(RuleResult("unique", "gate", "pass", 3, 0),),
        delivery=DeliveryOutcome("accepted", "", {"lines": 3}),
    )
    runs.record(ENGINE, int(run_id), outcome)


def begin_night(day: str) -> None:
    """Settle, make ready and publish a date at the word; say which night it became and when it was published."""
    print("waiting", flush=True)
    sys.stdin.readline()
    date_of = date.fromisoformat(day)
    nights.settle(ENGINE, "civil_affairs", date_of, [Settled("civil_affairs.marriage", "accepted", (1,))])
    try:
        made = nights.ready(ENGINE, date_of, {"clean.civil_affairs__marriage": Pin(1, 1)}, [])
        done = nights.publish(ENGINE, date_of, [Entry("base.b", 3, 2, False), Entry("base.a", 1, 1, False)])
    except NightOrderError:
        sys.exit(3)
    print(made.number, done.published_at.isoformat())


DEEDS: Iterable[Callable[..., None]] = (make_tables, hold, stutter, race, deliver, die_while_recording, begin_night)

if __name__ == "__main__":
    {deed.__name__: deed for deed in DEEDS}[sys.argv[1]](*sys.argv[2:])
