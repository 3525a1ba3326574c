"""The whole that the city wants: its systems, the libraries they need, and the resources departments can deliver.

Three files beside the contracts; what is there already is never read from them, but from contracts and libraries.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import model_validator

from citylake.contract.catalog import Catalog
from citylake.contract.errors import ContractError
from citylake.contract.files import read_yaml, validated, validated_each
from citylake.contract.library import LIBRARY_LAYERS, Library, Text
from citylake.contract.model import Model, Name

SYSTEMS, LIBRARIES, RESOURCES = "systems.yml", "libraries.yml", "resources.yml"


class System(Model):
    """A system or demand of the city, and what has to work for it."""

    name: Text
    libraries: tuple[str, ...] = ()
    """``<layer>.<library>``, or a layer for all libraries planned in it."""
    platform: tuple[Name, ...] = ()
    """What it asks of the platform itself."""

    @model_validator(mode="after")
    def _needs_something(self) -> "System":
        if not (self.libraries or self.platform):
            raise ValueError("give libraries, platform or both")
        return self

    def needs(self, library: str) -> bool:
        """Return whether a library does a part of it."""
        return library in self.libraries or library.partition(".")[0] in self.libraries


class Planned(Model):
    """A department and what it can deliver."""

    name: Text
    resources: dict[Name, Text]
    """Resource -> its Chinese name."""


class Layers(Model):
    """The libraries of each layer: name -> Chinese name."""

    base: dict[Name, Text] = {}
    topic: dict[Name, Text] = {}
    office: dict[Name, Text] = {}
    special: dict[Name, Text] = {}


@dataclass(frozen=True)
class Plan:
    """What the city wants, there already or not."""

    systems: Mapping[str, System]
    libraries: Mapping[str, str]
    """``<layer>.<library>`` -> Chinese name."""
    departments: Mapping[str, Planned]

    def served_by(self, library: str) -> list[str]:
        """Return the systems that need a library."""
        return [name for name, system in self.systems.items() if system.needs(library)]


def load_plan(root: Path) -> Plan:
    """Read the three files below ``root``.

    Raises:
        ContractError: one is missing or wrong, or a system needs a library that is not planned.
    """
    layers = validated(root / LIBRARIES, Layers, _said(root / LIBRARIES))
    libraries = {f"{layer}.{name}": title for layer in LIBRARY_LAYERS for name, title in getattr(layers, layer).items()}
    systems = validated_each(root / SYSTEMS, System, _said(root / SYSTEMS))
    for name, system in systems.items():
        if unknown := [one for one in system.libraries if one not in libraries and one not in LIBRARY_LAYERS]:
            raise ContractError(f"{root / SYSTEMS}: {name}: {LIBRARIES} plans no {', '.join(unknown)}")
    return Plan(systems, libraries, validated_each(root / RESOURCES, Planned, _said(root / RESOURCES)))


def check_libraries(catalog: Catalog, plan: Plan) -> list[str]:
    """Return what is wrong with the libraries and resources that are there, one sentence each."""
    folders = {f"{item.layer}.{item.domain}" for item in catalog.derived if item.layer in LIBRARY_LAYERS}
    missing = sorted(folders - catalog.libraries.keys())
    wrong = [
        f"schemas/{name.replace('.', '/')}/library.yml is missing: it says name, owner, purpose, serves and questions"
        for name in missing
    ]
    for library in catalog.libraries.values():
        said = _of_library(library, plan) if library.id in folders else ["there is no table in its folder"]
        wrong += [f"{library.file}: {one}" for one in said]
    return [*wrong, *_of_resources(catalog, plan)]


def _of_library(library: Library, plan: Plan) -> Iterator[str]:
    planned = plan.libraries.get(library.id)
    if planned is None:
        layer, _, name = library.id.partition(".")
        yield f"schemas/{LIBRARIES} does not plan it: add '{name}: {library.name}' under {layer}"
    elif planned != library.name:
        yield f"name: schemas/{LIBRARIES} calls it {planned}"
    if unknown := [one for one in library.serves if one not in plan.systems]:
        yield f"serves: schemas/{SYSTEMS} has no {', '.join(unknown)}"
    elif planned is not None and set(library.serves) != set(needing := plan.served_by(library.id)):
        yield f"serves: by schemas/{SYSTEMS} it is needed by {', '.join(needing) or 'no system'}"


def _of_resources(catalog: Catalog, plan: Plan) -> Iterator[str]:
    for contract in catalog.collected:
        department = catalog.departments[contract.domain].name
        planned = plan.departments.get(contract.domain)
        name = planned.resources.get(contract.thing) if planned is not None else None
        if planned is None or name is None:
            yield (
                f"schemas/{RESOURCES} does not name {contract.resource}: add"
                f" '{contract.thing}: {contract.title}' under {contract.domain}.resources"
            )
        elif (planned.name, name) != (department, contract.title):
            yield (
                f"schemas/{RESOURCES} calls {contract.resource} {planned.name} {name}, "
                f"its contract {department} {contract.title}"
            )


def _said(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise ContractError(f"{path} is missing: it says what the city wants (schemas/README.md)")
    return read_yaml(path)
