"""Records that stand in a register: which of them are there on a city day, and which are handed over because something happened."""

import numpy as np

from city.world.hashing import Bools, Ints
from city.world.people.courses import NEVER
from city.world.people.lives import Lives
from city.world.texts import Text, choose

LATE = 0.01


class Standing:
    """The records of one resource, at most one per person, on a city day.

    Args:
        lives: the people.
        resource: name of the resource; each is late in its own way.
        day: city day.
        begins: day from which each person has a record, ``NEVER`` for those who have none.
        corrected: share of records on which somebody works again within the next four years, whatever for.
    """

    def __init__(self, lives: Lives, resource: str, day: int, begins: Ints, corrected: float = 0.2) -> None:
        self.lives, self.city, self.resource, self.day = lives, lives.city, resource, day
        self._person = lives.people.person
        self._begins = begins
        self._reached = self.city.delivered(self._person, resource, np.minimum(begins, NEVER), LATE)
        self.new = (self._reached == day) & (begins < NEVER)
        self._touched = self.new.copy()
        drawn = self.city.chance(self._person, f"{resource}.worked_on", corrected)
        again = 1 + self.city.pick(self._person, f"{resource}.work_day", 1400)
        self.corrected = drawn & (again <= day)
        self._touched |= drawn & (again == day)
        self.learn(lives.people.renumbered)

    @property
    def today(self) -> int:
        """The morning of the delivery, in days since 1970-01-01."""
        return self.city.first + self.day

    def learn(self, event: Ints) -> Bools:
        """Say which records know of events, given in days since 1970-01-01; those that learn of theirs today are handed over."""
        known = np.maximum(
            self.city.delivered(self._person, f"{self.resource}.learns", np.minimum(event, NEVER), LATE), self._reached
        )
        self._touched |= (known == self.day) & (event < NEVER)
        return (known <= self.day) & (event < NEVER)

    @property
    def rows(self) -> Ints:
        """Return the index of the people whose records are handed over; on day 0 of all that have one."""
        there = (self._begins < NEVER) & (self._reached <= self.day)
        return np.flatnonzero(there & (self._touched | (self.day == 0)))

    def op_code(self, rows: Ints) -> Text:
        """Return I for new records and U for others."""
        return choose(self.new[rows] | (self.day == 0), "I", "U")

    def updated_at(self, rows: Ints) -> Ints:
        """Return the moment of the change, in local seconds."""
        city = self.city
        clock = 8 * 3600 + city.pick(self._person[rows], f"{self.resource}.clock", 10 * 3600, self.day)
        last = city.first + self.day - 1
        day = np.minimum(self._begins[rows], last) if self.day == 0 else np.full(len(rows), last)
        return day * 86400 + clock
