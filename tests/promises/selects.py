"""The SELECTs of the project's derived tables, by walking the contracts."""

from pathlib import Path

from citylake.contract.catalog import Catalog
from citylake.contract.model import DerivedContract


def tables_with_select(catalog: Catalog, project: Path) -> list[str]:
    """Return the derived tables that a SELECT makes, written or generated."""
    return [item.name for item in catalog.derived if item.layer == "linked" or _path(project, item).exists()]


def tables_with_python(catalog: Catalog, project: Path) -> list[str]:
    """Return the derived tables that a Python transform makes."""
    return sorted({item.name for item in catalog.derived} - set(tables_with_select(catalog, project)))


def transforms(catalog: Catalog, project: Path) -> list[str]:
    """Return those that Python makes of the rows of a unit; the resolver looks at everybody at once."""
    found = {item.name: item for item in catalog.derived if item.made_by == "transform"}
    return [name for name in tables_with_python(catalog, project) if name in found]


def select_of(catalog: Catalog, project: Path, table: str) -> tuple[DerivedContract, str]:
    """Return a table's contract and SELECT."""
    contract = catalog.contract(table)
    assert isinstance(contract, DerivedContract)
    if contract.layer == "linked":
        return contract, catalog.generated_select(contract)
    return contract, _path(project, contract).read_text("utf-8")


def _path(project: Path, contract: DerivedContract) -> Path:
    return project / "jobs" / contract.layer / contract.domain / f"{contract.thing}.sql"
