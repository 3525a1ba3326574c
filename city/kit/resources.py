"""The resources, each made by the module of its place: ``departments/<department>/<resource>.py`` has ``project(lives, day)``."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module

from city.kit.layouts import layout, resources
from city.world.frames import Frame
from city.world.mistakes import Damage, damage
from city.world.people.lives import Lives

Projection = Callable[[Lives, int], Frame]


@lru_cache(maxsize=1)
def projections() -> Mapping[str, Projection]:
    """Return every resource's projection; none of them depends on which was made before."""
    return {name: import_module(f"city.departments.{name}").project for name in resources()}


def kept(lives: Lives, resource: str, day: int) -> tuple[Frame, list[Damage]]:
    """Return the rows of a resource as its department keeps them on a city day, and what was damaged in them."""
    return damage(lives.city, projections()[resource](lives, day), layout(resource).habits)
