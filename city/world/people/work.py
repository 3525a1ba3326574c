"""Who works where, and which insurances follow from it."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa

from city.world.city import City
from city.world.firms.firms import Firms, firms
from city.world.firms.pattern import GOVERNMENT, HOSPITAL, INSTITUTION, SCHOOL
from city.world.hashing import Bools, Ints
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.lives import Lives
from city.world.texts import Text

EMPLOYEES, STAFF, RESIDENTS, UNEMPLOYMENT = "110", "120", "170", "210"
"""Insurance kinds: 企业职工养老, 机关事业单位养老, 城乡居民养老, 失业."""
EMPLOYEES_HEALTH, RESIDENTS_HEALTH = "310", "390"
PUBLIC = (SCHOOL, HOSPITAL, GOVERNMENT, INSTITUTION)
"""Sorts of firms that are government bodies or institutions."""
SLOW = 0.45
"""Share of firms whose changes a department hears of late."""
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
        first, second = (self.firms.employer(keys) for keys in self._keys)
        firm = np.where(self.changed < today, second, first)
        return np.where(self.works(today), firm, -1)

    @property
    def _keys(self) -> tuple[Ints, Ints]:
        return self.lives.people.person, self.lives.people.person + 2**40

    def works(self, today: int) -> Bools:
        """Say who worked on the day before."""
        return np.asarray((self.begun < today) & (self.ended >= today))

    def place(self, today: int) -> Ints:
        """Return where the employers stand among the firms, −1 for none."""
        return self.firms.index(self.employer(today))

    def is_public(self, today: int) -> Bools:
        """Say who works for a government body or an institution."""
        place = self.place(today)
        return np.asarray((place >= 0) & np.isin(self.firms.sort[place], PUBLIC))

    def stints(self, public: bool) -> tuple[Ints, Ints, Ints]:
        """Return (first day, day of the end, place among the firms) of the latest time in a public office, or elsewhere.

        The first day is ``NEVER`` for those who never worked there; a change between two such employers ends nothing.
        """
        first, second = (self.firms.index(self.firms.employer(keys)) for keys in self._keys)
        fits_first, fits_second = (np.isin(self.firms.sort[place], PUBLIC) == public for place in (first, second))
        moves = self.changed < NEVER
        later = moves & fits_second
        begun = np.where(fits_first, self.begun, np.where(later, self.changed, NEVER))
        ended = np.where(moves & ~fits_second, self.changed, self.ended)
        return np.where(self.begun < NEVER, begun, NEVER), ended, np.where(later, second, first)

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


@dataclass(frozen=True)
class Employers:
    """How a resource knows employers on a day, row by row."""

    number: Ints
    """Number of the firm, −1 for none."""
    uscc: Text
    name: Text
    noted: dict[tuple[str, str], Bools]

    @staticmethod
    def of(city: City, resource: str, today: int, place: Ints, prefix: str = "employer_") -> "Employers":
        """Return the firms at places among all firms, −1 for none; fields are noted under a prefix."""
        numbers, usccs, firm_names, renamed, reissued = _known(city, resource, today)
        nobody = place < 0
        index = pa.array(np.maximum(place, 0), mask=nobody)
        noted = {
            (f"{prefix}name", "company_renamed"): renamed[place] & ~nobody,
            (f"{prefix}uscc", "code_reissued"): reissued[place] & ~nobody,
        }
        return Employers(np.where(nobody, -1, numbers[place]), usccs.take(index), firm_names.take(index), noted)


@lru_cache(maxsize=64)
def _known(city: City, resource: str, today: int) -> tuple[Ints, Text, Text, Bools, Bools]:
    """Return number, credit code and name of all firms as a resource knows them, and whose name and code are outdated."""
    whole = firms(city)
    slow = city.chance(whole.number, f"{resource}.slow", SLOW)
    last = today - 1 - np.where(slow, 200 + 300 * city.pick(whole.number, f"{resource}.lag", 10), 0)
    turned = [(when < today) & (when > last) for when in (whole.turns.renamed, whole.turns.reissued)]
    return whole.number, whole.uscc(last), whole.name(last), turned[0], turned[1] & whole.has_uscc
