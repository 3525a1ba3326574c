"""What is true of people on a business date: what the golden fields of a library are held against."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from city.world.city import HISTORY
from city.world.hashing import Bools
from city.world.people import attributes
from city.world.people.courses import NEVER
from city.world.people.documents import identity, shares_number
from city.world.people.households import FORMER_COUPLES
from city.world.people.lives import Lives, correction_day
from city.world.people.population import People
from city.world.people.work import EMPLOYEES, EMPLOYEES_HEALTH, RESIDENTS, RESIDENTS_HEALTH, STAFF, Work
from city.world.places import COUNTY_CODES
from city.world.texts import NONE, blank_where, choose, date_text, join, number, take

DIVORCED = tuple(slot for couple in FORMER_COUPLES for slot in couple)
"""Slots of people who were married once, the one who stayed and the one who left; see ``households``."""


def golden(lives: Lives, day: int) -> pa.Table:
    """Return one row per person of the blocks as of the morning of a city day, in their order; whoever is not there yet included.

    ``name``, ``id_no`` and all else are what holds on that morning, whatever a department knows; null is what nobody is told of:
    household, ethnicity, marriage and schooling of people outside the household register, deaths after they
    have left, or before the first delivery begins.
    ``employer`` is a firm's number. ``traits`` says what makes a person hard to tell apart, separated by commas.
    """
    p, city, work = lives.people, lives.city, Work(lives)
    today = city.first + day
    who = identity(p, "public_security.truth", today)
    moved = p.move < today
    household = join(number(COUNTY_CODES[p.county], 6), number(city.serial(p.household, "household_no"), 10))
    told = (p.death < p.leave) & (p.death >= city.first - HISTORY)
    place = work.place(today)
    pension = np.select(
        [work.is_public(today), place >= 0, (work.resident_from < today) & (today <= work.ended)], [0, 1, 2], -1
    )
    insured = (work.health_from < today) & lives.here(np.array(today - 1))
    village = attributes.village_code(p, moved)
    return pa.table({
        "person": p.person, "id_kind_code": who.id_kind, "id_no": who.id_no, "name": who.name,
        "former_name": blank_where(p.former_name, p.renamed >= today), "sex_code": attributes.sex_code(p),
        "birth_date": date_text(p.birth, "yyyy-MM-dd"),
        "death_date": date_text(np.where(told & (p.death < today), p.death, NONE), "yyyy-MM-dd"),
        "life_state_code": take(("10", "20", "30"), _life_state(p, today), p.guest),
        "ethnicity_code": blank_where(attributes.ethnicity(p), p.guest),
        "marital_code": take(("10", "20", "30", "40"), _marital(lives, today), p.guest),
        "household_no": blank_where(household, p.guest), "village_code": village, "county_code": pc.utf8_slice_codeunits(village, 0, 6),
        "education_code": blank_where(attributes.education(p, correction_day(lives) <= day), p.guest),
        "employer": pa.array(work.employer(today), mask=place < 0),
        "pension_insurance_code": take((STAFF, EMPLOYEES, RESIDENTS), pension),
        "medical_insurance_code": blank_where(choose(place >= 0, EMPLOYEES_HEALTH, RESIDENTS_HEALTH), ~insured),
        "traits": _traits(lives),
    })  # fmt: skip


def differs(now: pa.Table, before: pa.Table) -> Bools:
    """Say which rows of two tables of the same people are not alike."""
    out = np.zeros(now.num_rows, dtype=bool)
    for name in now.column_names:
        new, old = (table.column(name).combine_chunks() for table in (now, before))
        other = pc.fill_null(pc.not_equal(new, old), False)
        out |= pc.or_(other, pc.xor(pc.is_null(new), pc.is_null(old))).to_numpy(zero_copy_only=False)
    return out


def _life_state(p: People, today: int) -> np.ndarray:
    return np.select([(p.death < today) & (p.death < p.leave), p.leave < today], [2, 1], 0)


def _marital(lives: Lives, today: int) -> np.ndarray:
    p = lives.people
    married = (p.married < today) & (p.spouse >= 0)
    widowed = married & (p.death[p.spouse] < today) & (p.death >= today)
    return np.select([np.isin(p.slot, DIVORCED), widowed, married], [3, 2, 1], 0)


def _traits(lives: Lives) -> pa.StringArray:
    p = lives.people
    alike = p.like != np.arange(len(p))
    alike[p.like[alike]] = True
    said = {
        "twin": np.isin(p.slot, (2, 3)) & alike,
        "same_name_same_birth": np.isin(p.slot, (54, 56)) & alike,
        "two_people_one_id": shares_number(p),
        "same_name_neighbour": p.neighbour,
        "renamed": p.renamed < NEVER,
        "renumbered": p.renumbered < NEVER,
        "not_in_register": p.guest,
        "other_document": p.abroad >= 0,
    }
    parts = [choose(who, f"{what},", "") for what, who in said.items()]
    return pc.utf8_rtrim(join(*parts), ",")
