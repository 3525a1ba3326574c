"""医保参保与个人账户."""

import numpy as np
import pyarrow as pa

from city.kit.standing import Standing
from city.world.frames import Frame, stack
from city.world.people import attributes
from city.world.people.attributes import AGENT_PHONES
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.people.work import (
    EMPLOYEES_HEALTH,
    RESIDENTS_HEALTH,
    Employers,
    Work,
)
from city.world.texts import NONE, choose, join, month_index, month_text, number, take


def project(lives: Lives, day: int) -> Frame:
    """Return the insured persons new or changed; day 0 has all."""
    p, city, name = lives.people, lives.city, "medical_insurance.medical_insured"
    today = city.first + day
    work = Work(lives)
    begins = work.health_from
    standing = Standing(lives, name, day, begins)
    gone = np.minimum(p.death, p.leave)
    over = standing.learn(gone)
    for turn in (work.begun, work.changed, work.ended):
        standing.learn(turn)
    index = standing.rows
    person, pick, count = p.person[index], pa.array(index), len(index)
    who = identity(p, name, today).rows(index)
    place = work.place(today)[index]
    employer = Employers.of(city, name, today, place)
    phone, agent = attributes.given_phones(p, name, AGENT_PHONES)
    month = month_index(np.full(count, today))
    columns = {
        "medical_personal_no": join("3707", number(city.serial(person, "medical_personal_no"), 10)),
        "id_kind_code": who.id_kind,
        "id_no": who.id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "phone": phone.take(pick),
        "residence_address": attributes.residence_address(p, p.move <= today).take(pick),
        "village_code": attributes.village_code(p, p.move <= today).take(pick),
        "insurance_kind_code": choose(place >= 0, EMPLOYEES_HEALTH, RESIDENTS_HEALTH),
        "employer_uscc": employer.uscc,
        "employer_name": employer.name,
        "enrol_date": begins[index],
        "insured_state_code": choose(over[index], "4", "1"),
        "stop_date": np.where(over[index], gone[index], NONE),
        "paid_to_month": month_text(np.where(place >= 0, month - 1, month // 12 * 12 + 11)),
        "year_paid_amount": np.where(place >= 0, 180000, 38000) + 100 * city.pick(person, "year_paid", 900),
        "account_balance_amount": 100 * city.pick(person, "account_balance", 8000),
        "subsidy_kind_code": take(("1", "2", "9"), np.minimum(city.pick(person, "subsidy", 60), 2)),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    noted = who.noted | employer.noted | {("phone", "shared_phone"): agent[index]}
    hidden = {"_lender_id_no": attributes.lender_id(p).take(pick)}
    frame = Frame(name, ("medical_personal_no",), columns, person, {"self": person}, person, p.planted[index],
                  hidden, {"employer": employer.number}, noted)  # fmt: skip
    again = join("3707", number(city.serial(person, "medical_personal_no.again"), 10))
    return stack([frame, frame.again(city.chance(person, f"{name}.again", 0.005), "medical_personal_no", again)])
