"""居民健康档案与家庭医生签约."""

import numpy as np
import pyarrow as pa

from city.departments.health import hospital
from city.kit.standing import Standing
from city.world.frames import Frame, stack
from city.world.people import attributes
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.texts import NONE, choose, join, nulls, number, take

RECORDS = 0.45
"""Of the people, as far as this city is made."""


def project(lives: Lives, day: int) -> Frame:
    """Return the records new or worked on; some people have a second one, made at another clinic."""
    p, city, name = lives.people, lives.city, "health.health_record"
    today = city.first + day
    begins = np.maximum(
        np.maximum(city.first - 3000 + city.pick(p.person, "health_record", 3100), p.birth + 40), p.arrive
    )
    kept = city.chance(p.person, "health_record.kept", RECORDS) & (p.abroad < 0) & lives.here(begins)
    standing = Standing(lives, name, day, np.where(kept, begins, NEVER), 0.5)
    index = standing.rows
    person, pick, count = p.person[index], pa.array(index), len(index)
    known = identity(p, name, today)
    kin = np.where((today - p.birth[index]) / YEAR < 18, p.mother[index], p.spouse[index])
    who, contact = known.rows(index), known.rows(kin, "contact_")
    phone, agent = attributes.given_phones(p, name, 0.05)
    visited = today - 1 - (today + city.pick(person, "followed_up", 180)) % 180
    ill = city.chance(person, "chronic", 0.18)
    columns = {
        "health_record_no": join("DA37070", number(city.serial(person, "health_record_no"), 10)),
        "id_no": who.id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "phone": phone.take(pick),
        "residence_address": attributes.residence_address(p, p.move <= today).take(pick),
        "address_code": attributes.address_code(p, p.move <= today).take(pick),
        "village_code": attributes.village_code(p, p.move <= today).take(pick),
        "blood_type_code": take(("1", "2", "3", "4", "5"), city.pick(person, "blood_type", 5)),
        "allergy_name": take(
            ("青霉素", "磺胺类", "海鲜"), city.pick(person, "allergy", 40), city.pick(person, "allergy", 40) > 2
        ),
        "chronic_disease_code": choose(
            ill, take(("I10", "E11", "J44", "I25"), city.pick(person, "chronic_kind", 4)), nulls(count)
        ),
        "last_followup_date": np.where(ill, np.maximum(visited, begins[index]), NONE),
        "next_due_date": np.where(ill, np.maximum(visited, begins[index]) + 90, NONE),
        "contact_name": contact.name,
        "contact_phone": attributes.phones(p).take(pa.array(np.maximum(kin, 0), mask=kin < 0)),
        "family_doctor_name": take(
            ("王医生", "李医生", "张医生", "刘医生", "孙医生"), city.pick(p.block[index], "family_doctor", 5)
        ),
        "family_doctor_phone": attributes.mobile(city, -(2**51) - p.block[index]),
        "sign_valid_to_date": np.full(count, today + 200) - city.pick(person, "signed", 300),
        "institution_code": hospital(city, p.block[index], p.county[index])[0],
        "call_device_no": nulls(count),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    roles = {"self": person, "contact": np.where(kin < 0, -1, p.person[kin])}
    noted = {what: rows for what, rows in contact.noted.items() if what[0] in columns}
    noted |= who.noted | {("phone", "shared_phone"): agent[index]}
    frame = Frame(name, ("health_record_no",), columns, person, roles, person, p.planted[index],
                  {"_lender_id_no": attributes.lender_id(p).take(pick)}, noted=noted)  # fmt: skip
    again = join("DA37071", number(city.serial(person, "health_record_no"), 10))
    return stack([frame, frame.again(city.chance(person, f"{name}.again", 0.012), "health_record_no", again)])
