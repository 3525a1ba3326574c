"""交通局 and 大数据局: permits of vehicles for hire, and electronic licences of persons and legal entities."""

import numpy as np
import pyarrow as pa

from city.births import YEAR
from city.courses import NEVER
from city.departments.owners import Holders, companies_due, company_begins, entered
from city.departments.permits import TERM, file_no, last_anniversary, licensed, permit_no, permitted
from city.documents import identity
from city.frames import Column, Frame, stack
from city.hashing import Ints
from city.lives import Lives
from city.places import COUNTIES, COUNTY_CODES
from city.standing import Standing
from city.texts import NONE, Text, constant, join, nulls, number, take

DRIVING, RESIDENCE, BUSINESS = "JSZ", "JZZ", "YYZZ"
"""Kinds of licences: 驾驶证, 居住证, 营业执照."""
_COLLECTED = {DRIVING: 0.25, RESIDENCE: 0.6}
_ISSUERS = {DRIVING: "潍坊市公安局交通警察支队", RESIDENCE: "潍坊市公安局", BUSINESS: "潍坊市市场监督管理局"}
_OWNERS = {DRIVING: "11370700004279014R", RESIDENCE: "11370700004279014R", BUSINESS: "11370700MB2857833R"}
_TYPES = {DRIVING: "11100000000013338W028", RESIDENCE: "11100000000013338W031", BUSINESS: "11100000MB0143028R001"}
"""Who defines a kind of licence, and its number there."""
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTERS = np.array(list("ABCDEFGHJKLMNPQRSTUVWXYZ"))


def operating_vehicle(lives: Lives, day: int) -> Frame:
    """Return the permits of vehicles new or worked on; day 0 has all."""
    p, city, name = lives.people, lives.city, "transport.operating_vehicle"
    today = city.first + day
    begins = city.first - 1400 + city.pick(p.person, "operates.from", 1700)
    age = (begins - p.birth) / YEAR
    runs = city.chance(p.person, "operates", 0.012) & (age > 24) & (age < 58) & (p.abroad < 0) & lives.here(begins)
    standing = Standing(lives, name, day, np.where(runs, begins, NEVER), 0.4)
    index = standing.rows
    people = Holders.persons(lives, index, identity(p, name, today), "owner_")
    whose = company_begins(lives, name, 1400)
    place = companies_due(lives, name, 0.15, whose, day)
    works = Holders.companies(lives, name, today, place, "entity_")
    return stack([
        _permits(lives, people, begins[index], standing.updated_at(index), standing.op_code(index)),
        _permits(lives, works, whose[place], entered(lives, whose[place], day), constant("I", len(place))),
    ])  # fmt: skip


def _permits(lives: Lives, who: Holders, begins: Ints, updated_at: Ints, op_code: Text) -> Frame:
    city, keys, count = lives.city, who.keys, len(who.keys)
    letter = take(list(_LETTERS), city.pick(keys, "plate_letter", len(_LETTERS)))
    person = who.person >= 0
    columns: dict[str, Column] = {
        "permit_no": join(
            "鲁交运管", number(COUNTY_CODES[who.county], 6), number(city.pick(keys, "permit_no", 10**9), 9)
        ),
        "plate_no": join(
            "鲁", take(("G", "V"), city.pick(keys, "plate", 2)), letter, number(city.pick(keys, "plate_no", 10**4), 4)
        ),
        "plate_kind_code": take(("01", "02"), city.pick(keys, "plate_kind", 2)),
        "vin": join("LZZ5", number(city.pick(keys, "vin", 10**13), 13)),
        "uscc": who.uscc,
        "entity_name": nulls(count) if person.any() else who.name,
        "owner_id_no": who.id_no,
        "owner_name": who.name if person.any() else nulls(count),
        "business_kind_code": take(("10", "20", "30"), city.pick(keys, "business_kind", 3)),
        "goods_class_code": nulls(count),
        "load_limit_ton": take(("1.50", "5.00", "10.00", "31.00"), city.pick(keys, "load_limit", 4)),
        "county_code": number(COUNTY_CODES[who.county], 6),
        "issue_date": begins,
        "valid_to_date": begins + 1461,
        "terminal_no": number(city.pick(keys, "terminal", 10**11), 11),
        "licence_state_code": constant("1", count),
        "updated_at": updated_at,
        "op_code": op_code,
    }
    noted = {("uscc" if field == "entity_uscc" else field, kind): rows for (field, kind), rows in who.noted.items()}
    return Frame("transport.operating_vehicle", ("permit_no",), columns, keys, {"owner": who.person}, who.owner,
                 np.zeros(count, dtype=bool), firms={"entity": who.firm}, noted=noted)  # fmt: skip


def electronic_licence(lives: Lives, day: int) -> Frame:
    """Return the licences collected, renewed or worked on; day 0 has all."""
    p, city, name = lives.people, lives.city, "big_data.electronic_licence"
    today = city.first + day
    known = identity(p, name, today)
    parts = []
    for kind, begins, numbers in (
        (DRIVING, licensed(lives), file_no(lives)),
        (RESIDENCE, permitted(lives), permit_no(lives)),
    ):
        term = TERM if kind == DRIVING else 365
        drawn = city.chance(p.person, f"licence.{kind}", _COLLECTED[kind]) & (p.abroad < 0)
        standing = Standing(lives, f"{name}.{kind}", day, np.where(drawn, begins, NEVER))
        renewed = last_anniversary(begins, today, term)
        standing.learn(np.where(drawn & (begins < NEVER), renewed, NEVER))
        index = standing.rows
        holders = Holders.persons(lives, index, known, "holder_")
        parts.append(_licences(lives, holders, kind, numbers.take(pa.array(index)), renewed[index], term,
                               standing.updated_at(index), standing.op_code(index)))  # fmt: skip
    begins = company_begins(lives, name, 2000)
    place = companies_due(lives, name, 0.6, begins, day)
    works = Holders.companies(lives, name, today, place, "holder_")
    moment = entered(lives, begins[place], day)
    return stack(
        [*parts, _licences(lives, works, BUSINESS, works.uscc, begins[place], 0, moment, constant("I", len(place)))]
    )


def _licences(
    lives: Lives, who: Holders, kind: str, numbers: Text, issued: Ints, term: int, updated_at: Ints, op_code: Text
) -> Frame:
    city, keys, count = lives.city, who.keys, len(who.keys)
    serial = number(city.pick(keys, f"licence.{kind}.serial", 10**11), 11).to_pylist()
    columns: dict[str, Column] = {
        "licence_oid": pa.array([licence_oid(kind, text) for text in serial], pa.string()),
        "licence_kind_code": constant(kind, count),
        "licence_no": numbers,
        "holder_kind_code": who.kind,
        "holder_id_no": who.id_no,
        "holder_uscc": who.uscc,
        "holder_name": who.name,
        "issuer_name": constant(_ISSUERS[kind], count),
        "issuer_uscc": constant(_OWNERS[kind], count),
        "issue_date": issued,
        "valid_from_date": issued,
        "valid_to_date": issued + term if term else np.full(count, NONE),
        "scope_text": nulls(count),
        "level_code": nulls(count),
        "address": join("山东省潍坊市", take([item.name for item in COUNTIES], who.county)),
        "previous_licence_no": nulls(count),
        "licence_state_code": constant("1", count),
        "updated_at": updated_at,
        "op_code": op_code,
    }
    record = keys * 4 + (DRIVING, RESIDENCE, BUSINESS).index(kind)
    return Frame("big_data.electronic_licence", ("licence_oid",), columns, record, {"holder": who.person}, who.owner,
                 np.zeros(count, dtype=bool), firms={"holder_entity": who.firm}, noted=who.noted)  # fmt: skip


def licence_oid(kind: str, serial: str) -> str:
    """Return the identifier of an electronic licence (GB/T 36904) with its check character (ISO 7064 MOD 37,36)."""
    parts = ("1.2.156.3005.2", _TYPES[kind], _OWNERS[kind], serial, "001")
    rest = 36
    for character in "".join(parts[1:]):
        rest = (rest + _ALPHABET.index(character)) % 36 or 36
        rest = rest * 2 % 37
    return ".".join((*parts, _ALPHABET[(37 - rest) % 36]))
