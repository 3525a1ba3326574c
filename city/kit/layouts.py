"""How each resource is handed over: what its contract says, and what only the city knows of its department.

The latter stands in ``departments/<department>/department.yml``, by resource.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from city.world.frames import Column
from city.world.mistakes import Habits, Rate
from citylake.contract.catalog import load_catalog
from citylake.contract.errors import ContractError, explain
from citylake.contract.model import CollectedContract
from citylake.contract.source import Form
from citylake.spelling import table_of

DEPARTMENTS = Path(__file__).parents[1] / "departments"
OPERATION, ENTERED = "op_code", "entered_at"
"""What stands in the column that says what happened to a row, and in a watermark that the contract does not collect."""
EVERY = {"hour": 1, "day": 1, "week": 7, "month": 30, "year": 365}
Trouble = Literal[
    "truncated_file", "changed_columns", "wrong_encoding", "stale_snapshot", "duplicate_delivery", "late_delivery"
]


class Mistake(NamedTuple):
    """A line of ``mistakes:``; see ``Rate``."""

    field: str
    kind: str
    rate: float
    only: str = ""


class Said(BaseModel):
    """What ``department.yml`` says of one resource."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    mistakes: tuple[Mistake, ...] = ()
    """As catalogued. Lateness, dead people's activity, retired area codes and second numbers come from the world."""
    mistakes_by: Literal["record", "person"] = "record"
    """Whether a mistake is made in a single row or, in a wrong master record, in all rows of a person."""
    ignored: Mapping[str, str] = {}
    """Source column that the contract ignores -> canonical column, or ``=text`` for a constant; others stay empty."""
    title: str = ""
    """What stands above a sheet."""
    every: int | None = None
    """Days from one snapshot to the next; default: as often as it is due."""
    also: tuple[int, ...] = ()
    """City days on which it is handed over besides."""
    mishaps: Mapping[int, Trouble] = {}
    """City day -> what goes wrong with the whole file."""
    late_by: str = ""
    """Column of days; on a day of ``late_delivery``, rows from before the first day come in a file of their own."""
    changed: Mapping[str, str] = {}
    """Source column -> what the department calls it on a day of ``changed_columns``."""


@dataclass(frozen=True)
class Layout:
    """The outer shape of a resource."""

    resource: str
    contract: CollectedContract
    said: Said

    @property
    def form(self) -> Form:
        """See ``schemas/README.md``."""
        return self.contract.source.form

    @cached_property
    def columns(self) -> dict[str, str]:
        """The department's name -> canonical name, in the department's order; ``=text`` is a constant, empty is always empty.

        That order is the contract's: its columns, the operation, what it ignores.
        """
        contract = self.contract
        found = {column.source or name: name for name, column in contract.columns.items()}
        if contract.change and contract.change.operation:
            found.setdefault(contract.change.operation, OPERATION)
        for own in contract.ignore:
            found.setdefault(own, self.said.ignored.get(own, ENTERED if own == contract.source.watermark else ""))
        return found

    @cached_property
    def canonical(self) -> frozenset[str]:
        """Canonical names of all columns that hold something of the city's."""
        return frozenset(name for name in self.columns.values() if name and not name.startswith("="))

    def filled(self, columns: Mapping[str, Column], usual: Mapping[str, Callable[[], Column]]) -> dict[str, Column]:
        """Return all canonical columns in order: those given, and of the others what is usual.

        Raises:
            ContractError: there is a column of which nothing is said.
        """
        order = dict.fromkeys(name for name in self.columns.values() if name in self.canonical)
        if unsaid := [name for name in order if name not in columns and name not in usual]:
            strange = ", ".join(name for name in columns if name not in order)
            raise ContractError(
                f"city/departments/{self.resource.replace('.', '/')}.py: nothing is said of {', '.join(unsaid)}:"
                f" give frame() a column for each{f'; it is given {strange}, which the contract does not have' if strange else ''}"
            )
        return {name: columns[name] if name in columns else usual[name]() for name in order}

    @property
    def key(self) -> tuple[str, ...]:
        """Columns of a database table whose rows are replaced; none when the table only grows."""
        contract = self.contract
        return () if contract.mode == "event" else tuple(contract.columns[name].source or name for name in contract.key)

    @property
    def whole(self) -> bool:
        """Whether all of it is handed over each time."""
        return self.contract.mode == "snapshot"

    @property
    def is_file(self) -> bool:
        """Whether it is handed over as a file."""
        return not self.contract.source.is_asked

    def file_name(self, day: str) -> str:
        """Return the name of a file that speaks of a day."""
        return str(self.contract.source.files).replace("*", day)

    @property
    def table(self) -> str:
        """The table of a database, or the one behind the path of an API."""
        source = self.contract.source
        return source.table or str(source.path).strip("/").replace("-", "_").replace("/", "_")

    @property
    def serials(self) -> frozenset[str]:
        """Columns of a sheet whose days are Excel's day numbers."""
        return frozenset(
            column.source or name
            for name, column in self.contract.columns.items()
            if column.format[:1] == ("excel_serial",)
        )

    @property
    def numbers(self) -> frozenset[str]:
        """Fields of JSON that are written as numbers."""
        return frozenset(
            column.source or name for name, column in self.contract.columns.items() if column.type.startswith("decimal")
        )

    @property
    def every(self) -> int:
        """Days from one delivery to the next: snapshots come when they are due, all else every day."""
        if self.said.every is not None:
            return self.said.every
        return EVERY[self.contract.due.every] if self.whole else 1

    @property
    def habits(self) -> Habits:
        """How often which mistake befalls a field."""
        return Habits(tuple(Rate(*item) for item in self.said.mistakes), self.said.mistakes_by == "person")


def resources(folder: Path = DEPARTMENTS) -> tuple[str, ...]:
    """Return the names of all resources, by department: those that have a module ``<department>/<resource>.py``."""
    return tuple(f"{path.parent.name}.{path.stem}" for path in sorted(folder.glob("*/[!_]*.py")))


@lru_cache(maxsize=1)
def layouts() -> Mapping[str, Layout]:
    """Return the layout of every resource.

    Raises:
        ContractError: a resource has no contract, or a ``department.yml`` says what cannot be.
    """
    said = {path.parent.name: _read(path) for path in sorted(DEPARTMENTS.glob("*/department.yml"))}
    found = {name: _layout(name, said) for name in resources()}
    for department, of in said.items():
        if unknown := [name for name in of if f"{department}.{name}" not in found]:
            raise ContractError(
                f"{_path(department)}: no module makes {', '.join(unknown)}: write city/departments/{department}/{unknown[0]}.py"
            )
    return found


def layout(resource: str) -> Layout:
    """Return the layout of a resource.

    Raises:
        ContractError: there is no such resource.
    """
    if resource not in layouts():
        raise ContractError(
            f"no resource '{resource}': a module names itself, <department>.<resource>, as its place in city/departments does"
        )
    return layouts()[resource]


def departments(form: Form) -> tuple[str, ...]:
    """Return the departments that hand anything over in a form."""
    return tuple(dict.fromkeys(name.split(".")[0] for name, item in layouts().items() if item.form == form))


def _layout(resource: str, said: Mapping[str, Mapping[str, Said]]) -> Layout:
    department, _, thing = resource.partition(".")
    contract = load_catalog().contracts.get(table_of(resource))
    if not isinstance(contract, CollectedContract):
        raise ContractError(
            f"city/departments/{department}/{thing}.py hands over what no contract takes: write schemas/clean/{department}/{thing}.yml"
        )
    made = Layout(resource, contract, said.get(department, {}).get(thing, Said()))
    _check(made, _path(department))
    return made


def _check(made: Layout, path: Path) -> None:
    """Hold what the city says of a resource against its contract."""
    for what, names, allowed in (
        ("ignored", made.said.ignored, made.contract.ignore),
        ("changed", made.said.changed, made.columns),
        ("late_by", {made.said.late_by} - {""}, made.canonical),
        ("mistakes", {item.field for item in made.said.mistakes} - {"*"}, made.canonical),
    ):
        if unknown := sorted(set(names) - set(allowed)):
            thing = made.resource.partition(".")[2]
            raise ContractError(
                f"{path}: {thing}.{what}: no column {', '.join(unknown)}; the contract knows {', '.join(sorted(allowed)) or 'none'}"
            )


def _path(department: str) -> Path:
    return DEPARTMENTS / department / "department.yml"


def _read(path: Path) -> dict[str, Said]:
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8")) or {}
    out = {}
    for name, values in found.items():
        try:
            out[name] = Said.model_validate(values or {})
        except ValidationError as error:
            raise explain(Path(f"{path}: {name}"), error, Said) from error
    return out
