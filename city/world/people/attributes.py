"""What several departments know about people: phones, addresses, codes that follow from age and family."""

from functools import lru_cache

import numpy as np
import pyarrow as pa

from city.world import places
from city.world.city import City
from city.world.hashing import Bools, Ints, weighted
from city.world.people.births import YEAR
from city.world.people.population import People
from city.world.texts import Text, choose, digits, join, number, take, text_of

AGENT_SLOT = 75
"""Who sees to the papers of others; see ``households``."""
AGENT_PHONES = 0.06
"""How often the village's agent leaves his own number for those he registers."""
ETHNICITIES = ("01", "03", "11", "02", "10", "05", "06", "15")
_ETHNICITY_WEIGHTS = np.array([972, 12, 6, 3, 2, 2, 2, 1])
_PHONE_STARTS = np.array(
    [130, 131, 132, 135, 136, 137, 138, 139, 150, 152, 155, 158, 159, 176, 178, 182, 186, 187, 188, 198]
)
EDUCATION = ("90", "81", "71", "61", "41", "31", "21", "11")
_EDUCATION = np.array([
    [30, 40, 22, 6, 1, 1, 0, 0], [6, 22, 45, 15, 6, 4, 2, 0], [1, 6, 36, 20, 12, 14, 10, 1], [0, 1, 14, 18, 15, 26, 23, 3],
]) / 100  # fmt: skip


@lru_cache(maxsize=2)
def phones(people: People) -> Text:
    """Return a mobile number each: most adults their own, children and a share of the old that of the household."""
    city = people.city
    own = city.chance(people.person, "own_phone", 0.62) & ((city.first - people.birth) / YEAR > 14)
    return mobile(city, np.where(own, people.person, -1 - people.household))


def mobile(city: City, owner: Ints) -> Text:
    """Return the mobile number of each owner: a person's number, or whatever else has a telephone."""
    start = _PHONE_STARTS[city.pick(owner, "phone_start", len(_PHONE_STARTS))]
    return text_of(np.concatenate([digits(start, 3), digits(city.pick(owner, "phone", 10**8), 8)], axis=1))


def household_address(people: People, moved: Bools) -> Text:
    """Return the registered address, for guests somewhere else."""
    here = places.addresses(_home(people, moved), people.village(moved), people.city.seed)
    away = take([county.away[1] for county in places.COUNTIES], people.county)
    away = join(away, number(1 + people.city.pick(people.household, "away_door", 998), 3), "号")
    return choose(people.guest, away, here)


def residence_address(people: People, moved: Bools) -> Text:
    """Return where they live: mostly where they are registered."""
    home = _home(people, moved)
    away = people.city.chance(home, "lives_elsewhere", 0.15)
    return places.addresses(np.where(away, home + 2**40, home), people.village(moved), people.city.seed)


def address_code(people: People, moved: Bools) -> Text:
    """Return the standard address code of the registered address."""
    return places.address_codes(_home(people, moved), people.village(moved), people.city.seed)


def _home(people: People, moved: Bools) -> Ints:
    return people.household * 2 + moved


def village_code(people: People, moved: Bools) -> Text:
    """Return the twelve-digit village code."""
    return take(places.villages().codes, people.village(moved))


@lru_cache(maxsize=2)
def ethnicity(people: People) -> Text:
    """Return GB/T 3304 codes; a household shares one."""
    return take(ETHNICITIES, weighted(people.household, "ethnicity", people.city.seed, _ETHNICITY_WEIGHTS))


def education(people: People, later: Bools) -> Text:
    """Return GB/T 4658 codes by age; one step higher where ``later`` holds."""
    age = (people.city.first - people.birth) / YEAR
    era = np.searchsorted([32, 45, 60], age)
    table = np.cumsum(_EDUCATION[::-1], axis=1)[era]
    place = (people.city.uniform(people.person, "education")[:, None] >= table).sum(axis=1)
    place = np.minimum(place + later, len(EDUCATION) - 1)
    schooling = np.searchsorted([6, 12, 15, 18], age, side="right")
    young = np.array([0, 0, 1, 2])[np.minimum(schooling, 3)]
    return take(EDUCATION, np.where(age < 18, young, place))


@lru_cache(maxsize=2)
def sex_code(people: People) -> Text:
    """Return GB/T 2261.1 codes."""
    return take(("1", "2"), people.sex - 1)


@lru_cache(maxsize=2)
def station_name(people: People) -> Text:
    """Return the police station that keeps each household's register."""
    towns = take(places.villages().streets, people.village(np.zeros(len(people), dtype=bool)))
    return join(
        "潍坊市公安局", take([county.officials for county in places.COUNTIES], people.county), "分局", towns, "派出所"
    )


@lru_cache(maxsize=2)
def lender_id(people: People) -> Text:
    """Return the number somebody might be entered under: the mother's for the young, the spouse's, or that of the village's agent."""
    young = (people.city.first - people.birth) / YEAR < 18
    lender = np.where(young, people.mother, np.where(people.spouse >= 0, people.spouse, agent(people)))
    return people.kin_id(lender)


def agent(people: People) -> Ints:
    """Return the index of whoever sees to the papers of the block's people; −1 for himself."""
    return np.where(people.slot == AGENT_SLOT, -1, np.arange(len(people)) - people.slot + AGENT_SLOT)


def given_phones(people: People, resource: str, share: float) -> tuple[Text, Bools]:
    """Return the phone numbers a resource was given, and for whom the agent gave his own.

    Args:
        people: the people.
        resource: name of the resource.
        share: how often the agent did.
    """
    his = people.city.chance(people.person, f"{resource}.agent_phone", share) & (people.slot != AGENT_SLOT)
    index = np.where(his, agent(people), np.arange(len(people)))
    return phones(people).take(pa.array(index)), his
