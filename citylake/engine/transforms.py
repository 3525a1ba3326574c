"""Where a derived table's transform is: a generated SELECT, a file beside its contract, or a module of the resolver."""

import sys
from functools import lru_cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from citylake.contract.catalog import Catalog
from citylake.contract.engine_columns import column_types
from citylake.contract.model import DerivedContract


def transform_path(transforms: Path, contract: DerivedContract, ending: str) -> Path:
    """Return the file that a written transform has: ``<layer>/<library>/<thing>`` and its ending."""
    return transforms / contract.layer / contract.domain / f"{contract.thing}{ending}"


def select_text(catalog: Catalog, contract: DerivedContract, transforms: Path) -> str | None:
    """Return the SELECT of a derived table, None when Python makes it."""
    if (text := catalog.generated_select(contract)) is not None or contract.maker is not None:
        return text
    path = transform_path(transforms, contract, ".sql")
    return path.read_text("utf-8") if path.exists() else None


def input_types(catalog: Catalog, contract: DerivedContract) -> frozenset[str]:
    """Return the types, as Spark spells them, of all columns that a derived table's transform may read."""
    return frozenset().union(*[column_types(catalog.contract(item.table)) for item in contract.inputs.values()])


def module_name(contract: DerivedContract) -> str | None:
    """Return the resolver's module that makes a table, None when that is written beside its contract."""
    return f"citylake.resolve.tables.{contract.maker}" if contract.maker is not None else None


def transform_module(contract: DerivedContract, transforms: Path) -> ModuleType:
    """Return the module with ``transform(inputs, run)`` of a table that Python makes."""
    if (name := module_name(contract)) is not None:
        return import_module(name)
    path = transform_path(transforms, contract, ".py")
    return _loaded(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _loaded(path: Path, _changed: int) -> ModuleType:
    """Load a file as a module; one that has changed is loaded anew."""
    name = "transform_" + "_".join((*path.parts[-3:-1], path.stem))
    spec = spec_from_file_location(name, path)
    assert spec is not None, path
    assert spec.loader is not None, path
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
