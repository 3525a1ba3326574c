"""主体变更记录(更名、合并、换码)."""

import numpy as np

from city.departments.market_regulation import OFFICE, entity_no
from city.kit.view import View
from city.world.firms.firms import firms
from city.world.firms.pattern import BRANCH, COMPANY, COOPERATIVE, SHOP
from city.world.frames import Column, Frame, stack
from city.world.hashing import Ints
from city.world.people.courses import NEVER
from city.world.people.lives import Lives
from city.world.texts import Text, blank_where, constant, join, nulls, number, ymd

RENAMED, REPLACED, REISSUED, MERGED, STRUCK, CLOSED = ("01", "02", "03", "04", "05", "06")
"""名称变更, 法定代表人变更, 统一社会信用代码变更, 合并, 吊销, 注销."""


def project(lives: Lives, day: int) -> Frame:
    """Return the changes entered on a city day; day 0 has all there ever were."""
    view = View.of(lives, day, (COMPANY, COOPERATIVE, BRANCH, SHOP), "market_regulation.entity_change", registers=True)
    when = view.firms.turns
    names, codes = view.firms.names, view.firms.usccs
    persons = [view.people.rows(view.person(who)).name for who in view.firms.representatives]
    known = when.cancelled < when.merged
    parts = [
        _changes(view, RENAMED, when.renamed, names[0], names[1]),
        _changes(view, REPLACED, when.replaced, persons[0], persons[1]),
        _changes(view, REISSUED, when.reissued, codes[0], codes[1]),
        _changes(view, MERGED, when.merged),
        _changes(view, STRUCK, when.revoked),
        _changes(view, CLOSED, np.where(known, when.cancelled, NEVER)),
    ]
    return stack(parts)


def _changes(view: View, item: str, event: Ints, old: Text | None = None, new: Text | None = None) -> Frame:
    f, city = view.firms, view.lives.city
    count = len(f)
    year = ymd(np.where(event < NEVER, event, 0))[0]
    merged = np.full(count, item == MERGED)
    whole = firms(city)
    above = whole.rows(whole.index(np.where(f.merged_into < 0, whole.number[0], f.merged_into)))
    columns: dict[str, Column] = {
        "change_no": join("BG", number(year, 4), item, number(city.serial(f.number, "entity_change_no"), 10)),
        "entity_no": entity_no(view),
        "uscc": f.uscc(event),
        "entity_name": f.name(event),
        "change_item_code": constant(item, count),
        "old_value": nulls(count) if old is None else old,
        "new_value": nulls(count) if new is None else new,
        "change_date": event,
        "merged_into_uscc": blank_where(above.uscc(view.today), ~merged),
        "issuer_name": view.office(OFFICE),
    }
    chosen = (event <= view.today) if view.day == 0 else event == view.today
    successor = {"successor": np.where(merged, f.merged_into, -1)}
    frame = view.frame(columns, chosen, {}, successor)
    return Frame(**{**frame.__dict__, "record": frame.record * 8 + int(item)})
