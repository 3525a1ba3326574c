"""社会保险参保登记与社保卡."""

import numpy as np
import pyarrow as pa

from city.departments.hrss import OCCUPATIONS, personal_no
from city.kit.standing import Standing
from city.world.frames import Frame, stack
from city.world.hashing import Bools, Ints
from city.world.people import attributes
from city.world.people.attributes import AGENT_PHONES
from city.world.people.courses import NEVER
from city.world.people.documents import identity, registered_twice, second_id_no
from city.world.people.lives import Lives
from city.world.people.work import (
    EMPLOYEES,
    RESIDENTS,
    STAFF,
    UNEMPLOYMENT,
    Employers,
    Work,
)
from city.world.texts import NONE, Text, choose, constant, join, number, plain, take

_AGAINST_UNEMPLOYMENT = 0.4
"""Of the employees, as far as this city is made."""
FOUNDED = 8035
"""1992-01-01: nobody was insured before."""


def project(lives: Lives, day: int) -> Frame:
    """Return the insurances that began, ended or changed hands; day 0 has all."""
    work = Work(lives)
    nobody = np.full(len(lives.people), -1, dtype=np.int64)
    office, elsewhere = work.stints(public=True), work.stints(public=False)
    some = lives.city.chance(lives.people.person, "insured.unemployment", _AGAINST_UNEMPLOYMENT)
    limited = (np.where(some, elsewhere[0], NEVER), elsewhere[1], elsewhere[2])
    parts = [
        (STAFF, office),
        (EMPLOYEES, elsewhere),
        (UNEMPLOYMENT, limited),
        (RESIDENTS, (work.resident_from, work.ended, nobody)),
    ]
    return stack([_insured(lives, work, day, place, *part) for place, part in enumerate(parts)])


def _insured(lives: Lives, work: Work, day: int, turn: int, kind: str, stint: tuple[Ints, Ints, Ints]) -> Frame:
    p, city, name = lives.people, lives.city, "hrss.insured_person"
    today = city.first + day
    begins, ends, place = np.maximum(stint[0], FOUNDED), stint[1], stint[2]
    insured = (begins < np.minimum(p.death, p.leave)) & (begins < ends)
    standing = Standing(lives, f"{name}.{kind}", day, np.where(insured, begins, NEVER))
    over = standing.learn(np.where(ends > begins, ends, NEVER))
    standing.learn(work.changed)
    index = standing.rows
    person, pick, count = p.person[index], pa.array(index), len(index)
    who = identity(p, name, today).rows(index)
    shown = np.where(over, place, np.where(place >= 0, work.place(today), -1))[index]
    employer = Employers.of(city, name, today, np.where((shown < 0) & (place[index] >= 0), place[index], shown))
    phone, agent = attributes.given_phones(p, name, AGENT_PHONES if kind == RESIDENTS else 0.0)
    base = 400000 + 1000 * city.pick(person, "contribution_base", 900)
    id_no, twice = _second_numbers(lives, index, who.id_no)
    columns = {
        "personal_no": personal_no(city, person),
        "id_kind_code": who.id_kind,
        "id_no": id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "phone": phone.take(pick),
        "residence_address": attributes.residence_address(p, p.move <= today).take(pick),
        "insurance_kind_code": constant(kind, count),
        "employer_uscc": employer.uscc,
        "employer_name": employer.name,
        "enrol_date": begins[index],
        "insured_state_code": choose(over[index], "4", "1"),
        "stop_date": np.where(over[index], ends[index], NONE),
        "contribution_base_amount": np.where(place[index] >= 0, base, 36000),
        "months_paid_count": plain(np.maximum(np.minimum(today, ends[index]) - begins[index], 0) // 31),
        "occupation_code": take(OCCUPATIONS, city.pick(person, "occupation", len(OCCUPATIONS))),
        "social_card_no": join("37070", number(city.serial(person, "social_card"), 10)),
        "social_card_state_code": constant("1", count),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    noted = (
        who.noted | employer.noted | {("phone", "shared_phone"): agent[index], ("id_no", "two_ids_one_person"): twice}
    )
    return Frame(name, ("personal_no", "insurance_kind_code"), columns, person * 4 + turn, {"self": person}, person,
                 p.planted[index], firms={"employer": employer.number}, noted=noted)  # fmt: skip


def _second_numbers(lives: Lives, index: Ints, numbers: Text) -> tuple[Text, Bools]:
    """Return the numbers as HRSS has them: for half of those registered twice by the police, the second one."""
    twice = registered_twice(lives.people) & lives.city.chance(lives.people.person, "insured.second_number", 0.5)
    return choose(twice[index], second_id_no(lives.people).take(pa.array(index)), numbers), twice[index]
