"""All contracts of the lake: read, completed from the data elements, checked against each other, put in order."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from citylake.contract.department import Department
from citylake.contract.element import Element
from citylake.contract.errors import ContractError
from citylake.contract.files import read_yaml, validated, validated_each
from citylake.contract.golden import check_golden, golden_columns
from citylake.contract.golden_tables import AGREEMENT, crosswalk_input, golden_inputs
from citylake.contract.kind import Kind
from citylake.contract.library import LIBRARY_LAYERS, Library
from citylake.contract.linked import linked_contract, linked_name, linked_select
from citylake.contract.model import CollectedContract, Contract, DerivedContract
from citylake.contract.resolve_spec import ResolveSpec, load_resolve_spec, roles
from citylake.contract.who_is_who import review_select, who_is_who
from citylake.settings import PROJECT_ROOT
from citylake.spelling import parts_of, resource_of, table_name, table_of

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
    kinds: Mapping[str, Kind]
    """Every kind that is resolved, by name."""
    successors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Code list -> code that is no longer given out -> the one that stands for it today."""
    libraries: Mapping[str, Library] = field(default_factory=dict)
    """``<layer>.<library>`` -> what its ``library.yml`` says; whether each has one is asked by ``check_libraries``."""

    @property
    def crosswalks(self) -> Mapping[str, str]:
        """Kind that is resolved -> its crosswalk table."""
        return {name: kind.crosswalk for name, kind in self.kinds.items()}

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
            raise ContractError(f"no table '{name}'{_nearest(name, self.contracts)}")
        return self.contracts[name]

    def of_department(self, department: str) -> list[CollectedContract]:
        """Return the clean tables a department delivers."""
        return [item for item in self.collected if item.domain == department]

    def clean_of(self, linked: DerivedContract) -> CollectedContract:
        """Return the clean table behind a linked one."""
        contract = self.contract(table_of(resource_of(linked.name)))
        assert isinstance(contract, CollectedContract)
        return contract

    def spec(self, library: str) -> ResolveSpec:
        """Return how the things of a library are resolved.

        Raises:
            ContractError: it resolves nothing.
        """
        found = next((kind for kind in self.kinds.values() if kind.library == library), None)
        if not isinstance(found, ResolveSpec):
            raise ContractError(f"base/{library}/resolve.yml: there is none, or it says only the kind")
        return found

    def generated_select(self, contract: DerivedContract) -> str | None:
        """Return the SELECT of a table whose SELECT is generated, None for any other."""
        if contract.generated == "linked":
            return linked_select(self.clean_of(contract), self.kinds)
        if contract.generated == "review":
            return review_select(self.spec(contract.domain))
        return AGREEMENT if contract.generated == "agreement" else None


@lru_cache(maxsize=4)
def load_catalog(root: Path = SCHEMAS) -> Catalog:
    """Read everything under ``root`` and check it as a whole.

    Raises:
        ContractError: a file is wrong, a name is unknown, or tables depend on each other in a circle.
    """
    elements = _elements(root)
    departments = {
        path.stem: validated(path, Department, read_yaml(path) | {"id": path.stem})
        for path in sorted((root / "departments").glob("*.yml"))
    }
    lists = {path.stem: _code_list(path) for path in sorted((root / "codes").glob("*.csv"))}
    codes = {name: {row["code"]: row["label"] for row in rows} for name, rows in lists.items()}
    successors = {name: _present(name, rows) for name, rows in lists.items() if rows and "successor" in rows[0]}
    kinds = {kind.kind: kind for kind in _kinds(root)}
    contracts: dict[str, Contract] = {}
    for path in _contract_files(root):
        contract = _contract(path, root, elements)
        contracts[contract.name] = contract
        if isinstance(contract, CollectedContract):
            if unknown := sorted(set(contract.identity) - set(kinds)):
                raise ContractError(
                    f"{path}: identity: no resolve.yml says what a {unknown[0]} is; there are {', '.join(kinds)}"
                )
            contracts[linked_name(contract)] = linked_contract(contract, kinds)
    for kind in kinds.values():
        if isinstance(kind, ResolveSpec):
            _check_lists(kind, codes, successors)
            _resolve(kind, contracts, elements)
    for contract in contracts.values():
        _check(contract, contract_path(contract.name, root), contracts, codes, departments)
    libraries = _libraries(root, departments)
    return Catalog(root, elements, departments, codes, _in_order(contracts), kinds, successors, libraries)


def contract_path(name: str, root: Path = SCHEMAS) -> Path:
    """Return the file of a table's contract: ``base.population__person`` -> ``base/population/person.yml``."""
    layer, domain, thing = parts_of(name)
    return root / layer / domain / f"{thing}.yml"


def _contract_files(root: Path) -> Iterator[Path]:
    for layer in LAYERS:
        beside = () if layer == "clean" else ("resolve", "library")
        yield from sorted(path for path in (root / layer).glob("*/*.yml") if path.stem not in beside)


def _libraries(root: Path, departments: Mapping[str, Department]) -> dict[str, Library]:
    found = {}
    for path in (path for layer in LIBRARY_LAYERS for path in sorted((root / layer).glob("*/library.yml"))):
        library = validated(path, Library, read_yaml(path) | {"id": ".".join(path.parts[-3:-1])})
        if library.owner not in departments:
            raise ContractError(f"{path}: owner '{library.owner}' is no department; known: {', '.join(departments)}")
        found[library.id] = library
    return found


def _kinds(root: Path) -> Iterator[Kind]:
    for path in sorted((root / "base").glob("*/resolve.yml")):
        # A crosswalk that somebody has written is the library's own affair; so is all that could be made of it.
        is_written = path.with_name("crosswalk.yml").exists()
        said = {"library": path.parent.name}
        yield validated(path, Kind, said | read_yaml(path)) if is_written else load_resolve_spec(path)


def _contract(path: Path, root: Path, elements: Mapping[str, Element]) -> Contract:
    layer, domain = path.relative_to(root).parts[:2]
    values = read_yaml(path)
    for part in ("columns", "golden"):
        if isinstance(values.get(part), dict):
            values[part] = {
                name: _completed(f"{path}: {part}.{name}", name, column, elements)
                for name, column in values[part].items()
            }
    if isinstance(fields := values.get("golden"), dict):
        values |= {"columns": {**values.get("columns", {}), **golden_columns(fields)}, "golden": tuple(fields)}
    if "generated" in values:
        raise ContractError(f"{path}: generated: unknown key")
    named = values | {"name": table_name(layer, domain, path.stem)}
    if layer == "clean":
        return validated(path, CollectedContract, named).with_stamps_judged()
    return validated(path, DerivedContract, named)


def _check_lists(
    spec: ResolveSpec, codes: Mapping[str, Mapping[str, str]], successors: Mapping[str, Mapping[str, str]]
) -> None:
    """Check that people can be told of every rule, and that lists which say what a code is today do so."""
    for name, rules in (("link_rule", spec.rules), ("review_reason", spec.proposals)):
        if unknown := [rule.name for rule in rules if rule.name not in codes.get(name, {})]:
            raise ContractError(f"base/{spec.library}/resolve.yml: add what {unknown[0]} is called to codes/{name}.csv")
    asked = {given.today for fields in spec.survivorship.values() for field in fields for given in field.given}
    if silent := sorted(name for name in asked if name is not None and name not in successors):
        raise ContractError(f"base/{spec.library}/resolve.yml: today: codes/{silent[0]}.csv has no column 'successor'")


def _resolve(spec: ResolveSpec, contracts: dict[str, Contract], elements: Mapping[str, Element]) -> None:
    """Add the tables that follow from a ``resolve.yml``, and the inputs of the written one with its golden values."""
    collected = [item for item in contracts.values() if isinstance(item, CollectedContract)]
    for contract in who_is_who(spec, roles(spec, collected), contracts, elements):
        if contract.name in contracts:
            raise ContractError(
                f"{contract.name} follows from base/{spec.library}/resolve.yml: take its own contract out"
            )
        contracts[contract.name] = contract
    if spec.golden_table is None:
        return
    name = table_name("base", spec.library, spec.golden_table)
    written = contracts.get(name)
    if not isinstance(written, DerivedContract):
        raise ContractError(
            f"survivorship of base/{spec.library}/resolve.yml has golden values of {name}: write its contract"
        )
    check_golden(written, spec)
    inputs = {"crosswalk": crosswalk_input(spec), **golden_inputs(spec, contracts)}
    contracts[name] = written.model_copy(update={"inputs": inputs})


def _completed(where: str, name: str, column: object, elements: Mapping[str, Element]) -> object:
    """Return a column with what its data element says filled in under what the contract says."""
    if not isinstance(column, dict | None):
        return column
    said = column or {}
    meant = str(said.get("element", name))
    element = elements.get(meant)
    if element is None and ("element" in said or not {"label", "grade"} <= said.keys()):
        raise ContractError(
            f"{where}: no data element '{meant}' in schemas/elements/{_nearest(meant, elements)};"
            " take one of those by element:, or say label: and grade: (L1 … L4) here, and type: and codes: where they matter"
        )
    return {**(element.column() if element else {}), **said}


def _nearest(name: str, known: Iterable[str]) -> str:
    """Return a question for the known names that are near, to stand behind what is not known."""
    near = get_close_matches(name, known, n=3)
    return f"; did you mean {', '.join(near)}?" if near else ""


def _elements(root: Path) -> dict[str, Element]:
    found: dict[str, Element] = {}
    places: dict[str, Path] = {}
    for path in sorted((root / "elements").glob("*.yml")):
        said = validated_each(path, Element, read_yaml(path))
        if twice := sorted(said.keys() & found.keys()):
            raise ContractError(f"{path}: element '{twice[0]}' stands in {places[twice[0]]} too: keep one of them")
        found |= said
        places |= dict.fromkeys(said, path)
    return found


def _code_list(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames is None or list(rows.fieldnames[:2]) != ["code", "label"]:
            raise ContractError(f"{path}: the first line must be 'code,label'")
        lines: dict[str, int] = {}
        found = []
        for row in rows:
            if not row["code"] or not row["label"]:
                raise ContractError(f"{path}: line {rows.line_num}: it needs a code and a label")
            if row["code"] in lines:
                raise ContractError(
                    f"{path}: code {row['code']} stands in line {lines[row['code']]} and in line {rows.line_num}:"
                    " keep one of them"
                )
            lines[row["code"]] = rows.line_num
            found.append(row)
        return found


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
    path: Path,
    contracts: Mapping[str, Contract],
    codes: Mapping[str, Mapping[str, str]],
    departments: Mapping[str, Department],
) -> None:
    for name, column in contract.columns.items():
        if column.codes is not None and column.codes not in codes:
            raise ContractError(f"{path}: columns.{name}.codes: {_no_list(column.codes, codes)}")
    for rule in (*contract.rules.quarantine, *contract.rules.warn, *contract.rules.gate):
        if rule.name == "in_codes" and rule.arguments["codes"] not in codes:
            raise ContractError(f"{path}: rules: {rule.id}: {_no_list(rule.arguments['codes'], codes)}")
    if contract.owner not in departments:
        raise ContractError(f"{path}: owner: '{contract.owner}' is no department; known: {', '.join(departments)}")
    if isinstance(contract, DerivedContract):
        if contract.golden and not contract.inputs:
            raise ContractError(f"{path}: golden: no resolve.yml beside it chooses golden values")
        for alias, item in contract.inputs.items():
            if item.table not in contracts:
                raise ContractError(
                    f"{path}: inputs.{alias}.table: no table '{item.table}'{_nearest(item.table, contracts)}"
                )


def _no_list(name: str, codes: Iterable[str]) -> str:
    return f"no code list '{name}' in schemas/codes/{_nearest(name, codes)}; 'citylake new codes.{name}' begins one"


def _in_order(contracts: dict[str, Contract]) -> dict[str, Contract]:
    graph = {
        name: sorted({item.table for item in contract.inputs.values()}) if isinstance(contract, DerivedContract) else []
        for name, contract in sorted(contracts.items())
    }
    try:
        return {name: contracts[name] for name in TopologicalSorter(graph).static_order()}
    except CycleError as error:
        raise ContractError(f"tables read each other in a circle: {' -> '.join(error.args[1])}") from error
