"""股东出资与主要人员."""

import numpy as np

from city.departments.market_regulation import entity_no
from city.kit.view import View
from city.world.city import BLOCK, FIRM_BLOCK
from city.world.firms.firms import firms
from city.world.firms.pattern import COMPANY, COOPERATIVE, PARENT_SLOT
from city.world.frames import Column, Frame, stack
from city.world.hashing import Ints
from city.world.people.lives import Lives
from city.world.texts import NONE, Text, blank_where, choose, constant, nulls


def project(lives: Lives, day: int) -> Frame:
    """Return who stands behind companies and cooperatives: new or changed on a city day; day 0 has all."""
    view = View.of(lives, day, (COMPANY, COOPERATIVE), "market_regulation.entity_member", registers=True)
    return stack([_members(view, place) for place in range(1, 6)])


def _members(view: View, place: int) -> Frame:
    """Return the members of one number: 1 and 5 the representatives before and after, 2 a supervisor, 3 a partner, 4 an investor."""
    f, city = view.firms, view.lives.city
    again = f.turns.replaced <= view.today
    there = [None, view.known, city.chance(f.number, "firm.supervisor", 0.8), city.chance(f.number, "firm.partner", 0.6),
             city.chance(f.number, "firm.investor", 0.06) & (city.blocks > 1), again][place]  # fmt: skip
    assert there is not None
    who = _member(view, place)
    whole = firms(city)
    investor = np.where(place == 4, (f.block + 1) % city.blocks * FIRM_BLOCK + PARENT_SLOT, -1)
    above = whole.rows(whole.index(np.where(investor < 0, whole.number[0], investor)))
    company = np.full(len(f), place == 4)
    person = view.people.rows(view.person(who))
    columns: dict[str, Column] = {
        "entity_no": entity_no(view),
        "member_no": constant(f"{place:02d}", len(f)),
        "uscc": view.uscc,
        "entity_name": view.name,
        "member_kind_code": constant(("", "30", "40", "10", "20", "30")[place], len(f)),
        "id_kind_code": blank_where(person.id_kind, company),
        "id_no": blank_where(person.id_no, company),
        "name": blank_where(person.name, company),
        "investor_uscc": blank_where(above.uscc(view.today), ~company),
        "investor_name": blank_where(above.name(view.today), ~company),
        "position_name": _position(place, len(f)),
        "subscribed_amount": 10**7 * (1 + city.pick(f.number, f"firm.share{place}", 50)),
        "valid_from_date": np.where(place == 5, f.turns.replaced, f.established),
        "valid_to_date": np.where(again & (place == 1), f.turns.replaced, NONE),
        "updated_at": view.updated_at,
        "op_code": choose(view.new if place < 5 else f.turns.replaced == view.today, "I", "U"),
    }
    frame = view.frame(columns, there & view.changed,
        {"member": np.where(company, -1, who)}, {"investor": np.where(there, investor, -1)},
        noted={} if place == 4 else person.noted,
    )  # fmt: skip
    return Frame(**{**frame.__dict__, "record": frame.record * 8 + place})


def _position(place: int, count: int) -> Text:
    name = ("", "执行董事兼总经理", "监事", "股东", "", "执行董事兼总经理")[place]
    return constant(name, count) if name else nulls(count)


def _member(view: View, place: int) -> Ints:
    f, city = view.firms, view.lives.city
    if place in (1, 5):
        return f.representatives[place // 5]
    slot = np.array([37, 38, 42, 47, 75, 76, 78, 79, 81, 82, 90, 91, 92, 93])
    return np.asarray(f.block * BLOCK + slot[city.pick(f.number, f"firm.member{place}", len(slot))], dtype=np.int64)
