"""出生医学证明."""

import numpy as np
import pyarrow as pa

from city.departments.health import hospital
from city.kit.standing import Standing
from city.world.frames import Frame
from city.world.people import attributes
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.texts import constant, join, number, plain, take

CERTIFIED_YEARS = 9
"""Births this far back have a certificate in the system."""


def project(lives: Lives, day: int) -> Frame:
    """Return the certificates new or worked on; day 0 has those of nine years."""
    p, city, name = lives.people, lives.city, "health.birth_certificate"
    today = city.first + day
    born = (p.birth > city.first - CERTIFIED_YEARS * YEAR) & (p.mother >= 0) & ~p.guest
    standing = Standing(lives, name, day, np.where(born, p.birth + 2, NEVER))
    index = standing.rows
    person, pick = p.person[index], pa.array(index)
    known = identity(p, name, today)
    father, mother = p.father[index], p.mother[index]
    child, dad, mum = known.rows(index, "child_"), known.rows(father, "father_"), known.rows(mother, "mother_")
    code, institution = hospital(city, person, p.county[index])
    columns = {
        "birth_cert_no": join("C37", number(city.serial(person, "birth_cert_no"), 10)),
        "child_name": child.name,
        "child_id_no": child.id_no,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "birth_weight_g": plain(2600 + city.pick(person, "birth_weight", 1500)),
        "gestation_weeks": plain(36 + city.pick(person, "gestation", 6)),
        "delivery_kind_code": take(("1", "2"), city.pick(person, "delivery", 2)),
        "mother_id_no": mum.id_no,
        "mother_name": mum.name,
        "father_id_no": dad.id_no,
        "father_name": dad.name,
        "institution_code": code,
        "institution_name": institution,
        "residence_address": attributes.residence_address(p, p.move <= p.birth).take(pick),
        "issue_date": p.birth[index] + 2,
        "licence_state_code": constant("1", len(index)),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    roles = {"child": person, "mother": p.person[mother], "father": np.where(father < 0, -1, p.person[father])}
    return Frame(name, ("birth_cert_no",), columns, person, roles, person, p.planted[index],
                 noted=child.noted | mum.noted | dad.noted)  # fmt: skip
