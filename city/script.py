"""What goes wrong with whole files on the first ten days; whatever is broken comes again, good, on the next day."""

from dataclasses import dataclass
from typing import Literal

from city.layouts import LAYOUTS

Trouble = Literal[
    "truncated_file", "changed_columns", "wrong_encoding", "stale_snapshot", "duplicate_delivery", "late_delivery"
]


@dataclass(frozen=True)
class Mishap:
    """One file-level mistake."""

    day: int
    resource: str
    trouble: Trouble


MISHAPS = (
    Mishap(1, "civil_affairs.marriage", "duplicate_delivery"),
    Mishap(1, "civil_affairs.cremation", "late_delivery"),
    Mishap(2, "civil_affairs.cremation", "wrong_encoding"),
    Mishap(3, "transport.bus_tap", "truncated_file"),
    Mishap(4, "justice.serving_sentence", "changed_columns"),
    Mishap(6, "justice.serving_sentence", "stale_snapshot"),
    Mishap(7, "hrss.pension_recipient", "stale_snapshot"),
    Mishap(9, "civil_affairs.marriage", "changed_columns"),
    Mishap(10, "transport.bus_tap", "duplicate_delivery"),
)
BROKEN = ("truncated_file", "changed_columns", "wrong_encoding")
"""The file cannot be used; its rows reach the lake with the good file of the next day."""
_JUSTICE_EXTRA = (4, 5, 6, 7)


def mishap(resource: str, day: int) -> Trouble | None:
    """Return what goes wrong with a resource on a city day."""
    for item in MISHAPS:
        if item.resource == resource and item.day == day:
            return item.trouble
    return None


def is_broken(resource: str, day: int) -> bool:
    """Say whether the file of a city day cannot be used."""
    return mishap(resource, day) in BROKEN


def is_kept(resource: str, day: int) -> bool:
    """Say whether a department will hand the good file of a city day over again."""
    return mishap(resource, day + 1) == "duplicate_delivery" or (resource == "justice.serving_sentence" and day == 0)


def hands_over(resource: str, day: int) -> bool:
    """Say whether a resource hands anything over on a city day: the prisons every third day and when they have to mend something."""
    if resource != "justice.serving_sentence":
        return day % LAYOUTS[resource].every == 0
    return day % 3 == 0 and day not in _JUSTICE_EXTRA or day in _JUSTICE_EXTRA


def made_on(resource: str, day: int) -> int:
    """Return the city day whose data a resource hands over: an old one when a stale snapshot stands in a database."""
    return day - 2 if resource == "hrss.pension_recipient" and mishap(resource, day) == "stale_snapshot" else day


def usable_on(resource: str, day: int) -> int:
    """Return the city day on which the rows made on ``day`` can first be used."""
    return day + 1 if is_broken(resource, day) or mishap(resource, day) == "stale_snapshot" else day
