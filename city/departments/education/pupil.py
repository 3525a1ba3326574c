"""学籍."""

import numpy as np
import pyarrow as pa

from city.departments.education import school_code
from city.kit.standing import Standing
from city.world.firms.firms import firms
from city.world.firms.pattern import SCHOOL
from city.world.frames import Frame
from city.world.hashing import Ints
from city.world.people import attributes
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.texts import choose, constant, join, nulls, number, plain, ymd


def _september(birth: Ints, age: int) -> Ints:
    """Return the first of September of the year in which somebody is of an age by the end of August."""
    year, month, _ = ymd(birth)
    years = year + age + (month > 8)
    return np.asarray(((years - 1970) * 12 + 8).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64))


def project(lives: Lives, day: int) -> Frame:
    """Return the pupils new or worked on; day 0 has all between their first day and the end of the ninth year."""
    p, city, name = lives.people, lives.city, "education.pupil"
    today = city.first + day
    entry = _september(p.birth, 6)
    begins = np.maximum(entry, np.where(p.guest, p.arrive + 20, 0))
    there = (p.mother >= 0) & (_september(p.birth, 15) > city.first) & lives.here(begins) & (begins < city.first + 4000)
    standing = Standing(lives, name, day, np.where(there, begins, NEVER), 0.5)
    index = standing.rows
    person, pick, count = p.person[index], pa.array(index), len(index)
    known = identity(p, name, today)
    by_father = city.chance(person, "pupil.father", 0.45) & (p.father[index] >= 0)
    kin = np.where(by_father, p.father[index], p.mother[index])
    who, guardian = known.rows(index), known.rows(kin, "guardian_")
    whole = firms(city)
    schools = np.flatnonzero(whole.sort == SCHOOL)
    school = schools[city.pick(p.block[index], "school", len(schools))]
    columns = {
        "pupil_no": join("G3707", number(city.serial(person, "pupil_no"), 10)),
        "id_kind_code": who.id_kind,
        "id_no": who.id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "school_code": school_code(city, whole.number[school]),
        "grade_code": number(np.clip((today - entry[index]) // 365 + 1, 1, 9), 2),
        "class_no": plain(1 + city.pick(person, "class", 8)),
        "entry_date": begins[index],
        "entry_kind_code": choose(begins[index] > entry[index], "3", "1"),
        "estate_unit_no": nulls(count),
        "guardian_id_no": guardian.id_no,
        "guardian_name": guardian.name,
        "guardian_phone": attributes.phones(p).take(pa.array(kin)),
        "guardian_relation_code": choose(by_father, "51", "52"),
        "household_address": attributes.household_address(p, p.move <= today).take(pick),
        "residence_address": attributes.residence_address(p, p.move <= today).take(pick),
        "pupil_state_code": constant("1", count),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    hidden = {
        "_lender_id_no": attributes.lender_id(p).take(pick),
        "_lender_guardian_id_no": attributes.lender_id(p).take(pa.array(kin)),
    }
    roles = {"self": person, "guardian": p.person[kin]}
    return Frame(name, ("pupil_no",), columns, person, roles, person, p.planted[index], hidden,
                 noted=who.noted | guardian.noted)  # fmt: skip
