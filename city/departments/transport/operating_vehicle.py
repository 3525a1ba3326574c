"""营运车辆与道路运输证."""

import numpy as np

from city.kit.holders import Holders, companies_due, company_begins, entered
from city.kit.standing import Standing
from city.world.frames import Column, Frame, stack
from city.world.hashing import Ints
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.places import COUNTY_CODES
from city.world.texts import Text, constant, join, nulls, number, take

_LETTERS = np.array(list("ABCDEFGHJKLMNPQRSTUVWXYZ"))


def project(lives: Lives, day: int) -> Frame:
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
