"""Who works where, and which insurances follow from it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from city.births import YEAR
from city.courses import NEVER
from city.firms import Firms, firms
from city.hashing import Bools, Ints
from city.lives import Lives

EMPLOYEES, STAFF, RESIDENTS, UNEMPLOYMENT = "110", "120", "170", "210"
"""Insurance kinds: 企业职工养老, 机关事业单位养老, 城乡居民养老, 失业."""
EMPLOYEES_HEALTH, RESIDENTS_HEALTH = "310", "390"
WORKING, INSURED, INSURED_HEALTH = 0.55, 0.75, 0.6
"""Of the adults; of those without an employer; of all residents."""


@dataclass(frozen=True)
class Work:
    """The working life of some people: one employer, for some a second one later."""

    lives: Lives

    @cached_property
    def firms(self) -> Firms:
        """The employers."""
        return firms(self.lives.city)

    @cached_property
    def begun(self) -> Ints:
        """First day of work, ``NEVER`` for those who never have an employer."""
        p, city = self.lives.people, self.lives.city
        day = p.birth + round(19 * YEAR) + city.pick(p.person, "work.begun", 2200)
        day = np.maximum(day, np.where(p.guest, p.arrive + 10, 0))
        works = city.chance(p.person, "work.works", WORKING) & (self.left_age > day) & (p.slot < 100) | p.guest & (
            day < self.left_age
        )
        return np.where(works, day, NEVER)

    @cached_property
    def left_age(self) -> Ints:
        """Day on which people stop working because of their age."""
        p = self.lives.people
        return np.minimum(self.lives.retired, p.birth + round(60 * YEAR))

    @cached_property
    def changed(self) -> Ints:
        """Day on which the second employer takes the place of the first, ``NEVER`` for most."""
        p, city = self.lives.people, self.lives.city
        day = city.first - 2000 + city.pick(p.person, "work.change", 5000)
        drawn = city.chance(p.person, "work.changes", 0.5) & (day > self.begun + 200) & (day < self.left_age)
        return np.where(drawn, day, NEVER)

    @cached_property
    def ended(self) -> Ints:
        """First day without work: retired, dead or gone."""
        p = self.lives.people
        return np.minimum(np.minimum(self.left_age, NEVER), np.minimum(p.death, p.leave))

    def employer(self, today: int) -> Ints:
        """Return the number of the firm people worked for on the day before, −1 for none."""
        p = self.lives.people
        second = self.firms.employer(p.person + 2**40)
        firm = np.where(self.changed < today, second, self.firms.employer(p.person))
        return np.where(self.works(today), firm, -1)

    def works(self, today: int) -> Bools:
        """Say who worked on the day before."""
        return np.asarray((self.begun < today) & (self.ended >= today))

    def place(self, today: int) -> Ints:
        """Return where the employers stand among the firms, −1 for none."""
        return self.firms.index(self.employer(today))

    def is_public(self, today: int) -> Bools:
        """Say who works for a government body or an institution."""
        place = self.place(today)
        kinds = np.array([kind in ("11", "12") for kind in self.firms.kind.to_pylist()])
        return np.asarray((place >= 0) & kinds[np.maximum(place, 0)])

    @cached_property
    def resident_from(self) -> Ints:
        """Day on which those without an employer join the residents' pension, ``NEVER`` for the others."""
        p, city = self.lives.people, self.lives.city
        day = np.maximum(p.birth + round(17 * YEAR) + city.pick(p.person, "work.joins", 3000), p.arrive)
        day = np.maximum(day, city.first - 5400 + city.pick(p.person, "work.joined", 900))
        joins = (self.begun >= NEVER) & city.chance(p.person, "work.insured", INSURED) & ~p.guest & (p.slot < 100)
        return np.where(joins & (day < self.ended), day, NEVER)

    @cached_property
    def health_from(self) -> Ints:
        """Day of the first health insurance, ``NEVER`` for those insured nowhere, or elsewhere."""
        p, city = self.lives.people, self.lives.city
        day = np.maximum(
            np.maximum(p.birth + 30, p.arrive + 30), city.first - 3000 + city.pick(p.person, "health.joined", 900)
        )
        joins = city.chance(p.person, "health.insured", INSURED_HEALTH)
        return np.where(joins & (day < np.minimum(p.death, p.leave)), day, NEVER)
