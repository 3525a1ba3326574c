"""居民健康档案与家庭医生签约."""

import numpy as np

from city.departments.health import hospital
from city.kit.people import Records
from city.kit.standing import Standing
from city.world.frames import Frame, stack
from city.world.people import attributes
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.lives import Lives
from city.world.texts import take

RECORDS = 0.45
"""Of the people, as far as this city is made."""
ALLERGIES, CHRONIC = ("青霉素", "磺胺类", "海鲜"), ("I10", "E11", "J44", "I25")
DOCTORS = ("王医生", "李医生", "张医生", "刘医生", "孙医生")


def project(lives: Lives, day: int) -> Frame:
    """Return the records new or worked on; some people have a second one, made at another clinic."""
    p, city = lives.people, lives.city
    made = city.first - 3000 + city.pick(p.person, "health_record", 3100)
    begins = np.maximum(np.maximum(made, p.birth + 40), p.arrive)
    kept = city.chance(p.person, "health_record.kept", RECORDS) & (p.abroad < 0) & lives.here(begins)
    standing = Standing(lives, "health.health_record", day, np.where(kept, begins, NEVER), 0.5)
    rows = Records.of_register(standing)
    young = (rows.today - rows.of(p.birth)) / YEAR < 18
    rows.person_in("contact", np.where(young, rows.of(p.mother), rows.of(p.spouse)))
    rows.phones_of_agents(0.05)
    block, allergy = rows.of(p.block), rows.count("allergy", 0, 39)
    visited = rows.today - 1 - (rows.today + rows.count("followed_up", 0, 179)) % 180
    ill = rows.chance("chronic", 0.18)
    visited = np.maximum(visited, rows.of(begins))
    frame = rows.frame({
        "health_record_no": rows.serial("health_record_no", "DA37070"),
        "blood_type_code": rows.choice("blood_type", ("1", "2", "3", "4", "5")),
        "allergy_name": take(ALLERGIES, allergy, allergy > 2),
        "chronic_disease_code": rows.only(ill, rows.choice("chronic_kind", CHRONIC)),
        "last_followup_date": rows.only(ill, visited),
        "next_due_date": rows.only(ill, visited + 90),
        "family_doctor_name": take(DOCTORS, city.pick(block, "family_doctor", len(DOCTORS))),
        "family_doctor_phone": attributes.mobile(city, -(2**51) - block),
        "sign_valid_to_date": rows.today + 200 - rows.count("signed", 0, 299),
        "institution_code": hospital(city, block, rows.of(p.county))[0],
        "call_device_no": rows.nothing(),
    })  # fmt: skip
    again = rows.serial("health_record_no", "DA37071")
    return stack([frame, frame.again(rows.chance(f"{rows.resource}.again", 0.012), "health_record_no", again)])
