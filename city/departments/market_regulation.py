"""市场监管局: companies, cooperatives and shops, their people, changes and annual reports."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from city.courses import NEVER
from city.firm_pattern import BRANCH, COMPANY, COOPERATIVE, FIRM_BLOCK, PARENT_SLOT, SHOP, is_case
from city.firm_view import STATES, View
from city.firms import REVOKED, firms
from city.frames import Column, Frame, stack
from city.hashing import Bools, Ints
from city.lives import Lives
from city.places import villages
from city.texts import NONE, Text, blank_where, choose, constant, join, nulls, number, take, ymd
from city.world import BLOCK

_REGISTERED = (COMPANY, COOPERATIVE, BRANCH)
_SCOPES = ("生产、销售", "批发、零售", "技术服务", "一般项目：销售代理", "许可项目：道路货物运输", "种植、养殖及销售")
_OFFICE = "市场监督管理局"
RENAMED, REPLACED, REISSUED, MERGED, STRUCK, CLOSED = ("01", "02", "03", "04", "05", "06")
"""名称变更, 法定代表人变更, 统一社会信用代码变更, 合并, 吊销, 注销."""


def entity_no(view: View) -> Text:
    """Return the register's own numbers."""
    return join("370700", number(view.lives.city.serial(view.firms.number, "entity_no"), 10))


def _common(view: View) -> dict[str, Column]:
    f, city = view.firms, view.lives.city
    state = f.state(view.last)
    capital = 10 ** (6 + city.pick(f.number, "firm.capital", 4)) * (1 + city.pick(f.number, "firm.capital_units", 9))
    return view.core() | {
        "entity_no": entity_no(view),
        "reg_no": f.registration_no,
        "former_name": f.former_name(view.last),
        "industry_code": f.industry,
        "registered_capital_amount": np.where(f.sort == SHOP, capital // 20, capital),
        "address_code": join(_village(view), number(city.pick(f.premises, "address_no", 10**8), 8)),
        "business_scope": take(_SCOPES, city.pick(f.number, "firm.scope", len(_SCOPES))),
        "entity_state_code": take(STATES, state),
        "revoke_date": view.date_of(f.turns.revoked),
        "cancel_date": view.date_of(f.turns.cancelled),
        "issuer_name": view.office(_OFFICE),
    }


def _village(view: View) -> Text:
    return take(villages().codes, view.firms.village)


def enterprise(lives: Lives, day: int) -> Frame:
    """Return the companies, branches and cooperatives new or changed on a city day; day 0 has all."""
    view = View.of(lives, day, _REGISTERED, "market_regulation.enterprise", registers=True)
    f, city = view.firms, lives.city
    columns = _common(view) | {
        # the register's old column keeps the first code, whatever has been issued since
        "org_code": f.org_code(0),
        "entity_kind_code": f.kind,
        "economic_type_code": take(("160", "170", "150"), city.pick(f.number, "firm.economic_type", 3)),
        "parent_uscc": view.parent_uscc,
        "term_to_date": np.where(city.chance(f.number, "firm.term", 0.3), f.established + 7305, NONE),
    }
    named = pc.is_valid(view.parent_uscc).to_numpy(zero_copy_only=False)
    frame = view.frame(("entity_no",), columns, view.changed, firms={"parent": np.where(named, f.parent, -1)},
        hidden={"_former": (f.turns.renamed <= view.today).astype(np.int64)},
    )  # fmt: skip
    frame.noted[("org_code", "code_reissued")] = (f.turns.reissued <= view.today)[view.changed]
    return frame


def individual_business(lives: Lives, day: int) -> Frame:
    """Return the shops new or changed on a city day; day 0 has all."""
    view = View.of(lives, day, (SHOP,), "market_regulation.individual_business", registers=True)
    columns = _common(view)
    columns["operator_id_no"] = columns.pop("representative_id_no")
    columns["operator_name"] = columns.pop("representative_name")
    operator = view.people.rows(view.person(view.representative), "operator_")
    roles = {"operator": view.representative}
    return view.frame(("entity_no",), columns, view.changed, roles, noted=operator.noted)


def entity_member(lives: Lives, day: int) -> Frame:
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
    frame = view.frame(("entity_no", "member_no"), columns, there & view.changed,
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


def entity_change(lives: Lives, day: int) -> Frame:
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
        "issuer_name": view.office(_OFFICE),
    }
    chosen = (event <= view.today) if view.day == 0 else event == view.today
    successor = {"successor": np.where(merged, f.merged_into, -1)}
    frame = view.frame(("change_no",), columns, chosen, {}, successor)
    return Frame(**{**frame.__dict__, "record": frame.record * 8 + int(item)})


def reports(view: View) -> tuple[Bools, Ints]:
    """Return who files a report for the year before, some though struck off, and on which day."""
    f, city = view.firms, view.lives.city
    filed = city.chance(f.number, "firm.reports", np.where(f.sort == SHOP, 0.35, 0.88))
    ended = f.turns.ended < city.first - 400
    still = is_case(city, "revoked_or_cancelled", f.block, f.slot) | (f.state(city.first) == REVOKED)
    day = city.first - 320 + city.pick(f.number, "firm.reported", 180)
    late = city.chance(f.number, "firm.reports_late", 0.04)
    day = np.where(late, city.first - 100 + city.pick(f.number, "firm.reported", 160), day)
    return f.has_uscc & (f.established < city.first - 700) & ((filed & ~ended) | still), day


def annual_report(lives: Lives, day: int) -> Frame:
    """Return the reports filed on a city day; day 0 has those of the year."""
    view = View.of(lives, day, _REGISTERED + (SHOP,), "market_regulation.annual_report", registers=True)
    f, city = view.firms, lives.city
    filed, reported = reports(view)
    chosen = filed & ((reported <= view.today) if day == 0 else (reported == view.today))
    revenue = 10**7 * np.maximum(f.staff, 1) * (1 + city.pick(f.number, "firm.revenue", 40))
    year = lives.city.start.year - 1
    columns: dict[str, Column] = {
        "uscc": f.uscc(reported),
        "entity_name": f.name(reported),
        "report_year": constant(str(year), len(f)),
        "phone": view.phone,
        "contact_address": view.address,
        "total_asset_amount": revenue * 2,
        "liability_amount": revenue // 2,
        "revenue_amount": revenue,
        "profit_amount": revenue // 12,
        "tax_amount": revenue // 30,
        "staff_count": pa.array(f.staff).cast(pa.string()),
        "reported_date": reported,
        "entered_at": reported * 86400 + 8 * 3600 + city.pick(f.number, "firm.report_clock", 10 * 3600),
    }
    return view.frame(("uscc", "report_year"), columns, chosen, {})
