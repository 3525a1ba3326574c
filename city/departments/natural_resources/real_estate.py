"""不动产权利与权利人."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from city.kit.holders import FIRM_KEYS, Holders, companies_due, company_begins, entered
from city.kit.standing import Standing
from city.world import places
from city.world.firms.firms import firms
from city.world.frames import Column, Frame, stack
from city.world.hashing import Bools, Ints
from city.world.people import attributes
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.households import layout
from city.world.people.lives import Lives
from city.world.places import COUNTIES, COUNTY_CODES
from city.world.texts import Text, choose, constant, join, nulls, number, take, ymd

_OWNS, _SHARES = 0.4, 0.45
"""Households with a house in the register; of these, how many couples stand in it both."""


def project(lives: Lives, day: int) -> Frame:
    """Return the rights in real estate new or worked on; day 0 has all."""
    p, city, name = lives.people, lives.city, "natural_resources.real_estate"
    today = city.first + day
    bought = city.first - 7500 + city.pick(p.household, "house.bought", 7800)
    head = layout().head[p.slot]
    grown = (bought - p.birth) / YEAR > 22
    owns = city.chance(p.household, "house", _OWNS) & (p.slot < 100) & grown & (bought < np.minimum(p.death, p.leave))
    second = (p.spouse >= 0) & (layout().head[p.slot] != p.slot) & (head == p.slot[p.spouse])
    second &= city.chance(p.household, "house.both", _SHARES) & owns[p.spouse]
    standing = Standing(lives, name, day, np.where(owns & ((head == p.slot) | second), bought, NEVER))
    index = standing.rows
    people = Holders.persons(lives, index, identity(p, name, today), "owner_")
    papers = identity(p, name, today).id_kind.take(pa.array(index))
    both = _of_both(lives)[index]
    pick, moved = pa.array(index), p.move <= today
    house = _House(
        p.household[index], bought[index], choose(second[index], "2", "1"), both, papers,
        attributes.residence_address(p, moved).take(pick), attributes.address_code(p, moved).take(pick),
        standing.updated_at(index), standing.op_code(index),
    )  # fmt: skip
    begins = company_begins(lives, name, 6000)
    place = companies_due(lives, name, 0.12, begins, day)
    whole, count = firms(city), len(place)
    works = Holders.companies(lives, name, today, place, "owner_")
    plant = _House(
        whole.number[place] + FIRM_KEYS, begins[place], constant("1", count), np.zeros(count, dtype=bool), nulls(count),
        places.addresses(whole.premises[place], whole.village[place], city.seed),
        places.address_codes(whole.premises[place], whole.village[place], city.seed),
        entered(lives, begins[place], day), constant("I", count),
    )  # fmt: skip
    return stack([_rights(lives, people, house), _rights(lives, works, plant)])


def _of_both(lives: Lives) -> Bools:
    """Say whose house, if there is one, stands in the register under both spouses."""
    p = lives.people
    couple = (p.spouse >= 0) & (layout().head[p.slot] == layout().head[p.slot[p.spouse]])
    return np.asarray(couple & lives.city.chance(p.household, "house.both", _SHARES))


@dataclass(frozen=True)
class _House:
    """What is owned, row by row."""

    keys: Ints
    """Household or firm: who stand in the register for one house have one."""
    day: Ints
    """Day of registration."""
    owner_no: Text
    shared: Bools
    papers: Text
    address: Text
    address_code: Text
    updated_at: Ints
    op_code: Text


def _rights(lives: Lives, who: Holders, of: _House) -> Frame:
    city, keys, count = lives.city, of.keys, len(who.keys)
    parcel = number(city.pick(keys, "parcel", 10**5), 5)
    county = number(COUNTY_CODES[who.county], 6)
    serial = number(city.pick(keys, "house.no", 10**9), 9)
    short = take([item.name for item in COUNTIES], who.county)
    columns: dict[str, Column] = {
        "certificate_no": join("鲁", number(ymd(of.day)[0], 4), short, "不动产权第", serial, "号"),
        "owner_no": of.owner_no,
        "estate_unit_no": join(county, "001002GB", parcel, "F", number(city.pick(keys, "unit", 10**8), 8)),
        "parcel_code": join(county, "001002GB", parcel),
        "right_kind_code": constant("4", count),
        "owner_kind_code": who.kind,
        "id_kind_code": of.papers,
        "owner_id_no": who.id_no,
        "owner_uscc": who.uscc,
        "owner_name": who.name,
        "share_kind_code": choose(of.shared, "2", "1"),
        "share_pct": choose(of.shared, "50", "100"),
        "acquire_kind_code": take(("1", "2", "3", "4"), city.pick(keys, "acquired", 4)),
        "acquire_date": of.day - 20,
        "registered_date": of.day,
        "address": of.address,
        "address_code": of.address_code,
        "building_area_sqm": join(number(60 + city.pick(keys, "area", 120), 3), ".", number(city.pick(keys, "area2", 100), 2)),
        "house_use_code": choose(who.firm >= 0, "2", "1"),
        "price_amount": 2000 * 10000 + 100000 * city.pick(keys, "price", 900),
        "licence_state_code": constant("1", count),
        "issuer_name": join(short, "自然资源和规划局"),
        "updated_at": of.updated_at,
        "op_code": of.op_code,
    }  # fmt: skip
    return Frame("natural_resources.real_estate", ("certificate_no", "owner_no"), columns, who.keys, {"owner": who.person}, who.owner,
                 np.zeros(count, dtype=bool), firms={"owner_entity": who.firm}, noted=who.noted)  # fmt: skip
