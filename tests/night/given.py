"""A lake with the project's contracts and a ledger of its own, in which tables are only said to have been written."""

from collections.abc import Mapping
from datetime import date

from citylake.contract.catalog import load_catalog
from citylake.contract.model import DerivedContract
from citylake.engine.run.meaning import meaning
from citylake.lake import Lake
from citylake.ledger.database import migrate, open_ledger
from citylake.ledger.nights.nights import Settled, SettledOutcome, settle
from citylake.ledger.runs.runs import Consumed, Outcome, record, start
from citylake.ledger.runs.tables import table_states
from citylake.settings import Settings

DAY = date(2026, 11, 22)


def a_lake(settings: Settings) -> Lake:
    ledger = open_ledger(settings.ledger_url)
    migrate(ledger)
    return Lake(settings, load_catalog(), ledger)


def settle_all(lake: Lake, day: date, outcome: SettledOutcome = "accepted", but: tuple[str, ...] = ()) -> None:
    for department in sorted({item.domain for item in lake.catalog.collected}):
        if department not in but:
            found = [Settled(item.resource, outcome) for item in lake.catalog.of_department(department)]
            settle(lake.ledger, department, day, found)


def write(
    lake: Lake,
    table: str,
    *,
    recheck_on: date | None = None,
    consumed: Mapping[str, Consumed] | None = None,
    accepted: bool = True,
) -> None:
    """Say that a table got a new content, and that it was accepted."""
    contract = lake.catalog.contract(table)
    state = table_states(lake.ledger).get(table)
    run = start(
        lake.ledger,
        table=table,
        kind="incremental",
        business_date=DAY,
        session_id="s",
        inputs={},
        meaning=meaning(lake, contract),
        dress="d",
    )
    version = (state.version or 0) + 1 if state else 1
    parts = tuple(sorted({item.part or "" for other in lake.catalog.derived for item in other.inputs.values()} - {""}))
    outcome = Outcome(
        state="done",
        version=version,
        parts=parts if contract.name.endswith("__crosswalk") else (),
        rows=1,
        recheck_on=recheck_on,
        consumed=dict(consumed or {}),
        accepted=accepted,
    )
    record(lake.ledger, run.id, outcome)


def write_everything(lake: Lake) -> None:
    """Say that every table was made from what its inputs are now."""
    for contract in lake.catalog.contracts.values():
        consumed = {}
        if isinstance(contract, DerivedContract):
            states = table_states(lake.ledger)
            for alias, item in contract.inputs.items():
                source = states[item.table]
                content = source.parts[item.part] if item.part else source.accepted_content
                consumed[alias] = Consumed(content=content or 0, version=source.accepted_version or 0)
        write(lake, contract.name, consumed=consumed)
