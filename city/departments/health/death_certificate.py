"""死亡医学证明."""

import numpy as np
import pyarrow as pa

from city.departments.health import hospital
from city.world.city import City
from city.world.frames import Frame
from city.world.hashing import Ints
from city.world.people import attributes
from city.world.people.documents import identity
from city.world.people.kin import relatives
from city.world.people.lives import Lives, window
from city.world.planting import NAMESAKE_SLOT
from city.world.texts import day_number, join, number, take

_DEATH_CAUSES = ("I21.9", "C34.9", "I63.9", "J44.9", "R54", "I64", "C16.9", "V89.2")
_PLACES = ("1", "2", "4", "9")


def project(lives: Lives, day: int) -> Frame:
    """Return the certificates that reach the lake on a city day; day 0 has one year of them."""
    p, city = lives.people, lives.city
    known, delivered = lives.death_known("death_certificate")
    chosen = known & (delivered == day)
    chosen &= p.death >= window(city, 0)[0]
    index = np.flatnonzero(chosen)
    pick = pa.array(index)
    person, death = p.person[index], p.death[index]
    relative = relatives(lives)[index]
    someone = pa.array(np.where(relative < 0, 0, relative), mask=relative < 0)
    papers = identity(p, "health.death_certificate", city.first + day)
    who, kin = papers.rows(index), papers.rows(relative, "relative_")
    code, name = hospital(city, person, p.county[index])
    moved = p.move <= p.death
    columns = {
        "death_cert_no": join(
            "SW", number(day_number(death) // 10000, 4), number(city.serial(person, "death_cert_no"), 10)
        ),
        "id_no": who.id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "household_address": attributes.household_address(p, moved).take(pick),
        "residence_address": attributes.residence_address(p, moved).take(pick),
        "death_date": death,
        "death_place_code": take(_PLACES, city.pick(person, "death_place", 4)),
        "death_cause_code": take(_DEATH_CAUSES, city.pick(person, "death_cause_code", len(_DEATH_CAUSES))),
        "relative_name": kin.name,
        "relative_phone": attributes.phones(p).take(someone),
        "institution_code": code,
        "institution_name": name,
        "issue_date": np.minimum(death + city.pick(person, "issued_after", 3), np.maximum(death, city.first + day - 1)),
        "entered_at": _entered(city, person, day, death),
    }
    roles = {"self": person, "relative": np.where(relative < 0, -1, p.person[relative])}
    exempt = p.planted[index] | (p.slot[index] == NAMESAKE_SLOT)
    return Frame("health.death_certificate", ("death_cert_no",), columns, person, roles, person, exempt,
                 noted=who.noted | {what: rows for what, rows in kin.noted.items() if what[0] == "relative_name"})  # fmt: skip


def _entered(city: City, keys: Ints, day: int, event: Ints) -> Ints:
    clock = 9 * 3600 + city.pick(keys, "health.clock", 12 * 3600, event)
    return np.where(day > 0, city.first + day - 1, np.minimum(event, city.first - 1)) * 86400 + clock
