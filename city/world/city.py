"""One made-up city: how many people, which seed, the business date it starts with."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import ArrayLike

from city.world import hashing
from city.world.hashing import Bools, Floats, Ints, Words

BLOCK = 128
"""Stride of person numbers per block of 100 inhabitants."""
FIRM_BLOCK = 16
"""Stride of firm numbers per block."""
EPOCH = date(1970, 1, 1)
FEWEST = 400
"""Smaller cities are made with this many people, so that every kind of case finds its people."""
HISTORY = 365
"""Days of events that the first delivery holds."""
LATE_DAYS = 20
"""No record is delivered later than this many days after its turn."""


@dataclass(frozen=True)
class City:
    """What everything is a function of, together with the day number.

    Args:
        people: inhabitants on the first business date (rounded up to 100, at least ``FEWEST``).
        seed: seed of every choice.
        start: first delivered business date; day 0.
    """

    people: int
    seed: int
    start: date

    @property
    def blocks(self) -> int:
        """Blocks of 100 inhabitants."""
        return -(-max(self.people, FEWEST) // 100)

    @property
    def first(self) -> int:
        """The first business date in days since 1970-01-01."""
        return (self.start - EPOCH).days

    def date_of(self, day: int) -> date:
        """Return the business date of a city day."""
        return self.start + timedelta(days=day)

    def chunks(self, size: int = 48) -> Iterator[Ints]:
        """Yield the block numbers, at most ``size`` at a time."""
        for low in range(0, self.blocks, size):
            yield np.arange(low, min(low + size, self.blocks), dtype=np.int64)

    def mix(self, keys: ArrayLike, field: str, extra: ArrayLike | None = None) -> Words:
        """See ``hashing.mix``."""
        return hashing.mix(keys, field, self.seed, extra)

    def uniform(self, keys: ArrayLike, field: str, extra: ArrayLike | None = None) -> Floats:
        """See ``hashing.uniform``."""
        return hashing.uniform(keys, field, self.seed, extra)

    def pick(self, keys: ArrayLike, field: str, count: int, extra: ArrayLike | None = None) -> Ints:
        """See ``hashing.pick``."""
        return hashing.pick(keys, field, self.seed, count, extra)

    def chance(self, keys: ArrayLike, field: str, rate: ArrayLike, extra: ArrayLike | None = None) -> Bools:
        """Return True with the given probability per key."""
        return np.less(self.uniform(keys, field, extra), np.asarray(rate, dtype=np.float64))

    def serial(self, keys: ArrayLike, field: str) -> Ints:
        """See ``hashing.scramble``."""
        return hashing.scramble(keys, field, self.seed)

    def delivered(self, keys: Ints, field: str, event: Ints, late_rate: float, exempt: Bools | None = None) -> Ints:
        """Return the city day on which records of events reach the lake: the morning after, some later, never before day 0.

        Args:
            keys: record keys.
            field: resource, so that each is late in its own way.
            event: days since 1970-01-01.
            late_rate: share delivered 1 to ``LATE_DAYS`` days late.
            exempt: records that are never late.
        """
        late = self.chance(keys, f"{field}.late", late_rate, event)
        if exempt is not None:
            late &= ~exempt
        lag = np.where(late, 1 + self.pick(keys, f"{field}.lag", LATE_DAYS, event), 0)
        return np.maximum(event - self.first + 1 + lag, 0)
