"""预防接种."""

import numpy as np
import pyarrow as pa

from city.departments.health import hospital
from city.world.city import HISTORY
from city.world.frames import Frame, stack
from city.world.hashing import Ints
from city.world.people import attributes
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.texts import NONE, constant, day_number, join, number

DOSES = ((1, "0101"), (30, "0201"), (62, "0301"), (95, "0401"), (125, "0301"), (185, "0101"), (245, "0501"), (545, "0401"), (735, "0601"),
         (1460, "0301"), (2195, "0401"))  # fmt: skip
"""Age in days and vaccine."""
_WINDOW = 12


def project(lives: Lives, day: int) -> Frame:
    """Return the doses that reach the lake on a city day; day 0 has one year of them."""
    found = [(turn, *_given(lives, day, turn)) for turn in range(len(DOSES))]
    some = [item for item in found if len(item[1])]
    return stack([_doses(lives, day, *item) for item in some or found[:1]])


def _given(lives: Lives, day: int, turn: int) -> tuple[Ints, Ints]:
    p, city = lives.people, lives.city
    given = p.birth + DOSES[turn][0] + city.pick(p.person, "dose", _WINDOW, turn)
    reached = city.delivered(p.person, f"health.vaccination.{turn}", given, 0.02)
    due = (given >= city.first - HISTORY) & (given < city.first + day) & ~p.guest & (p.mother >= 0)
    index = np.flatnonzero(due & (reached == day) & lives.here(given))
    return index, given[index]


def _doses(lives: Lives, day: int, turn: int, index: Ints, given: Ints) -> Frame:
    p, city, name = lives.people, lives.city, "health.vaccination"
    today, vaccine = city.first + day, DOSES[turn][1]
    person, pick, count = p.person[index], pa.array(index), len(index)
    known = identity(p, name, today)
    by_father = city.chance(person, "dose.father", 0.2, turn) & (p.father[index] >= 0)
    kin = np.where(by_father, p.father[index], p.mother[index])
    who, guardian = known.rows(index), known.rows(kin, "guardian_")
    code, institution = hospital(city, p.block[index], p.county[index])
    columns = {
        "vaccination_no": join("YM", number(day_number(given), 8), number(city.serial(person, "vaccination_no"), 10)),
        "id_no": who.id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "guardian_name": guardian.name,
        "guardian_phone": attributes.phones(p).take(pa.array(np.maximum(kin, 0), mask=kin < 0)),
        "vaccine_code": constant(vaccine, count),
        "dose_no": constant(str(1 + sum(other == vaccine for _, other in DOSES[:turn])), count),
        "inoculate_date": given,
        "next_due_date": p.birth[index] + DOSES[turn + 1][0] if turn + 1 < len(DOSES) else np.full(count, NONE),
        "institution_code": code,
        "institution_name": institution,
        "residence_address": attributes.residence_address(p, p.move <= today).take(pick),
        "village_code": attributes.village_code(p, p.move <= today).take(pick),
        "entered_at": np.where(day > 0, today - 1, given) * 86400 + 17 * 3600,
    }
    roles = {"self": person, "guardian": np.where(kin < 0, -1, p.person[kin])}
    noted = who.noted | {what: rows for what, rows in guardian.noted.items() if what[0] in columns}
    return Frame(name, ("vaccination_no",), columns, person * 16 + turn, roles, person, p.planted[index],
                 {"_lender_id_no": attributes.lender_id(p).take(pick)}, noted=noted)  # fmt: skip
