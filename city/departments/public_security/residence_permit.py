"""流动人口与居住证."""

import numpy as np
import pyarrow as pa

from city.kit.standing import Standing
from city.world.frames import Frame
from city.world.people import attributes
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.people.permits import last_anniversary, permit_no, permitted
from city.world.people.work import Employers, Work
from city.world.texts import constant, take

LANDLORDS = (75, 78, 81, 84, 87)
"""Slots of those who let rooms; see ``households``."""
REASONS = ("01", "02", "03", "05", "09")


def project(lives: Lives, day: int) -> Frame:
    """Return the permits new, renewed or worked on; day 0 has all."""
    p, city, name = lives.people, lives.city, "public_security.residence_permit"
    today = city.first + day
    begins = permitted(lives)
    renewed = last_anniversary(begins, today, 365)
    standing = Standing(lives, name, day, begins)
    standing.learn(np.where(begins < NEVER, renewed, NEVER))
    index = standing.rows
    person, pick = p.person[index], pa.array(index)
    known = identity(p, name, today)
    host = index - p.slot[index] + np.array(LANDLORDS)[city.pick(p.household[index], "landlord", len(LANDLORDS))]
    who, landlord = known.rows(index), known.rows(host, "landlord_")
    work = Work(lives)
    employer = Employers.of(city, name, today, work.place(today)[index])
    columns = {
        "certificate_no": permit_no(lives).take(pick),
        "id_kind_code": who.id_kind,
        "id_no": who.id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "phone": attributes.phones(p).take(pick),
        "household_address": attributes.household_address(p, p.move <= today).take(pick),
        "residence_address": attributes.residence_address(p, p.move <= today).take(pick),
        "address_code": attributes.address_code(p, p.move <= today).take(pick),
        "village_code": attributes.village_code(p, p.move <= today).take(pick),
        "arrival_date": p.arrive[index],
        "residence_reason_code": take(REASONS, city.pick(person, "residence_reason", len(REASONS))),
        "employer_name": employer.name,
        "landlord_id_no": landlord.id_no,
        "landlord_name": landlord.name,
        "issue_date": begins[index],
        "valid_to_date": renewed[index] + 364,
        "licence_state_code": constant("1", len(index)),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    roles = {"self": person, "landlord": p.person[host]}
    return Frame(name, ("certificate_no",), columns, person, roles, person, p.planted[index],
                 {"_lender_id_no": attributes.lender_id(p).take(pick)}, noted=who.noted | landlord.noted)  # fmt: skip
