"""婚姻登记."""

import numpy as np

from city.world.frames import Frame
from city.world.hashing import Bools, Ints
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.households import FORMER_COUPLES, layout
from city.world.people.lives import Lives
from city.world.places import COUNTIES, COUNTY_CODES
from city.world.texts import choose, constant, join, nulls, number, take, ymd

_OFFICES = tuple(f"{county.name}民政局婚姻登记处" for county in COUNTIES)


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


def project(lives: Lives, day: int) -> Frame:
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
