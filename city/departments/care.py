"""卫健委: births, health records and vaccinations, over a paged JSON API."""

import numpy as np
import pyarrow as pa

from city import attributes
from city.births import YEAR
from city.courses import NEVER
from city.departments.health import hospital
from city.documents import identity
from city.frames import Frame, stack
from city.hashing import Ints
from city.lives import HISTORY, Lives
from city.standing import Standing, plain
from city.texts import NONE, choose, constant, day_number, join, nulls, number, take

CERTIFIED_YEARS = 9
"""Births this far back have a certificate in the system."""
RECORDS = 0.45
"""Of the people, as far as this city is made."""
DOSES = ((1, "0101"), (30, "0201"), (62, "0301"), (95, "0401"), (125, "0301"), (185, "0101"), (245, "0501"), (545, "0401"), (735, "0601"),
         (1460, "0301"), (2195, "0401"))  # fmt: skip
"""Age in days and vaccine."""
_WINDOW = 12


def birth_certificate(lives: Lives, day: int) -> Frame:
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
    return Frame(name, ("birth_cert_no",), columns, person, roles, person, p.case[index] >= 0,
                 noted=child.noted | mum.noted | dad.noted)  # fmt: skip


def health_record(lives: Lives, day: int) -> Frame:
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
    frame = Frame(name, ("health_record_no",), columns, person, roles, person, p.case[index] >= 0,
                  {"_lender_id_no": attributes.lender_id(p).take(pick)}, noted=noted)  # fmt: skip
    again = join("DA37071", number(city.serial(person, "health_record_no"), 10))
    return stack([frame, frame.again(city.chance(person, f"{name}.again", 0.012), "health_record_no", again)])


def vaccination(lives: Lives, day: int) -> Frame:
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
    return Frame(name, ("vaccination_no",), columns, person * 16 + turn, roles, person, p.case[index] >= 0,
                 {"_lender_id_no": attributes.lender_id(p).take(pick)}, noted=noted)  # fmt: skip
