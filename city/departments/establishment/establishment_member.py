"""实名制在编人员."""

import numpy as np
import pyarrow as pa

from city.departments.establishment import unit_code
from city.kit.standing import Standing
from city.world.frames import Frame
from city.world.people import attributes
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.people.work import Employers, Work
from city.world.texts import NONE, choose, join, number, take

_POSTS = ("01", "02", "03", "04", "05")


def project(lives: Lives, day: int) -> Frame:
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
    return Frame(name, ("establishment_no",), columns, person, {"self": person}, person, p.planted[index],
                 firms={"unit": unit.number}, noted=noted)  # fmt: skip
