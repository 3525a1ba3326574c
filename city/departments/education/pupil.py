"""学籍."""

import numpy as np

from city.departments.education import school_code
from city.kit.people import Records
from city.kit.standing import Standing
from city.world.firms.firms import firms
from city.world.firms.pattern import SCHOOL
from city.world.frames import Frame
from city.world.hashing import Ints
from city.world.people.courses import NEVER
from city.world.people.lives import Lives
from city.world.texts import number, plain, ymd


def _september(birth: Ints, age: int) -> Ints:
    """Return the first of September of the year in which somebody is of an age by the end of August."""
    year, month, _ = ymd(birth)
    years = year + age + (month > 8)
    return np.asarray(((years - 1970) * 12 + 8).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64))


def project(lives: Lives, day: int) -> Frame:
    """Return the pupils new or worked on; day 0 has all between their first day and the end of the ninth year."""
    p, city = lives.people, lives.city
    entry = _september(p.birth, 6)
    begins = np.maximum(entry, np.where(p.guest, p.arrive + 20, 0))
    there = (p.mother >= 0) & (_september(p.birth, 15) > city.first) & lives.here(begins) & (begins < city.first + 4000)
    standing = Standing(lives, "education.pupil", day, np.where(there, begins, NEVER), 0.5)
    rows = Records.of_register(standing)
    by_father = rows.chance("pupil.father", 0.45) & (rows.of(p.father) >= 0)
    rows.person_in("guardian", np.where(by_father, rows.of(p.father), rows.of(p.mother)))
    schools = np.flatnonzero(firms(city).sort == SCHOOL)
    school = schools[city.pick(rows.of(p.block), "school", len(schools))]
    return rows.frame({
        "pupil_no": rows.serial("pupil_no", "G3707"),
        "school_code": school_code(city, firms(city).number[school]),
        "grade_code": number(np.clip((rows.today - rows.of(entry)) // 365 + 1, 1, 9), 2),
        "class_no": plain(rows.count("class", 1, 8)),
        "entry_date": rows.of(begins),
        "entry_kind_code": rows.flag(rows.of(begins) > rows.of(entry), "3", "1"),
        "estate_unit_no": rows.nothing(),
        "guardian_relation_code": rows.flag(by_father, "51", "52"),
        "pupil_state_code": rows.constant("1"),
    })  # fmt: skip
