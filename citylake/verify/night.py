"""What a published night shows: of every table of the catalog which version, and what it was made from."""

from dataclasses import dataclass
from datetime import date

from citylake.contract.model import CollectedContract, Contract
from citylake.lake import Lake
from citylake.ledger.deliveries import deliveries
from citylake.ledger.nights.contents import held_in, to_take_again
from citylake.ledger.nights.nights import Night, Publication, night, publication
from citylake.ledger.runs import runs
from citylake.ledger.runs.runs import Consumed
from citylake.ledger.runs.tables import contents, table_state
from citylake.verify.clean import Taken


@dataclass(frozen=True)
class ShownTable:
    """One table in the night.

    Attributes:
        content: number of its content, None when it has none yet.
        version: Delta version that is read.
        stale: it holds an older content than its inputs would allow (沿用).
        made_for: business date for which this content was accepted.
        consumed: what it was made from, by alias.
        known: the newest Delta version that the ledger knows of this content; None when it has moved on or a run is open.
    """

    table: str
    content: int | None
    version: int | None
    stale: bool
    made_for: date
    consumed: dict[str, Consumed]
    known: int | None = None


@dataclass(frozen=True)
class Shown:
    """A published night and where every table stood in it."""

    lake: Lake
    publication: Publication
    tables: dict[str, ShownTable]

    @property
    def business_date(self) -> date:
        """The night's business date."""
        return self.publication.business_date

    def taken(self, contract: CollectedContract) -> list[Taken]:
        """Return the deliveries a clean table had accepted, in order, each with the date that judged it."""
        ledger = self.lake.ledger
        held = self.tables[contract.name]
        later = {one.id for one in to_take_again(ledger, contract.name, held.content)}
        # Whoever reads a delivery, and whenever: its lines are judged by the date it was received for.
        return [
            Taken(one, one.business_date)
            for one in deliveries.accepted(ledger, contract.resource)
            if one.id not in later
        ]


def shown(lake: Lake, business_date: date | None) -> Shown | None:
    """Return a published night (default: the newest), None if there is none."""
    published = publication(lake.ledger, business_date)
    if published is None:
        return None
    held = held_in(lake.ledger, published.business_date)
    pinned = night(lake.ledger, published.business_date)
    tables = {}
    for contract in lake.catalog.contracts.values():
        one = held.get(contract.name)
        content = one.content if one is not None else None
        version = _version(contract, published, pinned, content) or (one.version if one is not None else None)
        entry = published.entry(contract.name)
        consumed = one.consumed if one is not None else {}
        stale = entry is not None and entry.stale
        made_for = _made_for(lake, contract.name, content) if stale else published.business_date
        known = _known(lake, contract.name, content)
        tables[contract.name] = ShownTable(contract.name, content, version, stale, made_for, consumed, known)
    return Shown(lake, published, tables)


def _version(contract: Contract, published: Publication, pinned: Night | None, content: int | None) -> int | None:
    """Return the very version that was published or pinned; None for a table that is neither."""
    entry = published.entry(contract.name)
    if entry is not None and entry.content == content:
        return entry.version
    pin = pinned.vector.get(contract.name) if pinned is not None else None
    return pin.version if pin is not None and pin.content == content else None


def newest_of(lake: Lake, table: str, content: int) -> int | None:
    """Return the newest Delta version that holds a content, None if the ledger does not know it."""
    return next((one.newest_version for one in contents(lake.ledger, table) if one.number == content), None)


def _made_for(lake: Lake, table: str, content: int | None) -> date:
    found = next(one for one in contents(lake.ledger, table) if one.number == content)
    return found.decided_for or found.created_at.date()


def _known(lake: Lake, table: str, content: int | None) -> int | None:
    state = table_state(lake.ledger, table)
    if state is None or content is None or state.content != content or runs.open_runs(lake.ledger, table):
        return None
    return state.version
