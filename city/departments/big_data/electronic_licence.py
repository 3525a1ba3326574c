"""电子证照归集(全部证照类型)."""

import numpy as np
import pyarrow as pa

from city.kit.holders import Holders, companies_due, company_begins, entered
from city.kit.standing import Standing
from city.world.frames import Column, Frame, stack
from city.world.hashing import Ints
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.people.permits import TERM, file_no, last_anniversary, licensed, permit_no, permitted
from city.world.places import COUNTIES
from city.world.texts import NONE, Text, constant, join, nulls, number, take

DRIVING, RESIDENCE, BUSINESS = "JSZ", "JZZ", "YYZZ"
"""Kinds of licences: 驾驶证, 居住证, 营业执照."""
_COLLECTED = {DRIVING: 0.25, RESIDENCE: 0.6}
_ISSUERS = {DRIVING: "潍坊市公安局交通警察支队", RESIDENCE: "潍坊市公安局", BUSINESS: "潍坊市市场监督管理局"}
_OWNERS = {DRIVING: "11370700004279014R", RESIDENCE: "11370700004279014R", BUSINESS: "11370700MB2857833R"}
_TYPES = {DRIVING: "11100000000013338W028", RESIDENCE: "11100000000013338W031", BUSINESS: "11100000MB0143028R001"}
"""Who defines a kind of licence, and its number there."""
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def project(lives: Lives, day: int) -> Frame:
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
