"""The assets, each built in one place: equality of assets covers all their fields."""

from airflow.sdk import Asset, AssetAlias

COLLECTED = "night.collected"
READY = "night.ready"
CUTOFF = "cutoff"


def asset(name: str) -> Asset:
    """Return the asset of a name; the part before the first dot is its group."""
    return Asset(name=name, uri=f"x-citylake://{name}", group=name.split(".", 1)[0])


def at_will(name: str) -> AssetAlias:
    """Return the outlet of a task that says itself whether the asset of this name has an event."""
    return AssetAlias(name=name, group=name.split(".", 1)[0])
