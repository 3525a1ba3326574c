"""What a derived table must be, as one SELECT for DuckDB over its inputs: its own translated, or what stands in for Python."""

from datetime import date
from pathlib import Path

from citylake.contract.catalog import Catalog
from citylake.contract.linked import kind_id
from citylake.contract.model import DerivedContract
from citylake.verify.golden import compared, golden
from citylake.verify.reference import reference_select
from citylake.verify.store import Store, quoted
from citylake.verify.translate import shaped, shaped_select

SELECT, REFERENCE = "select", "reference"
_CHOSEN = {"golden": golden, "identity": golden, "comparison": compared}


def how_recomputed(catalog: Catalog, contract: DerivedContract, transforms: Path) -> str | None:
    """Return whether a table's own SELECT or a reference is evaluated, None when there is neither."""
    if catalog.generated_select(contract) is not None or _beside(transforms, contract, ".sql").exists():
        return SELECT
    if contract.maker in _CHOSEN or _beside(transforms, contract, ".reference.sql").exists():
        return REFERENCE
    return None


def recomputed(store: Store, catalog: Catalog, contract: DerivedContract, transforms: Path, day: date) -> str:
    """Return the SELECT of a table in the contract's columns and types.

    Args:
        store: shows the inputs under their aliases; golden values are put into it.
        catalog: knows which SELECTs are generated.
        contract: a table for which :func:`how_recomputed` says how.
        transforms: folder below which ``<layer>/<domain>/<thing>.sql`` and ``.reference.sql`` lie.
        day: the business date.

    Raises:
        TranslationError: its SELECT says something that DuckDB would understand otherwise.
    """
    if how_recomputed(catalog, contract, transforms) == SELECT:
        text = catalog.generated_select(contract)
        text = text if text is not None else _beside(transforms, contract, ".sql").read_text("utf-8")
        return shaped_select(text, contract, day)
    if contract.maker is None:
        text = _beside(transforms, contract, ".reference.sql").read_text("utf-8")
        return shaped(text.replace(":business_date", f"DATE '{day}'"), contract)
    spec = catalog.spec(contract.domain)
    inputs = {alias: quoted(alias) for alias in contract.inputs}
    made = _CHOSEN[contract.maker](store, catalog, contract, spec, inputs, day)
    store.view("chosen", f"SELECT * FROM {made}")
    return shaped(reference_select(contract, kind_id(spec.kind)), contract)


def _beside(transforms: Path, contract: DerivedContract, ending: str) -> Path:
    return transforms / contract.layer / contract.domain / f"{contract.thing}{ending}"
