"""Rows that belong either to a person or to a legal entity: licences, real estate, vehicles, cases in court."""

from dataclasses import dataclass

import numpy as np

from city.world.city import BLOCK
from city.world.firms.firms import firms
from city.world.firms.pattern import COMPANY
from city.world.hashing import Bools, Ints
from city.world.people.documents import Identity
from city.world.people.lives import Lives
from city.world.people.work import Employers
from city.world.texts import Text, constant, nulls

PERSON, ENTITY = "2", "1"
FIRM_KEYS = 2**44
"""What sets keys of legal entities apart from those of persons."""


@dataclass(frozen=True)
class Holders:
    """The persons or legal entities of some rows, by what a resource knows of them."""

    keys: Ints
    """One number per row, of which all else is a hash."""
    kind: Text
    id_no: Text
    uscc: Text
    name: Text
    person: Ints
    firm: Ints
    owner: Ints
    """Somebody of the block in which the row arises."""
    county: Ints
    noted: dict[tuple[str, str], Bools]

    @staticmethod
    def persons(lives: Lives, index: Ints, known: Identity, prefix: str) -> "Holders":
        """Return persons by index; fields are noted under a prefix, and the name as ``<prefix>name``."""
        p, count = lives.people, len(index)
        who = known.rows(index, prefix)
        return Holders(p.person[index], constant(PERSON, count), who.id_no, nulls(count), who.name, p.person[index],
                       np.full(count, -1), p.person[index], p.county[index], who.noted)  # fmt: skip

    @staticmethod
    def companies(lives: Lives, resource: str, today: int, place: Ints, prefix: str) -> "Holders":
        """Return legal entities by their places among all firms."""
        whole, count = firms(lives.city), len(place)
        who = Employers.of(lives.city, resource, today, place, prefix)
        return Holders(who.number + FIRM_KEYS, constant(ENTITY, count), nulls(count), who.uscc, who.name, np.full(count, -1),
                       who.number, whole.block[place] * BLOCK, whole.county[place], who.noted)  # fmt: skip


def companies_due(lives: Lives, resource: str, rate: float, begins: Ints, day: int) -> Ints:
    """Return the places of companies of these blocks whose rows are handed over on a city day."""
    city, whole = lives.city, firms(lives.city)
    place = whole.of_blocks(lives.people.block)
    drawn = city.chance(whole.number[place], f"{resource}.company", rate) & (whole.sort[place] == COMPANY)
    begun = begins[place]
    reached = np.maximum(begun - city.first + 1, 0)
    there = drawn & (whole.established[place] < begun) & (whole.turns.ended[place] > begun)
    return np.asarray(place[there & (reached == day)])


def company_begins(lives: Lives, resource: str, back: int) -> Ints:
    """Return the day on which each firm's row would begin: up to ``back`` days ago or, for some, still to come."""
    return lives.city.first - back + lives.city.pick(firms(lives.city).number, f"{resource}.begins", back + 300)


def entered(lives: Lives, begins: Ints, day: int) -> Ints:
    """Return the moment at which rows that began on given days were entered, in local seconds."""
    last = lives.city.first + day - 1
    return np.where(day > 0, last, np.minimum(begins, last)) * 86400 + 11 * 3600
