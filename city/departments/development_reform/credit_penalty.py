"""双公示行政处罚."""

import numpy as np

from city.kit.decisions import SORTS, about_firms, decided, due, moments, numbered
from city.kit.view import View
from city.world.frames import Column, Frame, stack
from city.world.hashing import Ints
from city.world.people.births import YEAR
from city.world.people.lives import Lives
from city.world.places import addresses
from city.world.texts import NONE, Text, constant, join, nulls, number, take, ymd

_DOMAINS = ("食品安全", "生态环境", "安全生产", "交通运输", "城市管理", "价格监督")
_ACTS = ("超范围经营", "未按规定公示信息", "排放超标", "未取得许可", "使用不合格计量器具", "占道经营")


def project(lives: Lives, day: int) -> Frame:
    """Return the penalties published or repaired on a city day; day 0 has those of a year."""
    view = View.of(lives, day, SORTS, "development_reform.credit_penalty", registers=True)
    firms = [_penalties(view, turn) for turn in range(4)]
    return stack([*firms, _penalties_of_people(view)])


def _penalties(view: View, turn: int) -> Frame:
    record, day, identity, chosen = about_firms(view, "penalty", turn, 0.22)
    columns = identity | _penalty(view, record, day) | {"address": view.address}
    hidden: dict[str, Column] = {"_lent_uscc": view.lent_uscc}
    frame = view.frame(columns, chosen, {"offender": np.full(len(record), -1)}, hidden=hidden)
    return numbered(frame, record[chosen])


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
    } | moments(view, record, day)


def _penalties_of_people(view: View) -> Frame:
    """Return the penalties of people, who are known by their ID number."""
    p, city = view.lives.people, view.lives.city
    record = p.person + 2**30
    grown = (p.slot < 100) & ((city.first - p.birth) / YEAR > 25)
    day = np.where(grown, decided(record, view, "penalty", 0.02), NONE)
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
    chosen = due(view, day, np.full(count, NONE))
    nobody = np.full(count, -1)
    whole = Frame(
        "development_reform.credit_penalty", ("decision_no",), columns, record, {"offender": p.person}, p.person,
        np.zeros(count, dtype=bool), {"_lent_uscc": nulls(count)}, {"self": nobody},
    )  # fmt: skip
    return whole.where(chosen)


def _home(household: Ints, village: Ints, seed: int) -> Text:
    return addresses(household * 2, village, seed)
