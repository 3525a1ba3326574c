"""The transforms of the project's derived tables, by walking the contracts."""

from pathlib import Path

from citylake.contract.catalog import Catalog
from citylake.contract.model import DerivedContract
from citylake.engine.transforms import select_text

STATEFUL = frozenset({"subject", "override", "crosswalk", "event"})
"""What the resolver makes of everybody at once, or of what it has made before."""


def tables_with_select(catalog: Catalog, project: Path) -> list[str]:
    """Return the derived tables that a SELECT makes, written or generated."""
    return [item.name for item in catalog.derived if select_text(catalog, item, project / "jobs") is not None]


def transforms(catalog: Catalog, project: Path) -> list[str]:
    """Return those that Python makes of the rows of a unit."""
    by_select = set(tables_with_select(catalog, project))
    return sorted(item.name for item in catalog.derived if item.name not in by_select and item.maker not in STATEFUL)


def select_of(catalog: Catalog, project: Path, table: str) -> tuple[DerivedContract, str]:
    """Return a table's contract and SELECT."""
    contract = catalog.contract(table)
    assert isinstance(contract, DerivedContract)
    text = select_text(catalog, contract, project / "jobs")
    assert text is not None, table
    return contract, text
