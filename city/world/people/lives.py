"""What people do: die and be recorded, draw pensions, serve sentences, see doctors, ride buses. All by day, all by hash."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from city.world.city import HISTORY, LATE_DAYS, City
from city.world.hashing import Bools, Ints
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.households import UNBORN
from city.world.people.population import People
from city.world.planting import DEATH_SOURCES
from city.world.texts import month_first, month_index

PENSION_KINDS = ("10", "20", "30")
"""居民, 企业职工, 机关事业."""
_PAY_DAY = (0, 15, 10)
_KNOWN_SHARE = {"household_change": 0.96, "cremation": 0.97, "death_certificate": 0.93}
_LATE = {"household_change": 0.03, "cremation": 0.06, "death_certificate": 0.08}


def window(city: City, day: int) -> Ints:
    """Return the days whose events may be delivered on a city day, in days since 1970-01-01."""
    if day == 0:
        return np.arange(city.first - HISTORY, city.first, dtype=np.int64)
    return np.arange(city.first + day - 1 - LATE_DAYS, city.first + day, dtype=np.int64)


@dataclass(frozen=True)
class Lives:
    """The people of some blocks, seen over time."""

    people: People

    @property
    def city(self) -> City:
        """The city they live in."""
        return self.people.city

    def here(self, on: Ints | int) -> Bools:
        """Say who is alive and in the city on days, which broadcast against the people."""
        p = self.people
        return (p.birth <= on) & (on <= p.death) & (p.arrive <= on) & (on < p.leave)

    def death_known(self, source: str) -> tuple[Bools, Ints]:
        """Say who ever gets a record of death in a source, and on which city day it is delivered.

        Args:
            source: one of ``DEATH_SOURCES``.
        """
        p, city = self.people, self.city
        has = city.chance(p.person, f"death.{source}", _KNOWN_SHARE[source])
        if source == "cremation":
            nowhere = np.ones(len(p), dtype=bool)
            for other in DEATH_SOURCES:
                heard = city.chance(p.person, f"death.{other}", _KNOWN_SHARE[other])
                nowhere &= ~heard | (p.guest & (other == "household_change"))
            has |= nowhere
        told = p.fate.told_by
        has = np.where(told > 0, told >> DEATH_SOURCES.index(source) & 1 == 1, has)
        day = city.delivered(p.person, source, np.minimum(p.death, NEVER), _LATE[source], p.planted)
        day = np.where(p.planted, np.maximum(p.fate.since, p.death - city.first + 1), day)
        has = has & ~(p.guest & (source == "household_change"))
        return has & (p.death < NEVER) & (p.death < p.leave), day

    # --- pensions

    @cached_property
    def pension_kind(self) -> Ints:
        """Index into ``PENSION_KINDS``."""
        draw = self.city.uniform(self.people.person, "pension_kind")
        return np.searchsorted([0.70, 0.92], draw, side="right").astype(np.int64)

    @cached_property
    def retired(self) -> Ints:
        """First day of the month in which a pension begins, ``NEVER`` for those who get none."""
        p = self.people
        woman = p.sex == 2
        age = np.where(self.pension_kind == 0, 60, np.where(woman, 55, 60))
        age = np.where(woman & (self.pension_kind == 1) & self.city.chance(p.person, "worker", 0.5), 50, age)
        day = month_first(month_index(p.birth + np.round(age * YEAR).astype(np.int64)) + 1)
        gone = (day > np.minimum(p.death, p.leave)) | np.isin(p.slot, list(UNBORN))
        return np.where(gone, NEVER, day)

    @cached_property
    def pension_amount(self) -> Ints:
        """Monthly pension in cents."""
        low = np.array([18000, 240000, 430000])[self.pension_kind]
        span = np.array([160, 2600, 4400])[self.pension_kind]
        drawn = (self.city.uniform(self.people.person, "pension_amount") * span).astype(np.int64)
        return np.asarray(low + 100 * drawn, dtype=np.int64)

    @cached_property
    def last_paid_month(self) -> Ints:
        """Index of the last month paid; far away for those who live, and for the dead nobody has stopped."""
        p = self.people
        end = np.minimum(p.death, p.leave)
        return np.where((end >= NEVER) | p.fate.paid_on, NEVER, month_index(np.where(end >= NEVER, 0, end)))

    def pay_date(self, month: int | Ints) -> Ints:
        """Return the day on which each person's pension of a month is paid."""
        dom = np.where(self.pension_kind == 0, 16 + self.people.county, np.array(_PAY_DAY)[self.pension_kind])
        return (
            month_first(np.full(len(self.people), month, dtype=np.int64) if isinstance(month, int) else month) + dom - 1
        )

    def paid(self, month: int) -> Bools:
        """Say who is paid for a month."""
        p = self.people
        due = (
            (self.retired < NEVER)
            & (month_index(np.minimum(self.retired, NEVER)) <= month)
            & (month <= self.last_paid_month)
        )
        inside = p.fate.paused
        begun = month_index(np.where(inside, self.imprisoned, 0))
        over = month_index(np.where(inside, self.release, 0))
        return due & ~(inside & (begun < month) & (month <= over))

    # --- sentences

    @cached_property
    def sentenced(self) -> Bools:
        """Say who is serving, has served, or will serve a sentence."""
        p = self.people
        age = (self.city.first - p.birth) / YEAR
        drawn = self.city.chance(p.person, "sentenced", 0.0028) & (age > 20) & (age < 48) & ~p.planted
        return (drawn & (p.slot < 100) & (p.leave >= NEVER)) | (p.fate.imprisoned < NEVER)

    @cached_property
    def in_prison(self) -> Bools:
        """Of the sentenced: in prison, not under community correction."""
        return self.sentenced & (self.city.chance(self.people.person, "prison", 0.6) | self.people.planted)

    @cached_property
    def imprisoned(self) -> Ints:
        """First day of the sentence."""
        p = self.people
        start = self.city.first - 2500 + self.city.pick(p.person, "imprisoned", 3500)
        return np.where(p.fate.imprisoned < NEVER, p.fate.imprisoned, start)

    @cached_property
    def sentence_end(self) -> Ints:
        """Last day of the sentence as passed."""
        p = self.people
        term = 365 + self.city.pick(p.person, "term", 2500)
        return np.where(p.fate.released < NEVER, p.fate.released, self.imprisoned + term)

    @property
    def release(self) -> Ints:
        """Day of release: the end of the sentence."""
        return self.sentence_end

    def inside(self, on: Ints) -> Bools:
        """Say who is in prison on days, which broadcast against the people."""
        return self.in_prison & (self.imprisoned <= on) & (on < self.release)

    # --- traces

    def visits(self, days: Ints) -> tuple[Ints, Ints]:
        """Return (index of person, day) of each medical visit on the given days."""
        p, city = self.people, self.city
        age = (city.first - p.birth) / YEAR
        rate = np.select([age < 15, age < 45, age < 60], [4.5, 2.2, 3.0], 3.0) / 365
        rate = np.where(p.fate.visits < 0, 0.0, rate)
        regular = (self.retired < NEVER) & (p.fate.visits >= 0)
        period = 60 + city.pick(p.person, "visit_period", 60)
        phase = city.pick(p.person, "visit_phase", 120)
        who = np.flatnonzero((rate > 0) & (p.death >= days[0]) & (p.leave > days[0]))
        grid = days[None, :]
        seen = city.uniform(p.person[who][:, None], "visit", grid) < rate[who][:, None]
        seen |= regular[who][:, None] & ((grid + phase[who][:, None]) % period[who][:, None] == 0)
        return self._present(who, days, seen, np.zeros(len(p), dtype=bool))

    @cached_property
    def card(self) -> Ints:
        """Bus card: 0 none, 1 ordinary, 2 old-age card that carries name and number."""
        p = self.people
        age = (self.city.first - p.birth) / YEAR
        old = (age >= 65) & self.city.chance(p.person, "old_card", 0.48)
        ordinary = (age >= 8) & ~old & self.city.chance(p.person, "card", np.where(age >= 65, 0.1, 0.14))
        card = np.where(old, 2, np.where(ordinary, 1, 0))
        return np.where(p.fate.rides < 0, 0, np.where(p.fate.rides > 0, 2, card))

    def taps(self, days: Ints) -> tuple[Ints, Ints]:
        """Return (index of person, day) of each bus ride on the given days; some relatives ride on after a death."""
        p, city = self.people, self.city
        rate = np.where(self.card == 0, 0.0, city.uniform(p.person, "bus_rate") * 0.21 + 0.02)
        ghost = p.fate.rides_on
        who = np.flatnonzero((rate > 0) & ((p.death >= days[0]) | ghost) & (p.leave > days[0]))
        seen = city.uniform(p.person[who][:, None], "tap", days[None, :]) < rate[who][:, None]
        return self._present(who, days, seen, ghost)

    def _present(self, who: Ints, days: Ints, seen: Bools, ghosts: Bools) -> tuple[Ints, Ints]:
        p = self.people
        row, column = np.nonzero(seen)
        index, day = who[row], days[column]
        ghost = ghosts[index]
        here = (
            (p.birth[index] <= day)
            & (p.arrive[index] <= day)
            & (day < p.leave[index])
            & ((day <= p.death[index]) | ghost)
        )
        here &= ~(self.in_prison[index] & (self.imprisoned[index] <= day) & (day < self.release[index]))
        return index[here], day[here]


def correction_day(lives: Lives) -> Ints:
    """Return the city day on which a register row is put right: a phone added, schooling brought up to date."""
    p = lives.people
    drawn = lives.city.chance(p.person, "register.corrected", 0.4)
    return np.where(drawn, 1 + lives.city.pick(p.person, "register.correction", 800), NEVER)
