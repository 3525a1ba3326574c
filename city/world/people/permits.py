"""Residence permits and driving licences: since when, under which number."""

import numpy as np
import pyarrow as pa

from city.world.hashing import Ints
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.lives import Lives
from city.world.places import COUNTY_CODES
from city.world.texts import join, number

DRIVES = 0.34
"""Of the adults, as far as this city is made."""
TERM = 2191
"""Days for which a driving licence holds: six years."""


def permitted(lives: Lives) -> Ints:
    """Return the day on which guests get their residence permits, ``NEVER`` for everybody else."""
    p = lives.people
    day = p.arrive + 5 + lives.city.pick(p.person, "permitted", 60)
    return np.where(p.guest & (day < p.death), day, NEVER)


def permit_no(lives: Lives) -> pa.StringArray:
    """Return the numbers of the residence permits."""
    p = lives.people
    return join("JZ", number(COUNTY_CODES[p.county], 6), number(lives.city.serial(p.person, "permit_no"), 10))


def last_anniversary(begins: Ints, today: int, term: int) -> Ints:
    """Return the last day before ``today`` on which a paper was renewed, counted in terms from its beginning; else its beginning."""
    return np.asarray(begins + np.maximum(today - 1 - begins, 0) // term * term)


def licensed(lives: Lives) -> Ints:
    """Return the day of the first driving licence, ``NEVER`` for those who have none."""
    p, city = lives.people, lives.city
    day = p.birth + round(18.2 * YEAR) + city.pick(p.person, "licensed", 5500)
    day = np.maximum(day, city.first - 12000)
    drives = city.chance(p.person, "drives", DRIVES) & (day > p.birth + 18 * YEAR) & (p.birth > city.first - 75 * YEAR)
    return np.where(drives & (day < np.minimum(p.death, p.leave)) & (day >= p.arrive - 4000 * p.guest), day, NEVER)


def file_no(lives: Lives) -> pa.StringArray:
    """Return the file numbers of the driving licences."""
    return join("3707", number(lives.city.serial(lives.people.person, "file_no"), 10))
