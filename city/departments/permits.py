"""公安局: residence permits of people registered elsewhere, and driving licences, in a database."""

import numpy as np
import pyarrow as pa

from city import attributes
from city.births import YEAR
from city.courses import NEVER
from city.documents import identity
from city.frames import Frame
from city.hashing import Ints
from city.lives import Lives
from city.places import COUNTY_CODES
from city.standing import Standing, plain
from city.texts import NONE, constant, join, number, take
from city.work import Employers, Work

LANDLORDS = (75, 78, 81, 84, 87)
"""Slots of those who let rooms; see ``households``."""
REASONS = ("01", "02", "03", "05", "09")
CLASSES = ("C1", "C2", "B2", "A2", "D", "E")
_CLASS = np.array([0, 0, 0, 0, 1, 1, 2, 3, 4, 5])
DRIVES = 0.34
"""Of the adults, as far as this city is made."""
TERM = 2191
"""Days for which a driving licence holds: six years."""


def permitted(lives: Lives) -> Ints:
    """Return the day on which guests get their residence permits, ``NEVER`` for everybody else."""
    p = lives.people
    day = p.arrive + 5 + lives.city.pick(p.person, "permitted", 60)
    return np.where(p.guest & (day < p.death), day, NEVER)


def permit_no(lives: Lives) -> pa.StringArray:
    """Return the numbers of the residence permits."""
    p = lives.people
    return join("JZ", number(COUNTY_CODES[p.county], 6), number(lives.city.serial(p.person, "permit_no"), 10))


def last_anniversary(begins: Ints, today: int, term: int) -> Ints:
    """Return the last day before ``today`` on which a paper was renewed, counted in terms from its beginning; else its beginning."""
    return np.asarray(begins + np.maximum(today - 1 - begins, 0) // term * term)


def residence_permit(lives: Lives, day: int) -> Frame:
    """Return the permits new, renewed or worked on; day 0 has all."""
    p, city, name = lives.people, lives.city, "public_security.residence_permit"
    today = city.first + day
    begins = permitted(lives)
    renewed = last_anniversary(begins, today, 365)
    standing = Standing(lives, name, day, begins)
    standing.learn(np.where(begins < NEVER, renewed, NEVER))
    index = standing.rows
    person, pick = p.person[index], pa.array(index)
    known = identity(p, name, today)
    host = index - p.slot[index] + np.array(LANDLORDS)[city.pick(p.household[index], "landlord", len(LANDLORDS))]
    who, landlord = known.rows(index), known.rows(host, "landlord_")
    work = Work(lives)
    employer = Employers.of(city, name, today, work.place(today)[index])
    columns = {
        "certificate_no": permit_no(lives).take(pick),
        "id_kind_code": who.id_kind,
        "id_no": who.id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "phone": attributes.phones(p).take(pick),
        "household_address": attributes.household_address(p, p.move <= today).take(pick),
        "residence_address": attributes.residence_address(p, p.move <= today).take(pick),
        "address_code": attributes.address_code(p, p.move <= today).take(pick),
        "village_code": attributes.village_code(p, p.move <= today).take(pick),
        "arrival_date": p.arrive[index],
        "residence_reason_code": take(REASONS, city.pick(person, "residence_reason", len(REASONS))),
        "employer_name": employer.name,
        "landlord_id_no": landlord.id_no,
        "landlord_name": landlord.name,
        "issue_date": begins[index],
        "valid_to_date": renewed[index] + 364,
        "licence_state_code": constant("1", len(index)),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    roles = {"self": person, "landlord": p.person[host]}
    return Frame(name, ("certificate_no",), columns, person, roles, person, p.case[index] >= 0,
                 {"_lender_id_no": attributes.lender_id(p).take(pick)}, noted=who.noted | landlord.noted)  # fmt: skip


def licensed(lives: Lives) -> Ints:
    """Return the day of the first driving licence, ``NEVER`` for those who have none."""
    p, city = lives.people, lives.city
    day = p.birth + round(18.2 * YEAR) + city.pick(p.person, "licensed", 5500)
    day = np.maximum(day, city.first - 12000)
    drives = city.chance(p.person, "drives", DRIVES) & (day > p.birth + 18 * YEAR) & (p.birth > city.first - 75 * YEAR)
    return np.where(drives & (day < np.minimum(p.death, p.leave)) & (day >= p.arrive - 4000 * p.guest), day, NEVER)


def file_no(lives: Lives) -> pa.StringArray:
    """Return the file numbers of the driving licences."""
    return join("3707", number(lives.city.serial(lives.people.person, "file_no"), 10))


def driving_licence(lives: Lives, day: int) -> Frame:
    """Return the licences new, renewed or worked on; day 0 has all."""
    p, city, name = lives.people, lives.city, "public_security.driving_licence"
    today = city.first + day
    begins = licensed(lives)
    renewed = last_anniversary(begins, today, TERM)
    standing = Standing(lives, name, day, begins)
    standing.learn(np.where(begins < NEVER, renewed, NEVER))
    index = standing.rows
    person, pick = p.person[index], pa.array(index)
    who = identity(p, name, today).rows(index)
    points = city.pick(person, "points", 30, standing.corrected[index])
    old = p.birth[index] < today - 70 * YEAR
    columns = {
        "file_no": file_no(lives).take(pick),
        "id_kind_code": who.id_kind,
        "id_no": who.id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "phone": attributes.phones(p).take(pick),
        "driving_class_code": take(CLASSES, _CLASS[city.pick(person, "driving_class", len(_CLASS))]),
        "first_issue_date": begins[index],
        "issue_date": renewed[index],
        "valid_from_date": renewed[index],
        "valid_to_date": renewed[index] + TERM,
        "points_count": plain(np.where(points > 12, 0, points)),
        "next_exam_date": np.where(old, today + 365 - city.pick(person, "exam", 300), NONE),
        "issuer_name": constant("潍坊市公安局交通警察支队", len(index)),
        "residence_address": attributes.residence_address(p, p.move <= today).take(pick),
        "licence_state_code": constant("1", len(index)),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    return Frame(name, ("file_no",), columns, person, {"self": person}, person, p.case[index] >= 0,
                 {"_lender_id_no": attributes.lender_id(p).take(pick)}, noted=who.noted)  # fmt: skip
