"""The resources, each made by the module of its place: ``departments/<department>/<resource>.py`` has ``project(lives, day)``."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from typing import cast

from city.kit.layouts import layout, resources
from city.world.frames import Frame
from city.world.mistakes import Damage, damage
from city.world.people.lives import Lives
from citylake.contract.errors import ContractError

Projection = Callable[[Lives, int], Frame]


@lru_cache(maxsize=1)
def projections() -> Mapping[str, Projection]:
    """Return every resource's projection; none of them depends on which was made before.

    Raises:
        ContractError: a module has none.
    """
    return {name: _projection(name) for name in resources()}


def _projection(resource: str) -> Projection:
    made = getattr(import_module(f"city.departments.{resource}"), "project", None)
    if made is None:
        raise ContractError(f"city/departments/{resource.replace('.', '/')}.py: it needs project(lives, day) -> Frame")
    return cast("Projection", made)


def kept(lives: Lives, resource: str, day: int) -> tuple[Frame, list[Damage]]:
    """Return the rows of a resource as its department keeps them on a city day, and what was damaged in them."""
    return damage(lives.city, projections()[resource](lives, day), layout(resource).habits)
