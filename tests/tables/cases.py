"""Cases of derived tables, a file each: a few rows of a table's inputs, and the rows it must make of them.

``<layer>/<library>/<thing>/<case>.yml`` says ``business_date``, ``given`` (alias -> rows; a column that is left out is NULL, an
input that is left out has no rows) and ``expect``: rows that name the columns that matter, each of which must fit exactly
one row that is made. There may be no others, unless the case says ``partial: true``.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from citylake.contract.catalog import Catalog
from citylake.contract.errors import explain
from citylake.contract.files import ContractLoader
from citylake.contract.model import DerivedContract, Model
from citylake.delta.tables import columns_of, derived_columns

Row = dict[str, Any]
ROOT = Path(__file__).parent
JOBS = ROOT.parents[1] / "jobs"


class Case(Model):
    """One file."""

    table: str
    name: str
    business_date: date
    given: dict[str, tuple[Row, ...]]
    expect: tuple[Row, ...]
    partial: bool = False

    def __str__(self) -> str:
        return f"{self.table}: {self.name.replace('_', ' ')}"


def all_cases(root: Path = ROOT) -> list[Case]:
    """Return every case below a folder, in the order of their paths.

    Raises:
        ContractError: a file says something that cases do not say.
    """
    return [_read(path) for path in sorted(root.glob("*/*/*/*.yml"))]


def _read(path: Path) -> Case:
    layer, domain, thing = path.parts[-4:-1]
    said = yaml.load(path.read_text("utf-8"), Loader=ContractLoader)
    try:
        return Case.model_validate({"table": f"{layer}.{domain}__{thing}", "name": path.stem, **said})
    except ValidationError as error:
        raise explain(path, error, Case) from error


def input_types(catalog: Catalog, contract: DerivedContract) -> dict[str, dict[str, str]]:
    """Return alias -> column -> type of a table's inputs, engine columns included."""
    return {
        alias: {column.name: column.type for column in columns_of(catalog.contract(item.table))}
        for alias, item in contract.inputs.items()
    }


def strange_names(case: Case, catalog: Catalog, contract: DerivedContract) -> Iterator[str]:
    """Yield what a case names and its table does not have."""
    types = input_types(catalog, contract)
    made = {column.name for column in derived_columns(contract)}
    yield from (f"input {alias}; there are {', '.join(types)}" for alias in case.given if alias not in types)
    for alias, rows in case.given.items():
        yield from (f"{alias}.{name}" for row in rows for name in row if name not in types.get(alias, row))
    yield from (name for row in case.expect for name in row if name not in made)


def texts(rows: Sequence[Row], types: Mapping[str, str]) -> list[list[str | None]]:
    """Return rows as texts in the order of the columns, for the engine to cast."""
    return [[_text(row.get(name)) for name in types] for row in rows]


def check(case: Case, rows: Sequence[Row]) -> None:
    """Compare expected rows with those made.

    Raises:
        AssertionError: an expected row is met by none or several, or a row nobody expected came out.
    """
    left = list(rows)
    for wanted in case.expect:
        fitting = [row for row in left if all(_same(row[name], value) for name, value in wanted.items())]
        near = [{name: row[name] for name in wanted} for row in left]
        assert len(fitting) == 1, f"{case}: {len(fitting)} rows fit {wanted}; there are {near}"
        left.remove(fitting[0])
    assert case.partial or not left, f"{case}: nobody expected {left}"


def _same(made: object, wanted: object) -> bool:
    if isinstance(made, Decimal) and wanted is not None:
        return made == Decimal(str(wanted))
    return made == wanted


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)
