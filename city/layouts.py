"""How each resource is handed over: what its department calls its columns, in which form, and with which mistakes.

One file per department says so: ``departments/<department>.yml``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml


@dataclass(frozen=True)
class Rate:
    """How often one kind of mistake befalls a field; ``only`` names a hidden column that must be 1."""

    field: str
    kind: str
    rate: float
    only: str = ""


@dataclass(frozen=True)
class Layout:
    """The outer shape of a resource."""

    form: Literal["database", "csv", "xlsx", "ndjson", "api"]
    place: str
    """Table, file name pattern with ``{day}``, or API path."""
    columns: dict[str, str]
    """The department's name -> canonical name, in the department's order; ``=text`` is a constant, empty is always empty."""
    mistakes: tuple[Rate, ...] = ()
    """As catalogued. Lateness, dead people's activity, retired area codes, second numbers and damaged files come from elsewhere:
    ``world``, ``lives``, ``places``, ``documents`` and ``script``."""
    dates: str = "yyyyMMdd"
    key: tuple[str, ...] = ()
    """Columns of a database table whose rows are replaced; without, the table only grows."""
    whole: bool = False
    """A database table written anew each time."""
    watermark: str = ""
    """Column of a database or API that grows with every change."""
    table: str = ""
    """The table behind an API path."""
    numbers: tuple[str, ...] = ()
    """JSON fields written as numbers."""
    title: str = ""
    """What stands above a sheet."""
    every: int = 1
    """Days from one snapshot to the next."""


def _read() -> dict[str, Layout]:
    found: dict[str, Layout] = {}
    for path in sorted((Path(__file__).parent / "departments").glob("*.yml")):
        resources: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))
        for name, said in resources.items():
            lists = {field: tuple(said.get(field, ())) for field in ("key", "numbers")}
            mistakes = tuple(Rate(*item) for item in said.get("mistakes", ()))
            found[f"{path.stem}.{name}"] = Layout(**said | lists | {"mistakes": mistakes})
    return found


LAYOUTS: dict[str, Layout] = _read()


def departments(form: str) -> tuple[str, ...]:
    """Return the departments that hand anything over in a form."""
    return tuple(dict.fromkeys(name.split(".")[0] for name, layout in LAYOUTS.items() if layout.form == form))
