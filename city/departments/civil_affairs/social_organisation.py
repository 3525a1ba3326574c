"""社会组织登记与年检."""

from city.kit.view import View, valid_to
from city.world.firms.firms import STATES
from city.world.firms.pattern import CARE, FOUNDATION, KINDERGARTEN, SOCIETY, TRAINING
from city.world.frames import Column, Frame
from city.world.people.lives import Lives
from city.world.texts import constant, join, number, take

_ABOVE = ("教育局", "民政局", "文化和旅游局", "体育局", "科学技术协会")


def project(lives: Lives, day: int) -> Frame:
    """Return the social organisations new or changed on a city day; day 0 has all."""
    view = View.of(
        lives,
        day,
        (SOCIETY, TRAINING, CARE, KINDERGARTEN, FOUNDATION),
        "civil_affairs.social_organisation",
        registers=True,
    )
    f, city = view.firms, lives.city
    columns: dict[str, Column] = {
        "org_code": f.org_code(view.last),
        "reg_no": join("鲁潍民证字第", number(city.serial(f.number, "social_reg_no"), 10), "号"),
        "former_name": f.former_name(view.last),
        "entity_kind_code": f.kind,
        "governing_unit_name": view.choice("firm.above", _ABOVE),
        "registered_capital_amount": 3 * 10**6 * (1 + city.pick(f.number, "firm.capital", 30)),
        "business_scope": view.choice("firm.scope", ("学术交流、咨询服务", "教育培训", "养老服务", "公益慈善")),
        "valid_to_date": valid_to(view),
        "review_year": constant(str(city.start.year - 1), len(f)),
        "review_result_code": view.choice("firm.review", ("1", "1", "1", "2", "3")),
        "entity_state_code": take(STATES, f.state(view.last)),
        "cancel_date": view.date_of(f.turns.cancelled),
    }
    return view.frame(columns, view.changed & f.has_uscc)
