"""The assets, each built in one place: equality of assets covers all their fields."""

from airflow.sdk import Asset

READY = "night.ready"
CUTOFF = "cutoff"


def settled(department: str) -> str:
    """Name of the asset that says that a department's collection of a date is over."""
    return f"settled.{department}"


def asset(name: str) -> Asset:
    """Return the asset of a name; the part before the first dot is its group."""
    return Asset(name=name, uri=f"x-citylake://{name}", group=name.split(".", 1)[0])
