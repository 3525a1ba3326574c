"""The compiled contracts of a home: plain data, read without the contract language."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = Any
FILE = "compiled.json"


class NotCompiledError(RuntimeError):
    """The contracts have not been compiled for this home."""


@dataclass(frozen=True)
class Compiled:
    """The compiled contracts: departments, libraries, and tables in the order of the data flow."""

    departments: tuple[Mapping[str, Json], ...]
    tables: tuple[Mapping[str, Json], ...]
    libraries: tuple[Mapping[str, Json], ...] = ()

    def of_department(self, department: str) -> list[Mapping[str, Json]]:
        """Return the clean tables a department delivers, by name."""
        return sorted(self.where(layer="clean", domain=department), key=lambda table: str(table["name"]))

    def library(self, layer: str, name: str) -> Mapping[str, Json] | None:
        """Return what a library says of itself."""
        return next((one for one in self.libraries if one["id"] == f"{layer}.{name}"), None)

    def where(self, **values: str) -> list[Mapping[str, Json]]:
        """Return the tables with these values, inputs before what reads them."""
        return [table for table in self.tables if all(table.get(key) == value for key, value in values.items())]


def read_compiled(home: Path) -> Compiled:
    """Read ``home/compiled.json``.

    Raises:
        NotCompiledError: there is none; ``citylake compile`` writes it.
    """
    path = home / FILE
    if not path.exists():
        raise NotCompiledError("the contracts are not compiled: run 'citylake compile'")
    body = json.loads(path.read_text("utf-8"))
    return Compiled(tuple(body["departments"]), tuple(body["tables"]), tuple(body["libraries"]))
