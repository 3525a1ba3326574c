"""The days on which lives turn: coming, leaving, marrying, moving, dying."""

import numpy as np

from city.world.city import BLOCK, City
from city.world.hashing import Bools, Ints, between
from city.world.people.births import YEAR
from city.world.people.households import (
    DIED,
    FORCED_ELDER,
    GUESTS,
    LATER_COUPLES,
    LEFT,
    NEWCOMERS,
    SINGLES,
    UNBORN,
    layout,
)

NEVER = np.int64(10**6)
"""A day that no run reaches."""
FORCED_DAYS = 30
"""On each of the first days something of every kind happens."""


def turns(city: City, slot: Ints, block: Ints, person: Ints, birth: Ints, spouse: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the days on which people come, leave and marry.

    Args:
        city: the city.
        slot: slots within the block.
        block: block numbers.
        person: person numbers.
        birth: birth days.
        spouse: index of the spouse, −1 for none.
    """
    first = city.first
    single = np.isin(slot, SINGLES)
    arrive = np.where(single, first - 1 - city.pick(person, "arrive", 3650), 0)
    arrive = np.where(np.isin(slot, list(NEWCOMERS)), first + city.pick(person, "arrive", 3650), arrive)
    arrive = np.where((slot == NEWCOMERS[0]) & (block < FORCED_DAYS), first + block, arrive)
    arrive = np.where(
        np.isin(slot, GUESTS[:4]),
        first - 20 - city.pick(block * BLOCK + np.maximum(slot, GUESTS[2]), "guest_arrives", 2500),
        arrive,
    )
    arrive = np.where(slot == GUESTS[4], first - 900 + city.pick(person, "guest_arrives", 2700), arrive)
    arrive = np.where((slot == GUESTS[4]) & (block < FORCED_DAYS), first + block, arrive)
    arrive = np.where(np.isin(slot, list(UNBORN)), birth, arrive)
    arrive = np.where(birth >= first - 400, birth, arrive)
    leave = np.where(np.isin(slot, list(LEFT)), first - 1 - city.pick(person, "leave", 1825), NEVER)
    going = first + (-np.log1p(-city.uniform(person, "leave_later")) * 20 * YEAR).astype(np.int64)
    leave = np.where(slot >= 98, leave, np.where(single, NEVER, leave))
    leave = np.where(np.isin(slot, [98, 99]), np.minimum(going, NEVER), leave)
    wife = np.where(
        spouse >= 0, np.where(np.isin(slot, [pair[1] for pair in layout().couples]), np.arange(len(slot)), spouse), 0
    )
    married = birth[wife] + between(person[wife], "marriage_age", city.seed, round(22.3 * YEAR), round(26 * YEAR))
    married = np.where(spouse >= 0, np.minimum(married, first - 30 - person[wife] % 97), NEVER)
    for husband, other in LATER_COUPLES:
        pair = np.isin(slot, [husband, other])
        key = block * BLOCK + husband
        day = first + city.pick(key, "later_marriage", 2500)
        if husband == LATER_COUPLES[0][0]:
            day = np.where(block < FORCED_DAYS, first + block, day)
        married = np.where(pair, day, married)
    return arrive, leave, married


def deaths(city: City, slot: Ints, block: Ints, person: Ints, birth: Ints, namesake: Bools) -> Ints:
    """Return the day of death: by age for the living, in the last five years for those who died.

    Args:
        city: the city.
        slot: slots within the block.
        block: block numbers.
        person: person numbers.
        birth: birth days.
        namesake: who bears the name of somebody else's case, and died lately.
    """
    first = city.first
    age = np.clip((first - birth) / YEAR, 1, 105)
    hazard = 0.00003 * np.exp(0.095 * age)
    later = first + np.minimum(-np.log1p(-city.uniform(person, "life")) / hazard * YEAR, 2e5).astype(np.int64)
    before = first - 1 - city.pick(person, "died", 1825)
    before = np.where(namesake, first - 10 - city.pick(person, "died", 300), before)
    death = np.where(np.isin(slot, list(DIED)), before, later)
    death = np.where((slot == FORCED_ELDER) & (block < FORCED_DAYS), first + block, death)
    return np.where(np.isin(slot, list(UNBORN)), NEVER, np.minimum(death, NEVER))


def moves(city: City, block: Ints, household: Ints) -> Ints:
    """Return the day on which a household moves within the city; one in fifty a year."""
    wait = -np.log1p(-city.uniform(household, "move")) * 50 * YEAR
    day = city.first - 365 + np.minimum(wait, 2e5).astype(np.int64)
    return np.where((household % 64 == 20) & (block < FORCED_DAYS), city.first + block, np.minimum(day, NEVER))
