"""All contracts of the lake: read, completed from the data elements, checked against each other, put in order."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from citylake.contract.department import Department
from citylake.contract.element import Element
from citylake.contract.errors import ContractError, explain
from citylake.contract.golden import COMPARISON, check_golden, golden_columns
from citylake.contract.linked import linked_contract, linked_name, linked_select
from citylake.contract.model import CollectedContract, Contract, DerivedContract
from citylake.contract.resolve_spec import load_resolve_spec, sources, subject_sources
from citylake.settings import PROJECT_ROOT


class ContractLoader(yaml.CSafeLoader):
    """Reads ``on`` as the word it is: only ``true`` and ``false`` are truth values."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not (tag.endswith(":bool") and first not in "tTfF")]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


M = TypeVar("M", bound=BaseModel)
SCHEMAS = PROJECT_ROOT / "schemas"
LAYERS = ("clean", "linked", "base", "topic", "office", "special")
"""Layers with tables that have contracts, written or derived, in the order in which a night makes them."""


@dataclass(frozen=True)
class Catalog:
    """Every table, department, element and code list under one ``schemas`` folder."""

    root: Path
    elements: Mapping[str, Element]
    departments: Mapping[str, Department]
    codes: Mapping[str, Mapping[str, str]]
    """Code list -> code -> label."""
    contracts: Mapping[str, Contract]
    """Table name -> contract, derived linked contracts included, in the order of the data flow."""
    crosswalks: Mapping[str, str]
    """Kind that is resolved -> its crosswalk table."""
    successors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Code list -> code that is no longer given out -> the one that stands for it today."""

    @property
    def collected(self) -> list[CollectedContract]:
        """Clean tables, by name."""
        return [item for item in self.contracts.values() if isinstance(item, CollectedContract)]

    @property
    def derived(self) -> list[DerivedContract]:
        """All other tables, inputs before what reads them."""
        return [item for item in self.contracts.values() if isinstance(item, DerivedContract)]

    def contract(self, name: str) -> Contract:
        """Return the contract of a table.

        Raises:
            ContractError: there is no such table; the message names the nearest.
        """
        if name not in self.contracts:
            near = get_close_matches(name, self.contracts, n=3)
            raise ContractError(f"no table '{name}'" + (f"; did you mean {', '.join(near)}?" if near else ""))
        return self.contracts[name]

    def of_department(self, department: str) -> list[CollectedContract]:
        """Return the clean tables a department delivers."""
        return [item for item in self.collected if item.domain == department]

    def clean_of(self, linked: DerivedContract) -> CollectedContract:
        """Return the clean table behind a linked one."""
        contract = self.contract(f"clean.{linked.domain}__{linked.thing}")
        assert isinstance(contract, CollectedContract)
        return contract

    def generated_select(self, contract: DerivedContract) -> str:
        """Return the SELECT of a linked table, which is generated rather than written."""
        return linked_select(self.clean_of(contract), self.crosswalks)


@lru_cache(maxsize=4)
def load_catalog(root: Path = SCHEMAS) -> Catalog:
    """Read everything under ``root`` and check it as a whole.

    Raises:
        ContractError: a file is wrong, a name is unknown, or tables depend on each other in a circle.
    """
    elements = _elements(root)
    departments = {
        path.stem: _read(path, Department, {"id": path.stem}) for path in sorted((root / "departments").glob("*.yml"))
    }
    lists = {path.stem: _code_list(path) for path in sorted((root / "codes").glob("*.csv"))}
    codes = {name: {row["code"]: row["label"] for row in rows} for name, rows in lists.items()}
    successors = {name: _present(name, rows) for name, rows in lists.items() if rows and "successor" in rows[0]}
    crosswalks = dict(_crosswalks(root))
    contracts: dict[str, Contract] = {}
    for path in _contract_files(root):
        contract = _contract(path, root, elements)
        contracts[contract.name] = contract
        if isinstance(contract, CollectedContract):
            contracts[linked_name(contract)] = linked_contract(contract, crosswalks)
    contracts = {name: _with_sources(contract, contracts, root) for name, contract in contracts.items()}
    for contract in contracts.values():
        _check(contract, contracts, codes, departments)
    return Catalog(root, elements, departments, codes, _in_order(contracts), crosswalks, successors)


def contract_path(name: str, root: Path = SCHEMAS) -> Path:
    """Return the file of a table's contract: ``base.population__person`` -> ``base/population/person.yml``."""
    layer, _, rest = name.partition(".")
    domain, _, thing = rest.partition("__")
    return root / layer / domain / f"{thing}.yml"


def _contract_files(root: Path) -> Iterator[Path]:
    for layer in LAYERS:
        yield from sorted(path for path in (root / layer).glob("*/*.yml") if path.stem != "resolve")


def _crosswalks(root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((root / "base").glob("*/resolve.yml")):
        yield _yaml(path)["kind"], f"base.{path.parent.name}__crosswalk"


def _contract(path: Path, root: Path, elements: Mapping[str, Element]) -> Contract:
    layer, domain = path.relative_to(root).parts[:2]
    values = _yaml(path)
    for part in ("columns", "golden"):
        if isinstance(values.get(part), dict):
            values[part] = {name: _completed(name, column, elements) for name, column in values[part].items()}
    if isinstance(fields := values.get("golden"), dict):
        values |= {"columns": {**values.get("columns", {}), **golden_columns(fields)}, "golden": tuple(fields)}
    named = values | {"name": f"{layer}.{domain}__{path.stem}"}
    if layer == "clean":
        return _validated(path, CollectedContract, named).with_stamps_judged()
    return _validated(path, DerivedContract, named)


def _with_sources(contract: Contract, contracts: Mapping[str, Contract], root: Path) -> Contract:
    """Return a resolver's contract with the clean tables of its kind among the inputs; any other as it is."""
    if not isinstance(contract, DerivedContract):
        return contract
    has_golden = contract.golden or contract.thing.endswith(COMPARISON)
    if not (contract.resolves or has_golden):
        return contract
    spec = load_resolve_spec(root / "base" / contract.domain / "resolve.yml")
    if has_golden:
        check_golden(contract, spec)
    if not contract.resolves:
        return contract
    collected = [item for item in contracts.values() if isinstance(item, CollectedContract)]
    found = subject_sources(spec, collected) if contract.unit == ("subject_id",) else sources(spec, collected)
    return contract.model_copy(update={"inputs": {**found, **contract.inputs}})


def _completed(name: str, column: object, elements: Mapping[str, Element]) -> object:
    """Return a column with what its data element says filled in under what the contract says."""
    if not isinstance(column, dict | None):
        return column
    said = column or {}
    element = elements.get(said.get("element", name))
    return {**(element.column() if element else {}), **said}


def _elements(root: Path) -> dict[str, Element]:
    path = root / "elements.yml"
    return {name: _validated(path, Element, values) for name, values in _yaml(path).items()} if path.exists() else {}


def _code_list(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames is None or list(rows.fieldnames[:2]) != ["code", "label"]:
            raise ContractError(f"{path}: the first line must be 'code,label'")
        return list(rows)


def _present(name: str, rows: list[dict[str, str]]) -> dict[str, str]:
    """Return what every code that has a successor is today, through as many changes as there were."""
    following = {row["code"]: row["successor"] for row in rows if row["successor"]}
    if unknown := sorted(set(following.values()) - {row["code"] for row in rows}):
        raise ContractError(f"codes/{name}.csv: successor {', '.join(unknown)} is no code of the list")
    present = {}
    for code in following:
        passed, now = {code}, following[code]
        while now in following:
            if now in passed:
                raise ContractError(f"codes/{name}.csv: {code} is followed by itself")
            passed.add(now)
            now = following[now]
        present[code] = now
    return present


def _check(
    contract: Contract,
    contracts: Mapping[str, Contract],
    codes: Mapping[str, Mapping[str, str]],
    departments: Mapping[str, Department],
) -> None:
    for name, column in contract.columns.items():
        if column.codes is not None and column.codes not in codes:
            raise ContractError(f"{contract.name}: column {name}: no code list '{column.codes}' in codes/")
    if contract.owner not in departments:
        raise ContractError(
            f"{contract.name}: owner '{contract.owner}' is no department; known: {', '.join(departments)}"
        )
    if isinstance(contract, DerivedContract):
        for alias, item in contract.inputs.items():
            if item.table not in contracts:
                raise ContractError(f"{contract.name}: input {alias}: no table '{item.table}'")


def _in_order(contracts: dict[str, Contract]) -> dict[str, Contract]:
    graph = {
        name: sorted({item.table for item in contract.inputs.values()}) if isinstance(contract, DerivedContract) else []
        for name, contract in sorted(contracts.items())
    }
    try:
        return {name: contracts[name] for name in TopologicalSorter(graph).static_order()}
    except CycleError as error:
        raise ContractError(f"tables read each other in a circle: {' -> '.join(error.args[1])}") from error


def _read(path: Path, model: type[M], extra: dict[str, Any]) -> M:
    return _validated(path, model, _yaml(path) | extra)


def _validated(path: Path, model: type[M], values: dict[str, Any]) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise explain(path, error, model) from error


def _yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.load(path.read_text("utf-8"), Loader=ContractLoader)
    except yaml.YAMLError as error:
        raise ContractError(f"{path}: not YAML: {error}") from error
    if not isinstance(values, dict):
        raise ContractError(f"{path}: expected keys and values")
    return values
