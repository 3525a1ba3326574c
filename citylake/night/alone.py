"""A night of some tables in this process, one after the other, without Airflow, judging or publication: for measuring."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from citylake.contract.model import DerivedContract
from citylake.lake import Lake
from citylake.ledger.nights.nights import ready
from citylake.ledger.runs.tables import accept
from citylake.night.steps.collect import collect_resource
from citylake.night.steps.ready import pinned_now
from citylake.night.steps.step import Step, closing, plain_words
from citylake.night.steps.tables import make_one

if TYPE_CHECKING:
    from citylake.contract.catalog import Catalog


class NightAloneError(RuntimeError):
    """A table could not be made; the message names it and says why."""


def needed(catalog: "Catalog", wanted: Iterable[str]) -> list[str]:
    """Return the tables that have to be made for some derived ones, these included, inputs first."""
    found: set[str] = set()
    pending = list(wanted)
    while pending:
        name = pending.pop()
        contract = catalog.contract(name)
        if name not in found and isinstance(contract, DerivedContract):
            found.add(name)
            pending += [item.table for item in contract.inputs.values()]
    return [contract.name for contract in catalog.derived if contract.name in found]


def run_alone(lake: Lake, day: date, wanted: Iterable[str]) -> Iterator[tuple[str, int | None]]:
    """Collect what every department offers, then make the tables; yield each with its rows.

    Args:
        lake: its Spark server runs.
        day: business date.
        wanted: derived tables; their inputs are made as well.

    Raises:
        NightAloneError: a delivery or table was refused.
    """
    with closing(Step(day, given=lake)) as step:
        for clean in lake.catalog.collected:
            said = collect_resource(step, clean.resource)
            if said.state not in ("done", "nothing"):
                raise NightAloneError(f"{clean.resource}: {said.message}")
            yield clean.name, said.facts["rows"]
        pinned = pinned_now(lake)
        ready(lake.ledger, day, pinned, [])
        for table in needed(lake.catalog, wanted):
            result, error = make_one(step, table, pinned)
            if error is not None or result.state not in ("written", "unchanged"):
                why = plain_words(error) if error is not None else result.reason or result.state
                raise NightAloneError(f"{table}: {why}") from error
            accept(lake.ledger, [table], business_date=day)
            yield table, result.rows
