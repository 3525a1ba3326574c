"""红黑名单、经营异常与严重违法名单."""

from city.kit.decisions import SORTS, about_firms, moments, numbered
from city.kit.view import View
from city.world.frames import Frame, stack
from city.world.people.lives import Lives
from city.world.texts import join, number, take


def project(lives: Lives, day: int) -> Frame:
    """Return the firms put on a list, or taken off, on a city day; day 0 has those of a year."""
    view = View.of(lives, day, SORTS, "development_reform.credit_list", registers=True)
    return stack([_listed(view, turn) for turn in range(4)])


def _listed(view: View, turn: int) -> Frame:
    record, day, identity, due = about_firms(view, "listing", turn, 0.2)
    city = view.lives.city
    kind = city.pick(record, "listing.kind", 4)
    columns = identity | moments(view, record, day) | {
        "list_no": join("MD", number(city.serial(record, "list_no"), 10)),
        "list_kind_code": take(("10", "10", "20", "30"), kind),
        "department_name": view.office("市场监督管理局"),
        "include_date": day,
        "include_reason": take(("未按期公示年度报告", "通过登记的住所无法联系", "严重违法失信", "诚信经营示范"), kind),
        "remove_date": identity["repair_date"],
    }  # fmt: skip
    frame = view.frame(columns, due)
    return numbered(frame, record[due])
