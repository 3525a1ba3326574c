"""民政局: marriages and cremations, as CSV in GB18030."""

import numpy as np
import pyarrow as pa

from city import attributes
from city.courses import NEVER
from city.documents import identity
from city.frames import Frame
from city.hashing import Bools, Ints
from city.households import FORMER_COUPLES, WIDOWED, layout
from city.lives import Lives, window
from city.places import COUNTIES, COUNTY_CODES
from city.texts import NONE, Text, choose, constant, join, nulls, number, take, ymd

_OFFICES = tuple(f"{county.name}民政局婚姻登记处" for county in COUNTIES)
_HOMES = tuple(f"{county.name}殡仪馆" for county in COUNTIES)
WITHHELD = 0.06
"""Of the first delivery; handed in on the next day in a file of its own."""
_CAUSES = ("心脑血管疾病", "恶性肿瘤", "呼吸系统疾病", "衰老", "意外伤害", "消化系统疾病")


def _couples(lives: Lives) -> tuple[Ints, Ints, Bools, Ints]:
    """Return (husbands, wives, divorced, day registered) of couples with a certificate."""
    p, city = lives.people, lives.city
    wives = np.isin(p.slot, [pair[1] for pair in layout().couples] + [55, 57, 59])
    wife = np.flatnonzero(wives & (p.spouse >= 0))
    husband = p.spouse[wife]
    pairs = [(min(a, b), max(a, b)) for a, b in FORMER_COUPLES]
    parent = np.flatnonzero(np.isin(p.slot, [a for a, _ in pairs]))
    former = parent - p.slot[parent] + np.where(p.slot[parent] == pairs[0][0], pairs[0][1], pairs[1][1])
    is_man = p.sex[parent] == 1
    all_husbands = np.concatenate([husband, np.where(is_man, parent, former)])
    all_wives = np.concatenate([wife, np.where(is_man, former, parent)])
    divorced = np.concatenate([np.zeros(len(wife), dtype=bool), np.ones(len(parent), dtype=bool)])
    parted = city.first - 400 - city.pick(p.person[parent], "divorced", 2500)
    day = np.concatenate([p.married[wife], parted])
    kept = divorced | (day >= city.first) | city.chance(p.person[all_wives], "certificate", 0.73)
    return all_husbands[kept], all_wives[kept], divorced[kept], day[kept]


def marriage(lives: Lives, day: int) -> Frame:
    """Return certificates new or put right on a city day; day 0 has all standing ones."""
    p, city = lives.people, lives.city
    husband, wife, divorced, registered = _couples(lives)
    reached = city.delivered(p.person[wife], "marriage", registered, 0.0)
    drawn = city.chance(p.person[wife], "marriage.corrected", 0.25)
    corrected = np.where(drawn, 1 + city.pick(p.person[wife], "marriage.correction", 900), NEVER)
    index = np.flatnonzero((reached == day) | ((corrected == day) & (reached < day)))
    husband, wife, divorced, registered, reached = (
        husband[index],
        wife[index],
        divorced[index],
        registered[index],
        reached[index],
    )
    count = len(index)
    year = ymd(registered)[0]
    county = p.county[wife]
    kind = choose(divorced, "20", "10")
    letter = choose(divorced, "L", "J")
    serial = number(city.serial(p.person[wife], "certificate_no"), 10)
    clock = 9 * 3600 + city.pick(p.person[wife], "marriage.clock", 7 * 3600, day)
    touched = np.where(day > 0, city.first + day - 1, np.minimum(registered, city.first - 1))
    known = identity(p, "civil_affairs.marriage", city.first + day)
    man, woman = known.rows(husband, "husband_"), known.rows(wife, "wife_")
    columns = {
        "certificate_no": join(letter, number(COUNTY_CODES[county], 6), "-", number(year, 4), "-", serial),
        "husband_id_kind_code": man.id_kind,
        "husband_id_no": man.id_no,
        "husband_name": man.name,
        "husband_birth_date": p.birth[husband],
        "wife_id_kind_code": woman.id_kind,
        "wife_id_no": woman.id_no,
        "wife_name": woman.name,
        "wife_birth_date": p.birth[wife],
        "register_kind_code": kind,
        "registered_date": registered,
        "issuer_name": take(_OFFICES, county),
        "previous_certificate_no": nulls(count),
        "licence_state_code": constant("1", count),
        "updated_at": touched * 86400 + clock,
        "op_code": choose(reached == day, "I", "U"),
    }
    roles = {"husband": p.person[husband], "wife": p.person[wife]}
    old = (registered < 15706).astype(np.int64)
    return Frame("civil_affairs.marriage", ("certificate_no",), columns, p.person[wife], roles, p.person[wife], np.zeros(count, dtype=bool),
                 {"_before_2013": old}, noted=man.noted | woman.noted)  # fmt: skip


def relatives(lives: Lives) -> Ints:
    """Return the index of the relative who sees to a death: the spouse, else a child, else nobody (−1)."""
    p = lives.people
    children = np.full(len(p), -1, dtype=np.int64)
    living = np.flatnonzero(p.slot < 100)
    for parent in (p.father, p.mother):
        has = living[parent[living] >= 0]
        children[parent[has]] = has
    widowed = np.full(len(p), -1, dtype=np.int64)
    for dead, alive in WIDOWED:
        at = np.flatnonzero(p.slot == dead)
        widowed[at] = at - dead + alive
    spouse = np.where(p.spouse >= 0, p.spouse, widowed)
    usable = (spouse >= 0) & (p.death[spouse] > p.death)
    return np.where(usable, spouse, children)


def cremation(lives: Lives, day: int) -> Frame:
    """Return the cremations that reach the lake on a city day; day 0 has one year of them."""
    p, city = lives.people, lives.city
    known, delivered = lives.death_known("cremation")
    withheld = (delivered == 0) & city.chance(p.person, "cremation.withheld", WITHHELD) & (p.case < 0)
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
    planted = p.case[index] >= 0
    namesake = p.slot[index] == 100
    roles = {"self": person, "relative": np.where(relative < 0, -1, p.person[relative])}
    hidden: dict[str, Text | Ints] = {
        "_mistyped_case": np.where(p.is_case("dead_id_mistyped")[index], p.variant[index], NONE),
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
