"""就诊记录(预约、门急诊、住院)."""

import numpy as np
import pyarrow as pa

from city.departments.health import hospital
from city.world.city import City
from city.world.frames import Frame, stack
from city.world.hashing import Ints
from city.world.people import attributes
from city.world.people.documents import identity
from city.world.people.lives import Lives, window
from city.world.texts import NONE, Text, choose, constant, day_number, join, nulls, number, take

_CLINICS = ("内科", "外科", "骨科", "心血管内科", "呼吸内科", "神经内科", "眼科", "中医科", "口腔科", "皮肤科")
_DIAGNOSES = (
    ("I10.x00", "高血压病"),
    ("E11.900", "2型糖尿病"),
    ("J06.900", "急性上呼吸道感染"),
    ("I25.100", "冠状动脉粥样硬化性心脏病"),
    ("M54.500", "腰痛"),
    ("K29.500", "慢性胃炎"),
    ("J18.900", "肺炎"),
    ("I63.900", "脑梗死"),
    ("H25.900", "老年性白内障"),
    ("L30.900", "湿疹"),
)
_CHANNELS = ("01", "02", "03", "04", "05")


def project(lives: Lives, day: int) -> Frame:
    """Return visits new, put right or withdrawn on a city day; day 0 has one year of them in their present state."""
    city = lives.city
    days = window(city, day)
    if day:
        days = np.arange(days[0] - 15, city.first + day, dtype=np.int64)
    index, visited = lives.visits(days)
    keys = lives.people.person[index]
    reached = city.delivered(keys, "medical_visit", visited, 0.04)
    stay = np.where(city.chance(keys, "inpatient", 0.06, visited), 3 + city.pick(keys, "stay", 11, visited), 0)
    settled = np.where(stay > 0, np.maximum(visited + stay - city.first + 1, reached), reached)
    cancelled = city.chance(keys, "visit.cancelled", 0.006, visited) & (stay == 0)
    withdrawn = np.where(cancelled, reached + 1 + city.pick(keys, "visit.withdrawn", 3, visited), 10**6)
    if day == 0:
        return _visit_frame(lives, index, visited, stay, day, "I", reached == 0)
    parts = [
        _visit_frame(lives, index, visited, stay, day, "I", reached == day),
        _visit_frame(lives, index, visited, stay, day, "U", (settled == day) & (reached < day)),
        _visit_frame(lives, index, visited, stay, day, "D", withdrawn == day),
    ]
    return stack(parts)


def _visit_frame(lives: Lives, index: Ints, visited: Ints, stay: Ints, day: int, op: str, chosen: np.ndarray) -> Frame:
    p, city = lives.people, lives.city
    index, visited, stay = index[chosen], visited[chosen], stay[chosen]
    count = len(index)
    person = p.person[index]
    pick = pa.array(index)
    who = identity(p, "health.medical_visit", city.first + day).rows(index)
    clock = 8 * 3600 + city.pick(person, "visit.clock", 9 * 3600, visited)
    at = visited * 86400 + clock
    out = np.where((stay > 0) & (visited + stay < city.first + day), (visited + stay) * 86400 + 10 * 3600, NONE)
    inside = (stay > 0) & (out == NONE)
    booked = city.chance(person, "booked", 0.55, visited)
    total = np.where(stay > 0, 300000 + 60000 * stay, 3000 + city.pick(person, "fee", 45000, visited))
    share = 20 + city.pick(person, "self_paid", 60, visited)
    code, name = hospital(city, person, p.county[index])
    diagnosis = city.pick(person, "diagnosis", len(_DIAGNOSES), visited)
    touched = np.where(day > 0, city.first + day - 1, np.minimum(visited + stay, city.first - 1))
    later = 17 * 3600 + city.pick(person, "visit.entered", 5 * 3600, visited)
    columns = {
        "visit_no": join("JZ", number(day_number(visited), 8), number(city.serial(person, "visit_no"), 10)),
        "visit_kind_code": take(("1", "3"), (stay > 0).astype(np.int64)),
        "id_kind_code": who.id_kind,
        "id_no": who.id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "phone": attributes.phones(p).take(pick),
        "health_card_no": _health_card(city, person),
        "institution_code": code,
        "clinic_name": take(_CLINICS, city.pick(person, "clinic", len(_CLINICS), visited)),
        "doctor_name": take(
            ("王医生", "李医生", "张医生", "刘医生", "孙医生", "赵医生"), city.pick(person, "doctor", 6, visited)
        ),
        "booked_at": np.where(booked, at - 86400 * (1 + city.pick(person, "ahead", 3, visited)), NONE),
        "visited_at": at,
        "discharged_at": out,
        "discharge_kind_code": choose(out == NONE, nulls(count), constant("1", count)),
        "diagnosis_code": take([item[0] for item in _DIAGNOSES], diagnosis),
        "diagnosis_name": take([item[1] for item in _DIAGNOSES], diagnosis),
        "total_amount": np.where(inside, NONE, total),
        "self_paid_amount": np.where(inside, NONE, total * share // 100),
        "paid_at": np.where(inside, NONE, np.where(stay > 0, out + 1800, at + 1800)),
        "pay_channel_code": choose(inside, nulls(count), take(_CHANNELS, city.pick(person, "channel", 5, visited))),
        "visit_state_code": take(("3", "2"), inside.astype(np.int64)) if op != "D" else constant("9", count),
        "updated_at": touched * 86400 + later,
        "op_code": constant(op, count),
    }
    hidden = {"_lender_id_no": attributes.lender_id(p).take(pick)}
    record = person * 2**20 + (visited + 2**18)
    return Frame(
        "health.medical_visit",
        ("visit_no",),
        columns,
        record,
        {"self": person},
        person,
        p.planted[index],
        hidden,
        noted=who.noted,
    )


def _health_card(city: City, person: Ints) -> Text:
    return join("QR", number(city.serial(person, "health_card"), 10))
