"""How things stand: what is published, how fresh, and what is missing; all of it from the ledger, without Spark."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from citylake.lake import Lake
from citylake.ledger.nights.nights import Publication, newest_published, night, publication, settlements
from citylake.ledger.nights.restorations import under_way
from citylake.ledger.runs.runs import runs
from citylake.ledger.runs.tables import TableState, table_states
from citylake.read.entries import LAYERS, left_out
from citylake.read.session import not_published


@dataclass(frozen=True)
class PublishedTable:
    """One table of a publication; ``rows`` None when its accepted content has moved on since."""

    table: str
    title: str
    version: int
    rows: int | None
    stale: bool


@dataclass(frozen=True)
class Status:
    """How a night stands.

    ``night`` is None before the first publication. ``left_out`` are tables that no night has published yet,
    ``refused`` those whose last attempt was refused, ``deliveries`` the resources refused or unreachable on that
    date, each with the reason; ``missing`` the resources that were due and have not come; ``preparing`` a later date
    that is not published yet; ``restoring`` the night that the lake is on its way back to.
    """

    night: date | None
    tables: tuple[PublishedTable, ...]
    left_out: dict[str, str]
    refused: dict[str, str]
    deliveries: dict[str, str]
    missing: tuple[str, ...]
    preparing: date | None
    restoring: date | None

    @property
    def wrong(self) -> bool:
        """Whether somebody has to look."""
        stale = any(one.stale for one in self.tables)
        held = self.left_out or self.refused or self.deliveries or self.missing or self.restoring
        return self.night is None or stale or bool(held)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**asdict(self), "fine": not self.wrong}


def status(lake: Lake, wanted: date | None = None) -> Status:
    """Return how a night stands.

    Args:
        lake: the lake.
        wanted: its business date; default: the newest published.

    Raises:
        NotPublishedError: this night is not published.
    """
    states = table_states(lake.ledger)
    found = publication(lake.ledger, wanted)
    if found is None and wanted is not None:
        raise not_published(lake, wanted)
    entries = {entry.table: entry for entry in found.entries} if found is not None else {}
    newest = newest_published(lake.ledger)
    shown, going_back = publication(lake.ledger), under_way(lake.ledger)
    is_newest = found is not None and shown is not None and found.business_date == shown.business_date
    refused = {name: state.reason for name, state in states.items() if state.refused}
    pinned = night(lake.ledger, found.business_date) if found is not None else None
    return Status(
        night=found.business_date if found is not None else None,
        tables=_tables(lake, found, states),
        left_out=left_out(lake.catalog, states, entries) if is_newest or newest is None else {},
        refused=refused if is_newest else {},
        deliveries=_deliveries(lake, found.business_date) if found is not None else {},
        missing=pinned.missing if pinned is not None else (),
        preparing=_preparing(lake, newest),
        restoring=going_back.business_date if going_back is not None else None,
    )


def _tables(lake: Lake, found: Publication | None, states: dict[str, TableState]) -> tuple[PublishedTable, ...]:
    order = {layer: number for number, layer in enumerate(LAYERS)}
    shown = []
    for entry in found.entries if found is not None else ():
        state, contract = states.get(entry.table), lake.catalog.contracts.get(entry.table)
        rows = state.rows if state is not None and state.content == entry.content else None
        title = contract.title if contract is not None else ""
        shown.append(PublishedTable(entry.table, title, entry.version, rows, entry.stale))
    return tuple(sorted(shown, key=lambda one: (order.get(one.table.partition(".")[0], 0), one.table)))


def _deliveries(lake: Lake, day: date) -> dict[str, str]:
    words = {"refused": "退回", "unreachable": "无法连接"}
    settled = settlements(lake.ledger, day).values()
    return {one.resource: f"{words[one.outcome]}：{one.reason}" for one in settled if one.outcome in words}


def _preparing(lake: Lake, newest: date | None) -> date | None:
    last = next(iter(runs(lake.ledger, limit=1)), None)
    return last.business_date if last is not None and (newest is None or last.business_date > newest) else None
