"""Ledgers with something in them."""

from datetime import date

from sqlalchemy import Engine

from citylake.ledger.deliveries.deliveries import Delivery, receive
from citylake.ledger.runs.runs import Consumed, DeliveryOutcome, Outcome, record, start
from citylake.ledger.runs.tables import TableState
from citylake.spelling import table_of

FIRST_NIGHT = date(2026, 11, 22)
SECOND_NIGHT = date(2026, 11, 23)
MARRIAGE = "civil_affairs.marriage"


def received(engine: Engine, letter: str = "a", resource: str = MARRIAGE, as_of: date = FIRST_NIGHT) -> Delivery:
    """A delivery whose bytes have the hash ``letter`` times 64."""
    return receive(
        engine,
        resource=resource,
        as_of=as_of,
        sha256=letter * 64,
        size=1024,
        name=f"hydj_{letter}.csv",
        business_date=as_of,
        contract="contract-1",
        landing=f"file:///landing/{letter}",
    )


def started(engine: Engine, table: str, delivery: Delivery | None = None, meaning: str = "meaning") -> int:
    """The number of an open run."""
    run = start(
        engine,
        table=table,
        kind="incremental",
        business_date=FIRST_NIGHT,
        session_id="session",
        inputs={},
        meaning=meaning,
        dress="dress",
        delivery_id=None if delivery is None else delivery.id,
    )
    return run.id


def accepted(engine: Engine, delivery: Delivery) -> TableState:
    """The clean table after a run that accepted a delivery."""
    table = table_of(delivery.resource)
    outcome = Outcome(
        "done",
        version=delivery.id,
        rows=10,
        accepted=True,
        delivery=DeliveryOutcome("accepted", "", {"lines": 10, "inserted": 10}),
    )
    return record(engine, started(engine, table, delivery), outcome)


def written(
    engine: Engine,
    table: str,
    version: int | None,
    consumed: dict[str, Consumed] | None = None,
    *,
    accept: bool = False,
    parts: tuple[str, ...] = (),
    rows: int = 10,
    recheck_on: date | None = None,
) -> TableState:
    """The table after a run that wrote a version (or found nothing to write)."""
    outcome = Outcome(
        "done",
        version=version,
        consumed=consumed or {},
        accepted=accept,
        parts=parts,
        rows=rows,
        recheck_on=recheck_on,
    )
    return record(engine, started(engine, table), outcome)
