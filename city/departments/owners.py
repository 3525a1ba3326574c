"""自然资源局, 中级法院, 交通局: whose the real estate is, who owes, who runs vehicles; each either a person or a legal entity."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from city import attributes, places
from city.births import YEAR
from city.courses import NEVER
from city.documents import Identity, identity
from city.firm_pattern import COMPANY
from city.firms import firms
from city.frames import Column, Frame, stack
from city.hashing import Bools, Ints
from city.households import layout
from city.lives import Lives
from city.places import COUNTIES, COUNTY_CODES
from city.standing import Standing
from city.texts import NONE, Text, choose, constant, join, nulls, number, take, ymd
from city.work import Employers
from city.world import BLOCK

PERSON, ENTITY = "2", "1"
_OWNS, _SHARES = 0.4, 0.45
"""Households with a house in the register; of these, how many couples stand in it both."""
FIRM_KEYS = 2**44
"""What sets keys of legal entities apart from those of persons."""


@dataclass(frozen=True)
class Holders:
    """The persons or legal entities of some rows, by what a resource knows of them."""

    keys: Ints
    """One number per row, of which all else is a hash."""
    kind: Text
    id_no: Text
    uscc: Text
    name: Text
    person: Ints
    firm: Ints
    owner: Ints
    """Somebody of the block in which the row arises."""
    county: Ints
    noted: dict[tuple[str, str], Bools]

    @staticmethod
    def persons(lives: Lives, index: Ints, known: Identity, prefix: str) -> "Holders":
        """Return persons by index; fields are noted under a prefix, and the name as ``<prefix>name``."""
        p, count = lives.people, len(index)
        who = known.rows(index, prefix)
        return Holders(p.person[index], constant(PERSON, count), who.id_no, nulls(count), who.name, p.person[index],
                       np.full(count, -1), p.person[index], p.county[index], who.noted)  # fmt: skip

    @staticmethod
    def companies(lives: Lives, resource: str, today: int, place: Ints, prefix: str) -> "Holders":
        """Return legal entities by their places among all firms."""
        whole, count = firms(lives.city), len(place)
        who = Employers.of(lives.city, resource, today, place, prefix)
        return Holders(who.number + FIRM_KEYS, constant(ENTITY, count), nulls(count), who.uscc, who.name, np.full(count, -1),
                       who.number, whole.block[place] * BLOCK, whole.county[place], who.noted)  # fmt: skip


def companies_due(lives: Lives, resource: str, rate: float, begins: Ints, day: int) -> Ints:
    """Return the places of companies of these blocks whose rows are handed over on a city day."""
    city, whole = lives.city, firms(lives.city)
    place = whole.of_blocks(lives.people.block)
    drawn = city.chance(whole.number[place], f"{resource}.company", rate) & (whole.sort[place] == COMPANY)
    begun = begins[place]
    reached = np.maximum(begun - city.first + 1, 0)
    there = drawn & (whole.established[place] < begun) & (whole.turns.ended[place] > begun)
    return np.asarray(place[there & (reached == day)])


def company_begins(lives: Lives, resource: str, back: int) -> Ints:
    """Return the day on which each firm's row would begin: up to ``back`` days ago or, for some, still to come."""
    return lives.city.first - back + lives.city.pick(firms(lives.city).number, f"{resource}.begins", back + 300)


def real_estate(lives: Lives, day: int) -> Frame:
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


def entered(lives: Lives, begins: Ints, day: int) -> Ints:
    """Return the moment at which rows that began on given days were entered, in local seconds."""
    last = lives.city.first + day - 1
    return np.where(day > 0, last, np.minimum(begins, last)) * 86400 + 11 * 3600


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


def enforcement_case(lives: Lives, day: int) -> Frame:
    """Return the cases of enforcement new, closed or worked on; day 0 has all."""
    p, city, name = lives.people, lives.city, "court.enforcement_case"
    today = city.first + day
    filed = city.first - 1500 + city.pick(p.person, "enforced.filed", 1900)
    age = (filed - p.birth) / YEAR
    owes = city.chance(p.person, "enforced", 0.008) & (age > 20) & (age < 75) & (p.abroad < 0) & lives.here(filed)
    standing = Standing(lives, name, day, np.where(owes, filed, NEVER), 0.5)
    index = standing.rows
    people = Holders.persons(lives, index, identity(p, name, today), "")
    begins = company_begins(lives, name, 1500)
    place = companies_due(lives, name, 0.1, begins, day)
    works = Holders.companies(lives, name, today, place, "subject_")
    parts = [
        _cases(lives, people, filed[index], standing.updated_at(index), standing.op_code(index), today),
        _cases(lives, works, begins[place], entered(lives, begins[place], day), constant("I", len(place)), today),
    ]
    return stack(parts)


def _cases(lives: Lives, who: Holders, filed: Ints, updated_at: Ints, op_code: Text, today: int) -> Frame:
    city, keys, count = lives.city, who.keys, len(who.keys)
    serial = number(city.pick(keys, "enforcement_no", 10**10), 10)
    closed = filed + 200 + city.pick(keys, "enforced.closed", 1500)
    done = closed < today
    dishonest = city.chance(keys, "enforced.dishonest", 0.5)
    columns: dict[str, Column] = {
        "enforcement_no": join("ZX", serial),
        "case_no": join("（", number(ymd(filed)[0], 4), "）鲁07执", number(city.pick(keys, "case_no", 10**5), 5), "号"),
        "court_name": join(take([item.name for item in COUNTIES], who.county), "人民法院"),
        "subject_kind_code": who.kind,
        "id_no": who.id_no,
        "uscc": who.uscc,
        "subject_name": who.name,
        "filed_date": filed,
        "claim_amount": 1000000 + 100000 * city.pick(keys, "claim", 3000),
        "enforced_amount": np.where(done, 50000 * city.pick(keys, "enforced.amount", 3000), 0),
        "is_dishonest": choose(dishonest, "1", "0"),
        "publish_date": np.where(dishonest, filed + 60, NONE),
        "remove_date": np.where(dishonest & done, closed, NONE),
        "closed_date": np.where(done, closed, NONE),
        "case_state_code": choose(done, "2", "1"),
        "updated_at": updated_at,
        "op_code": op_code,
    }
    noted = {("subject_name" if field == "name" else field, kind): rows for (field, kind), rows in who.noted.items()}
    noted = {("uscc" if field == "subject_uscc" else field, kind): rows for (field, kind), rows in noted.items()}
    return Frame("court.enforcement_case", ("enforcement_no",), columns, keys, {"self": who.person}, who.owner,
                 np.zeros(count, dtype=bool), firms={"entity": who.firm}, noted=noted)  # fmt: skip
