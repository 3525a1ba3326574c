"""发展改革委 and 工信局: what is decided about firms, and about some people: penalties, lists, titles."""

import numpy as np

from city.births import YEAR
from city.firm_pattern import BRANCH, COMPANY, COOPERATIVE, RENAMED_SLOT, SHOP
from city.firm_view import View
from city.frames import Column, Frame, stack
from city.hashing import Bools, Ints
from city.lives import Lives
from city.places import addresses
from city.texts import NONE, Text, choose, constant, join, nulls, number, take, ymd

_SORTS = (COMPANY, COOPERATIVE, BRANCH, SHOP)
HORIZON = 4015
"""Days over which decisions are spread, one year of them before the first."""
_DOMAINS = ("食品安全", "生态环境", "安全生产", "交通运输", "城市管理", "价格监督")
_ACTS = ("超范围经营", "未按规定公示信息", "排放超标", "未取得许可", "使用不合格计量器具", "占道经营")
_TITLES = (("10", "专精特新中小企业"), ("20", "高新技术企业"), ("30", "科技型中小企业"), ("40", "瞪羚企业"))


def _decided(keys: Ints, view: View, field: str, share: float) -> Ints:
    """Return the day of a decision about each key, in days since 1970-01-01; missing for most."""
    city = view.lives.city
    day = city.first - 365 + city.pick(keys, f"{field}.day", HORIZON)
    return np.where(city.chance(keys, field, share), day, NONE)


def _due(view: View, day: Ints, repaired: Ints) -> Bools:
    """Say which decisions are delivered: when made, and again when repaired."""
    if view.day == 0:
        return np.asarray((day != NONE) & (day <= view.today))
    return np.asarray((day == view.today) | ((repaired == view.today) & (day != NONE)))


def _about_firms(view: View, field: str, turn: int, share: float) -> tuple[Ints, Ints, dict[str, Column], Bools]:
    """Return (record, day, identity columns, rows delivered) of decisions of one turn."""
    f, city = view.firms, view.lives.city
    record = f.number * 8 + turn
    day = _decided(record, view, field, share)
    # even the smallest city has one of each
    first = (f.block == 0) & (f.slot == RENAMED_SLOT) & (turn == 0)
    day = np.where(first, city.first - 2 - city.pick(record, f"{field}.first", 300), day)
    made = np.where(day == NONE, 0, day)
    day = np.where((f.established < made - 30) & (f.turns.cancelled > made), day, NONE)
    repaired = np.where(
        city.chance(record, f"{field}.repaired", 0.4), made + 90 + city.pick(record, f"{field}.repair", 200), NONE
    )
    repaired = np.where(repaired <= view.today, repaired, NONE)
    columns: dict[str, Column] = {
        "subject_kind_code": constant("1", len(f)),
        "uscc": f.uscc(made),
        "id_no": nulls(len(f)),
        "subject_name": f.name(made),
        "repair_state_code": choose(repaired == NONE, "0", "1"),
        "repair_date": repaired,
    }
    return record, day, columns, _due(view, day, repaired)


def _moments(view: View, record: Ints, day: Ints) -> dict[str, Column]:
    city = view.lives.city
    clock = 9 * 3600 + city.pick(record, "decision.clock", 8 * 3600, view.day)
    entered = np.where(view.day > 0, view.today, np.minimum(np.where(day == NONE, 0, day), city.first - 1))
    return {"updated_at": entered * 86400 + clock, "op_code": choose((day == view.today) | (view.day == 0), "I", "U")}


def credit_penalty(lives: Lives, day: int) -> Frame:
    """Return the penalties published or repaired on a city day; day 0 has those of a year."""
    view = View.of(lives, day, _SORTS, "development_reform.credit_penalty", registers=True)
    firms = [_penalties(view, turn) for turn in range(4)]
    return stack([*firms, _penalties_of_people(view)])


def _penalties(view: View, turn: int) -> Frame:
    record, day, identity, due = _about_firms(view, "penalty", turn, 0.22)
    columns = identity | _penalty(view, record, day) | {"address": view.address}
    hidden: dict[str, Column] = {"_lent_uscc": view.lent_uscc}
    frame = view.frame(("decision_no",), columns, due, {"offender": np.full(len(record), -1)}, hidden=hidden)
    return _numbered(frame, record[due])


def _numbered(frame: Frame, record: Ints) -> Frame:
    return Frame(**{**frame.__dict__, "record": record})


def _penalty(view: View, record: Ints, day: Ints) -> dict[str, Column]:
    city = view.lives.city
    domain = city.pick(record, "penalty.domain", len(_DOMAINS))
    year = ymd(np.where(day == NONE, 0, day))[0]
    return {
        "decision_no": join("鲁潍罚字〔", number(year, 4), "〕", number(city.serial(record, "decision_no"), 10), "号"),
        "domain_code": number(domain + 1, 2),
        "violation_text": take(_ACTS, city.pick(record, "penalty.act", len(_ACTS))),
        "penalty_kind_code": take(("1", "2", "2", "3"), city.pick(record, "penalty.kind", 4)),
        "penalty_amount": 50000 * (1 + city.pick(record, "penalty.amount", 200)),
        "department_name": join("潍坊市", take(_DOMAINS, domain), "执法支队"),
        "decide_date": day,
        "publish_from_date": np.where(day == NONE, NONE, day + 3),
        "publish_to_date": np.where(day == NONE, NONE, day + 1096),
    } | _moments(view, record, day)


def _penalties_of_people(view: View) -> Frame:
    """Return the penalties of people, who are known by their ID number."""
    p, city = view.lives.people, view.lives.city
    record = p.person + 2**30
    grown = (p.slot < 100) & ((city.first - p.birth) / YEAR > 25)
    day = np.where(grown, _decided(record, view, "penalty", 0.02), NONE)
    day = np.where(p.death > np.where(day == NONE, 0, day), day, NONE)
    count = len(p)
    columns: dict[str, Column] = {
        "subject_kind_code": constant("2", count),
        "uscc": nulls(count),
        "id_no": p.id_no,
        "subject_name": p.name,
        "repair_state_code": constant("0", count),
        "repair_date": np.full(count, NONE),
    }
    columns |= _penalty(view, record, day) | {
        "address": _home(p.household, p.village(np.zeros(count, dtype=bool)), city.seed)
    }
    due = _due(view, day, np.full(count, NONE))
    nobody = np.full(count, -1)
    whole = Frame(
        "development_reform.credit_penalty", ("decision_no",), columns, record, {"offender": p.person}, p.person,
        np.zeros(count, dtype=bool), {"_lent_uscc": nulls(count)}, {"self": nobody},
    )  # fmt: skip
    return whole.where(due)


def _home(household: Ints, village: Ints, seed: int) -> Text:
    return addresses(household * 2, village, seed)


def credit_list(lives: Lives, day: int) -> Frame:
    """Return the firms put on a list, or taken off, on a city day; day 0 has those of a year."""
    view = View.of(lives, day, _SORTS, "development_reform.credit_list", registers=True)
    return stack([_listed(view, turn) for turn in range(4)])


def _listed(view: View, turn: int) -> Frame:
    record, day, identity, due = _about_firms(view, "listing", turn, 0.2)
    city = view.lives.city
    kind = city.pick(record, "listing.kind", 4)
    columns = identity | _moments(view, record, day) | {
        "list_no": join("MD", number(city.serial(record, "list_no"), 10)),
        "list_kind_code": take(("10", "10", "20", "30"), kind),
        "department_name": view.office("市场监督管理局"),
        "include_date": day,
        "include_reason": take(("未按期公示年度报告", "通过登记的住所无法联系", "严重违法失信", "诚信经营示范"), kind),
        "remove_date": identity["repair_date"],
    }  # fmt: skip
    frame = view.frame(("list_no",), columns, due, {})
    return _numbered(frame, record[due])


def enterprise_title(lives: Lives, day: int) -> Frame:
    """Return the titles given to companies on a city day; day 0 has those of a year."""
    view = View.of(lives, day, (COMPANY,), "industry_it.enterprise_title", registers=True)
    record, day_of, identity, due = _about_firms(view, "title", 0, 0.3)
    city = view.lives.city
    kind = city.pick(record, "title.kind", len(_TITLES))
    valid = np.where(day_of == NONE, NONE, day_of + 1096)
    columns = identity | _moments(view, record, day_of) | {
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
    frame = view.frame(("title_no",), columns, due, {})
    return _numbered(frame, record[due])
