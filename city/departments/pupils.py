"""教育局 and 编办: who is at school, and who holds a post in a public office."""

import numpy as np
import pyarrow as pa

from city import attributes
from city.courses import NEVER
from city.documents import identity
from city.firm_pattern import SCHOOL
from city.firms import firms
from city.frames import Frame
from city.hashing import Ints
from city.lives import Lives
from city.places import COUNTY_CODES
from city.standing import Standing, plain
from city.texts import NONE, Text, choose, constant, join, nulls, number, take, ymd
from city.work import Employers, Work
from city.world import City

_POSTS = ("01", "02", "03", "04", "05")


def school_code(city: City, firm: Ints) -> Text:
    """Return the education office's codes of schools."""
    return join("37", number(city.serial(firm, "school_code"), 10))


def unit_code(city: City, county: Ints, firm: Ints) -> Text:
    """Return the establishment office's codes of units."""
    return join("BZ", number(COUNTY_CODES[county], 6), number(city.serial(firm, "unit_code"), 10))


def _september(birth: Ints, age: int) -> Ints:
    """Return the first of September of the year in which somebody is of an age by the end of August."""
    year, month, _ = ymd(birth)
    years = year + age + (month > 8)
    return np.asarray(((years - 1970) * 12 + 8).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64))


def pupil(lives: Lives, day: int) -> Frame:
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
    return Frame(name, ("pupil_no",), columns, person, roles, person, p.case[index] >= 0, hidden,
                 noted=who.noted | guardian.noted)  # fmt: skip


def establishment_member(lives: Lives, day: int) -> Frame:
    """Return the posts taken, left or worked on; day 0 has all."""
    p, city, name = lives.people, lives.city, "establishment.establishment_member"
    today = city.first + day
    work = Work(lives)
    begins, ends, place = work.stints(public=True)
    has = (p.abroad < 0) & (begins < np.minimum(p.death, p.leave)) & (ends > city.first - 1500)
    standing = Standing(lives, name, day, np.where(has, begins, NEVER))
    over = standing.learn(np.where(ends > begins, ends, NEVER))
    standing.learn(np.where(work.changed > begins, work.changed, NEVER))
    index = standing.rows
    person, pick = p.person[index], pa.array(index)
    who = identity(p, name, today).rows(index)
    unit = Employers.of(city, name, today, place[index], "unit_")
    county = work.firms.county[place[index]]
    columns = {
        "establishment_no": join("BZK", number(city.serial(person, "establishment_no"), 10)),
        "id_no": who.id_no,
        "name": who.name,
        "birth_date": p.birth[index],
        "phone": attributes.phones(p).take(pick),
        "unit_code": unit_code(city, county, unit.number),
        "unit_name": unit.name,
        "staff_kind_code": take(("1", "2", "3"), city.pick(person, "staff_kind", 3)),
        "quota_kind_code": take(("1", "2"), city.pick(person, "quota_kind", 2)),
        "post_level_code": take(_POSTS, city.pick(person, "post_level", len(_POSTS))),
        "in_date": begins[index],
        "out_date": np.where(over[index], ends[index], NONE),
        "is_on_post": choose(over[index], "0", "1"),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    noted = who.noted | {what: rows for what, rows in unit.noted.items() if what[0] in columns}
    return Frame(name, ("establishment_no",), columns, person, {"self": person}, person, p.case[index] >= 0,
                 firms={"unit": unit.number}, noted=noted)  # fmt: skip
