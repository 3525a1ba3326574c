"""What the columns of an input are, as the second engine reads it."""

from citylake.contract.catalog import Catalog
from citylake.contract.linked import subject_column
from citylake.contract.model import CollectedContract


def types_of(catalog: Catalog, table: str) -> dict[str, str]:
    """Return column -> type of a table, with the engine's columns that a SELECT may read."""
    contract = catalog.contract(table)
    types = {name: column.type for name, column in contract.columns.items()}
    if isinstance(contract, CollectedContract):
        types |= {subject_column(role): "string" for roles in contract.identity.values() for role in roles}
        types |= {"_record_id": "string", "_as_of": "date", "_deleted": "boolean"}
    return types
