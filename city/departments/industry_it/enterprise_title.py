"""企业资质认定(专精特新、小巨人、高新技术等)."""

import numpy as np

from city.kit.decisions import about_firms, moments, numbered
from city.kit.view import View
from city.world.firms.pattern import COMPANY
from city.world.frames import Frame
from city.world.people.lives import Lives
from city.world.texts import NONE, constant, join, number, take, ymd

_TITLES = (("10", "专精特新中小企业"), ("20", "高新技术企业"), ("30", "科技型中小企业"), ("40", "瞪羚企业"))


def project(lives: Lives, day: int) -> Frame:
    """Return the titles given to companies on a city day; day 0 has those of a year."""
    view = View.of(lives, day, (COMPANY,), "industry_it.enterprise_title", registers=True)
    record, day_of, identity, due = about_firms(view, "title", 0, 0.3)
    city = view.lives.city
    kind = city.pick(record, "title.kind", len(_TITLES))
    valid = np.where(day_of == NONE, NONE, day_of + 1096)
    columns = identity | moments(view, record, day_of) | {
        "title_no": join("RD", number(city.serial(record, "title_no"), 10)),
        "entity_name": identity["subject_name"],
        "title_kind_code": take([code for code, _ in _TITLES], kind),
        "level_code": take(("1", "2", "3"), city.pick(record, "title.level", 3)),
        "batch_name": join(number(ymd(np.where(day_of == NONE, 0, day_of))[0], 4), "年第一批"),
        "department_name": constant("潍坊市工业和信息化局", len(record)),
        "approve_date": day_of,
        "valid_to_date": valid,
        "niche_product_name": take(("减速机", "食品添加剂", "农膜", "精密铸件"), city.pick(record, "title.product", 4)),
        "title_state_code": constant("1", len(record)),
    }  # fmt: skip
    due &= (view.day == 0) | (day_of == view.today)
    frame = view.frame(columns, due)
    return numbered(frame, record[due])
