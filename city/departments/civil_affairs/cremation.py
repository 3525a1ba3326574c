"""殡葬火化."""

import numpy as np
import pyarrow as pa

from city.world.frames import Frame
from city.world.hashing import Ints
from city.world.people import attributes
from city.world.people.documents import identity
from city.world.people.kin import relatives
from city.world.people.lives import Lives, window
from city.world.places import COUNTIES, COUNTY_CODES
from city.world.planting import NAMESAKE_SLOT
from city.world.texts import NONE, Text, join, number, take, ymd

_HOMES = tuple(f"{county.name}殡仪馆" for county in COUNTIES)
WITHHELD = 0.06
"""Of the first delivery; handed in on the next day in a file of its own."""
_CAUSES = ("心脑血管疾病", "恶性肿瘤", "呼吸系统疾病", "衰老", "意外伤害", "消化系统疾病")


def project(lives: Lives, day: int) -> Frame:
    """Return the cremations that reach the lake on a city day; day 0 has one year of them."""
    p, city = lives.people, lives.city
    known, delivered = lives.death_known("cremation")
    withheld = (delivered == 0) & city.chance(p.person, "cremation.withheld", WITHHELD) & ~p.planted
    delivered = np.where(withheld, 1, delivered)
    chosen = known & (delivered == day)
    chosen &= p.death >= window(city, 0)[0]
    index = np.flatnonzero(chosen)
    return _cremations(lives, index, day)


def _cremations(lives: Lives, index: Ints, day: int) -> Frame:
    p, city = lives.people, lives.city
    pick = pa.array(index)
    person, death = p.person[index], p.death[index]
    relative = relatives(lives)[index]
    known = identity(p, "civil_affairs.cremation", city.first + day)
    who, kin = known.rows(index), known.rows(relative, "relative_")
    someone = pa.array(np.where(relative < 0, 0, relative), mask=relative < 0)
    moved = p.move <= p.death
    year = ymd(death)[0]
    cremated = np.minimum(death + 1 + city.pick(person, "cremated_after", 3), np.maximum(death, city.first + day - 1))
    columns = {
        "cremation_no": join(
            "HH",
            number(COUNTY_CODES[p.county[index]], 6),
            number(year, 4),
            number(city.serial(person, "cremation_no"), 10),
        ),
        "id_no": who.id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "household_address": attributes.household_address(p, moved).take(pick),
        "village_code": attributes.village_code(p, moved).take(pick),
        "death_date": death,
        "cremation_date": cremated,
        "death_cause_name": take(_CAUSES, city.pick(person, "death_cause", len(_CAUSES))),
        "relative_id_no": kin.id_no,
        "relative_name": kin.name,
        "relative_phone": attributes.phones(p).take(someone),
        "funeral_home_name": take(_HOMES, p.county[index]),
        "waiver_amount": 60000 + 1000 * city.pick(person, "waiver", 60),
    }
    planted = p.planted[index]
    namesake = p.slot[index] == NAMESAKE_SLOT
    roles = {"self": person, "relative": np.where(relative < 0, -1, p.person[relative])}
    hidden: dict[str, Text | Ints] = {
        "_mistyped_case": np.where(p.fate.wrong_id[index] < 0, NONE, p.fate.wrong_id[index]),
    }
    return Frame(
        "civil_affairs.cremation",
        ("cremation_no",),
        columns,
        person,
        roles,
        person,
        planted | namesake,
        hidden,
        noted=who.noted | kin.noted,
    )
