"""失业与求职登记."""

import numpy as np

from city.departments.hrss import OCCUPATIONS
from city.kit.people import Records
from city.kit.standing import Standing
from city.world.frames import Frame
from city.world.people import attributes
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.lives import Lives, correction_day
from city.world.people.work import Work

SKILLS = ("电工", "焊工", "会计", "厨师", "驾驶", "护理", "缝纫")


def project(lives: Lives, day: int) -> Frame:
    """Return the people who look for work, new or worked on; day 0 has all."""
    p, city = lives.people, lives.city
    begins = city.first - 500 + city.pick(p.person, "seeks", 900)
    age = (begins - p.birth) / YEAR
    seeks = city.chance(p.person, "seeks.drawn", 0.06) & (age > 19) & (age < 55) & (p.abroad < 0) & lives.here(begins)
    standing = Standing(lives, "hrss.job_seeker", day, np.where(seeks & (p.slot < 100), begins, NEVER), 0.5)
    rows = Records.of_register(standing)
    work = Work(lives)
    before = rows.of(np.where(work.begun < begins, work.firms.index(work.firms.employer(p.person)), -1))
    rows.firm_in("previous_employer", before)
    return rows.frame({
        "seeker_no": rows.serial("seeker_no", "QZ"),
        "registered_date": rows.of(begins),
        "education_code": rows.texts(attributes.education(p, correction_day(lives) <= day)),
        "occupation_code": rows.choice("seeks.occupation", OCCUPATIONS),
        "skill_name": rows.choice("skill", SKILLS),
        "expected_salary_amount": rows.amount("salary", 3000, 7900, step=100),
        "unemployed_date": rows.only(before >= 0, rows.of(begins) - 20),
        "unemployed_reason_code": rows.only(before >= 0, rows.choice("unemployed", ("1", "2", "3", "9"))),
        "seeker_state_code": rows.flag(rows.of(standing.corrected), "2", "1"),
    })  # fmt: skip
