"""How a collected resource and a table are spelt, and the only ways from one spelling to the other.

A resource is ``<department>.<resource>`` wherever it is named: ``civil_affairs.cremation``. A table is
``<layer>.<domain>__<thing>``, which SQL and files take as it is: ``clean.civil_affairs__cremation``. Inside a SELECT, where a
name has no dot, an input that is called after its resource is ``civil_affairs__cremation``.
"""

import re
from typing import NamedTuple

_BETWEEN = "__"
_RESOURCE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*\.[a-z0-9]+(_[a-z0-9]+)*")


class Parts(NamedTuple):
    """What a table's name says."""

    layer: str
    domain: str
    """Department or library."""
    thing: str
    """What one row is."""


def table_name(layer: str, domain: str, thing: str) -> str:
    """Return the name of a table: ``base``, ``population``, ``person`` -> ``base.population__person``."""
    return f"{layer}.{domain}{_BETWEEN}{thing}"


def parts_of(table: str) -> Parts:
    """Return what :func:`table_name` put together; parts that the name does not have are empty."""
    layer, _, rest = table.partition(".")
    domain, _, thing = rest.partition(_BETWEEN)
    return Parts(layer, domain, thing)


def table_of(resource: str, layer: str = "clean") -> str:
    """Return a resource's table: ``civil_affairs.cremation`` -> ``clean.civil_affairs__cremation``."""
    domain, _, thing = resource.partition(".")
    return table_name(layer, domain, thing)


def resource_of(table: str) -> str:
    """Return the resource of a table up to linked: ``linked.civil_affairs__cremation`` -> ``civil_affairs.cremation``."""
    parts = parts_of(table)
    return f"{parts.domain}.{parts.thing}"


def alias_of(resource: str, role: str | None = None) -> str:
    """Return what an input is called in a SELECT after its resource and, where that matters, whom its rows are about."""
    return _BETWEEN.join([*resource.split("."), *([role] if role is not None else [])])


def check_resource(name: str) -> str:
    """Return the name if it is spelt as that of a resource.

    Raises:
        ValueError: it is not; the message has the right spelling of a table's or alias's name.
    """
    if _RESOURCE.fullmatch(name):
        return name
    layer, domain, thing = parts_of(name if "." in name else f".{name}")
    meant = f": write {domain}.{thing}" if domain and thing else ""
    raise ValueError(f"'{name}': a resource is spelt <department>.<resource>{meant}")
