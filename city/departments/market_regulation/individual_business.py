"""个体工商户登记."""

from city.departments.market_regulation import common
from city.kit.view import View
from city.world.firms.pattern import SHOP
from city.world.frames import Frame
from city.world.people.lives import Lives


def project(lives: Lives, day: int) -> Frame:
    """Return the shops new or changed on a city day; day 0 has all."""
    view = View.of(lives, day, (SHOP,), "market_regulation.individual_business", registers=True)
    columns = common(view)
    columns["operator_id_no"] = view.head.id_no
    columns["operator_name"] = view.head.name
    operator = view.people.rows(view.person(view.representative), "operator_")
    roles = {"operator": view.representative}
    return view.frame(columns, view.changed, roles, noted=operator.noted)
