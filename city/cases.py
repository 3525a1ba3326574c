"""The planted cases of silent certification: who they are, what happens to them, and the decoys beside them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from city.hashing import Ints
from city.world import BLOCK, City

SLOTS = (60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74)
"""Slots of a block whose people are old enough for certain; see ``households``."""
NAMESAKE_SLOT = 100
"""A person of the same block who died before the first day."""
LATER_DAYS = 30
"""On each of the first days one more case comes to light."""


@dataclass(frozen=True)
class Kind:
    """A kind of case: how many per 100,000 people, and whether reporting it is an error."""

    name: str
    per_100_000: int
    decoy: bool = False


KINDS = (
    Kind("dead_all_sources", 12),
    Kind("dead_one_source", 12),
    Kind("dead_id_mistyped", 6),
    Kind("dead_with_later_traces", 4),
    Kind("jailed", 5),
    Kind("no_trace", 40),
    Kind("one_trace_only", 60),
    Kind("stopped_in_time", 40, decoy=True),
    Kind("dead_namesake", 20, decoy=True),
    Kind("released", 5, decoy=True),
)
NAMES = tuple(kind.name for kind in KINDS)
CODE = {kind.name: index for index, kind in enumerate(KINDS)}
DEAD = tuple(CODE[name] for name in NAMES[:4])
"""Dead and still paid."""
LATER = ("dead_one_source", "dead_all_sources", "stopped_in_time", "dead_id_mistyped", "dead_with_later_traces")
LEAST = 3


@dataclass(frozen=True)
class Cases:
    """All cases of a city; arrays of one length, ordered by number."""

    kind: Ints
    """Index into ``KINDS``."""
    person: Ints
    day: Ints
    """City day on which the sources that prove it are delivered."""
    event: Ints
    """Death, imprisonment or release, in days since 1970-01-01; 0 where nothing happened."""
    variant: Ints
    """0, 1, 2: which source, which trace, which mistake."""


@lru_cache(maxsize=8)
def cases(city: City) -> Cases:
    """Return the cases of a city.

    Cases fill one slot of every block before the next slot, so that the smallest city holds all of them.
    """
    kinds: list[int] = []
    days: list[int] = []
    for index, kind in enumerate(KINDS):
        count = max(LEAST, round(city.blocks * 100 * kind.per_100_000 / 100_000))
        kinds += [index] * count
        days += [0] * count
    room = city.blocks * len(SLOTS)
    for day in range(1, LATER_DAYS + 1):
        if len(kinds) < room:
            kinds.append(CODE[LATER[(day - 1) % len(LATER)]])
            days.append(day)
    number = np.arange(len(kinds), dtype=np.int64)
    kind_of, day_of = np.array(kinds, dtype=np.int64), np.array(days, dtype=np.int64)
    # one namesake at most per block: its kind comes first, whatever the number of blocks
    order = np.argsort(kind_of != CODE["dead_namesake"], kind="stable")
    place = np.empty_like(number)
    place[order] = number
    spread = (place % city.blocks + city.pick(0, "case_rotation", city.blocks)) % city.blocks
    person = spread * BLOCK + np.array(SLOTS)[place // city.blocks]
    event = _events(city, kind_of, day_of, person)

    return Cases(kind_of, person, day_of, event, number % 3)


def _events(city: City, kind: Ints, day: Ints, person: Ints) -> Ints:
    """Return the day of death, imprisonment or release; late-found deaths lie two to four months back."""
    first = city.first
    early = first - 100 - city.pick(person, "case_event", 140)
    found_later = first + day - 62 - city.pick(person, "case_event", 60)
    event = np.where(day > 0, found_later, early)
    event = np.where(kind == CODE["released"], first - 150 - city.pick(person, "case_event", 60), event)
    event = np.where(kind == CODE["stopped_in_time"], np.where(day > 0, first + day - 1, early), event)
    nothing = np.isin(kind, [CODE["no_trace"], CODE["one_trace_only"], CODE["dead_namesake"]])
    return np.where(nothing, 0, event)
