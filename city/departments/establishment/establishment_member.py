"""实名制在编人员."""

import numpy as np

from city.departments.establishment import unit_code
from city.kit.people import Records
from city.kit.standing import Standing
from city.world.frames import Frame
from city.world.people.courses import NEVER
from city.world.people.lives import Lives
from city.world.people.work import Work


def project(lives: Lives, day: int) -> Frame:
    """Return the posts taken, left or worked on; day 0 has all."""
    p, work = lives.people, Work(lives)
    begins, ends, place = work.stints(public=True)
    has = (p.abroad < 0) & (begins < np.minimum(p.death, p.leave)) & (ends > lives.city.first - 1500)
    standing = Standing(lives, "establishment.establishment_member", day, np.where(has, begins, NEVER))
    over = standing.learn(np.where(ends > begins, ends, NEVER))
    standing.learn(np.where(work.changed > begins, work.changed, NEVER))
    rows = Records.of_register(standing)
    unit = rows.firm_in("unit", rows.of(place))
    return rows.frame({
        "establishment_no": rows.serial("establishment_no", "BZK"),
        "unit_code": unit_code(rows.city, work.firms.county[rows.of(place)], unit.number),
        "staff_kind_code": rows.choice("staff_kind", ("1", "2", "3")),
        "quota_kind_code": rows.choice("quota_kind", ("1", "2")),
        "post_level_code": rows.choice("post_level", ("01", "02", "03", "04", "05")),
        "in_date": rows.of(begins),
        "out_date": rows.only(rows.of(over), rows.of(ends)),
        "is_on_post": rows.flag(rows.of(over), "0", "1"),
    })  # fmt: skip
