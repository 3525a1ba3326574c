"""机动车驾驶证."""

import numpy as np
import pyarrow as pa

from city.kit.standing import Standing
from city.world.frames import Frame
from city.world.people import attributes
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.people.permits import TERM, file_no, last_anniversary, licensed
from city.world.texts import NONE, constant, plain, take

CLASSES = ("C1", "C2", "B2", "A2", "D", "E")
_CLASS = np.array([0, 0, 0, 0, 1, 1, 2, 3, 4, 5])


def project(lives: Lives, day: int) -> Frame:
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
    return Frame(name, ("file_no",), columns, person, {"self": person}, person, p.planted[index],
                 {"_lender_id_no": attributes.lender_id(p).take(pick)}, noted=who.noted)  # fmt: skip
