"""失业与求职登记."""

import numpy as np
import pyarrow as pa

from city.departments.hrss import OCCUPATIONS
from city.kit.standing import Standing
from city.world.frames import Frame
from city.world.people import attributes
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.lives import Lives, correction_day
from city.world.people.work import (
    Employers,
    Work,
)
from city.world.places import COUNTY_CODES
from city.world.texts import NONE, choose, join, number, take


def project(lives: Lives, day: int) -> Frame:
    """Return the people who look for work, new or worked on; day 0 has all."""
    p, city, name = lives.people, lives.city, "hrss.job_seeker"
    today = city.first + day
    begins = city.first - 500 + city.pick(p.person, "seeks", 900)
    age = (begins - p.birth) / YEAR
    seeks = city.chance(p.person, "seeks.drawn", 0.06) & (age > 19) & (age < 55) & (p.abroad < 0) & lives.here(begins)
    standing = Standing(lives, name, day, np.where(seeks & (p.slot < 100), begins, NEVER), 0.5)
    index = standing.rows
    person, pick = p.person[index], pa.array(index)
    who = identity(p, name, today).rows(index)
    work = Work(lives)
    before = np.where(work.begun < begins, work.firms.index(work.firms.employer(p.person)), -1)[index]
    employer = Employers.of(city, name, today, before, "previous_employer_")
    columns = {
        "seeker_no": join("QZ", number(city.serial(person, "seeker_no"), 10)),
        "id_no": who.id_no,
        "name": who.name,
        "birth_date": p.birth[index],
        "phone": attributes.phones(p).take(pick),
        "registered_date": begins[index],
        "education_code": attributes.education(p, correction_day(lives) <= day).take(pick),
        "occupation_code": take(OCCUPATIONS, city.pick(person, "seeks.occupation", len(OCCUPATIONS))),
        "skill_name": take(("电工", "焊工", "会计", "厨师", "驾驶", "护理", "缝纫"), city.pick(person, "skill", 7)),
        "expected_salary_amount": 300000 + 10000 * city.pick(person, "salary", 50),
        "county_code": number(COUNTY_CODES[p.county[index]], 6),
        "unemployed_date": np.where(before >= 0, begins[index] - 20, NONE),
        "unemployed_reason_code": take(
            ("1", "2", "3", "9"), np.where(before >= 0, city.pick(person, "unemployed", 4), -1)
        ),
        "previous_employer_uscc": employer.uscc,
        "previous_employer_name": employer.name,
        "seeker_state_code": choose(standing.corrected[index], "2", "1"),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    return Frame(name, ("seeker_no",), columns, person, {"self": person}, person, p.planted[index],
                 firms={"previous_employer": employer.number}, noted=who.noted | employer.noted)  # fmt: skip
