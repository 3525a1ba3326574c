"""What goes wrong with whole files on the first ten days; whatever is broken comes again, good, on the next day.

Which file on which day is said in ``departments/<department>/department.yml``.
"""

from city.kit.layouts import Trouble, layout

BROKEN = ("truncated_file", "changed_columns", "wrong_encoding")
"""The file cannot be used; its rows reach the lake with the good file of the next day."""


def mishap(resource: str, day: int) -> Trouble | None:
    """Return what goes wrong with a resource on a city day."""
    return layout(resource).said.mishaps.get(day)


def is_broken(resource: str, day: int) -> bool:
    """Say whether the file of a city day cannot be used."""
    return mishap(resource, day) in BROKEN


def is_kept(resource: str, day: int) -> bool:
    """Say whether a department will hand the good file of a city day over again: the next day, or the first one some day."""
    later = layout(resource).said.mishaps
    return later.get(day + 1) == "duplicate_delivery" or (day == 0 and "stale_snapshot" in later.values())


def hands_over(resource: str, day: int) -> bool:
    """Say whether a resource hands anything over on a city day."""
    here = layout(resource)
    return day % here.every == 0 or day in here.said.also


def made_on(resource: str, day: int) -> int:
    """Return the city day whose data a resource hands over: an old one when a stale snapshot stands in a database."""
    stale = mishap(resource, day) == "stale_snapshot" and not layout(resource).is_file
    return day - 2 if stale else day


def usable_on(resource: str, day: int) -> int:
    """Return the city day on which the rows made on ``day`` can first be used."""
    return day + 1 if is_broken(resource, day) or mishap(resource, day) == "stale_snapshot" else day
