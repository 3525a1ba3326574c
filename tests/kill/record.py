"""What a home holds after a night, in a form in which two homes can be compared."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from citylake.delta.log import newest_version
from citylake.lake import Lake, open_lake
from citylake.ledger.deliveries.deliveries import receipts
from citylake.ledger.nights.nights import Publication, publication
from citylake.ledger.runs.tables import table_states
from citylake.night.maintenance import tables_of_lines
from citylake.read.summary import summarise
from citylake.settings import Settings
from tests.kill.content import content

ALL = 100_000


@dataclass(frozen=True)
class Record:
    """One night's outcome.

    Attributes:
        published: table -> rows, hash and whether it is stale, at the published versions.
        kept: the same of every other table as it stands: raw, quarantine, clean, the resolver's.
        rows: rows of each table as the ledger has them.
        receipts: how many deliveries of which resource have which verdict.
        balanced: deliveries whose accounts close.
        unbalanced: those whose accounts do not.
    """

    published: dict[str, list[Any]]
    kept: dict[str, list[Any]]
    rows: dict[str, int | None]
    receipts: dict[str, int]
    balanced: int
    unbalanced: list[str]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def record(chosen: Settings, day: date) -> Record:
    """Read a home after the night of a date."""
    lake = open_lake(chosen)
    try:
        made = publication(lake.ledger, day)
        summary = summarise(lake, day)
        return Record(
            published=_published(lake, made) if made is not None else {},
            kept=_kept(lake),
            rows={name: state.rows for name, state in table_states(lake.ledger).items()},
            receipts=_receipts(lake),
            balanced=summary.balanced,
            unbalanced=list(summary.unbalanced),
        )
    finally:
        lake.ledger.dispose()


def _published(lake: Lake, made: Publication) -> dict[str, list[Any]]:
    found = {}
    for entry in made.entries:
        held = content(lake.location(entry.table), entry.version)
        found[entry.table] = [held.rows, held.digest, entry.stale]
    return found


def _kept(lake: Lake) -> dict[str, list[Any]]:
    """Return what stands in tables that are not published; a clean table names its deliveries by number."""
    named = {one.id: f"{one.resource} {one.as_of} {one.name}" for one in receipts(lake.ledger, limit=ALL)}
    versions: dict[str, int | None] = {
        name: state.accepted_version for name, state in table_states(lake.ledger).items()
    }
    versions |= {table: newest_version(lake.location(table)) for table, _ in tables_of_lines(lake)}
    found = {}
    for table, version in sorted(versions.items()):
        if version is not None:
            held = content(lake.location(table), version, named)
            found[table] = [held.rows, held.digest]
    return found


def _receipts(lake: Lake) -> dict[str, int]:
    return dict(Counter(f"{one.resource} {one.as_of} {one.verdict}" for one in receipts(lake.ledger, limit=ALL)))


def scratch(chosen: Settings) -> list[str]:
    """Return what lies in the scratch folders of runs and of collections."""
    folders = (Path(chosen.home) / "lake" / "_staging", chosen.run / "staging")
    return sorted(item.name for folder in folders if folder.is_dir() for item in folder.iterdir())
