"""残疾人."""

import numpy as np
import pyarrow as pa

from city.departments.civil_affairs.assisted_family import DISABLED
from city.world.frames import Frame
from city.world.people import attributes
from city.world.people.births import YEAR
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.texts import constant, join, nulls, number, take


def project(lives: Lives, day: int) -> Frame:
    """Return everybody with a disability card, as of a city day."""
    p, city, name = lives.people, lives.city, "disabled_persons_federation.disabled_person"
    today = city.first + day
    issued = np.maximum(city.first - 3600 + city.pick(p.person, "disabled.issued", 4500), p.birth + 900)
    has = city.chance(p.person, "disabled", DISABLED) & (p.slot < 100) & (issued < today)
    index = np.flatnonzero(has & (issued < p.death) & (np.minimum(p.death, p.leave) > today - 60))
    person, pick, count = p.person[index], pa.array(index), len(index)
    known = identity(p, name, today)
    young = (today - p.birth[index]) / YEAR < 18
    kin = np.where(young, p.mother[index], p.spouse[index])
    who, guardian = known.rows(index), known.rows(kin, "guardian_")
    columns = {
        "disability_cert_no": join("CJ3707", number(city.serial(person, "disability_cert"), 10)),
        "id_no": who.id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "phone": attributes.phones(p).take(pick),
        "disability_kind_code": take(("1", "2", "3", "4", "5", "6"), city.pick(person, "disability_kind", 6)),
        "disability_level_code": take(("1", "2", "3", "4"), city.pick(person, "disability_level", 4)),
        "guardian_name": guardian.name,
        "guardian_phone": attributes.phones(p).take(pa.array(np.maximum(kin, 0), mask=kin < 0)),
        "residence_address": attributes.residence_address(p, p.move <= today).take(pick),
        "village_code": attributes.village_code(p, p.move <= today).take(pick),
        "issue_date": issued[index],
        "valid_to_date": issued[index] + 3652,
        "licence_state_code": constant("1", count),
        "remark": nulls(count),
    }
    roles = {"self": person, "guardian": np.where(kin < 0, -1, p.person[kin])}
    noted = who.noted | {what: rows for what, rows in guardian.noted.items() if what[0] in columns}
    return Frame(name, ("disability_cert_no",), columns, person, roles, person, p.planted[index], noted=noted)
