"""执行案件与失信被执行人."""

import numpy as np

from city.kit.holders import Holders, companies_due, company_begins, entered
from city.kit.standing import Standing
from city.world.frames import Column, Frame, stack
from city.world.hashing import Ints
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.places import COUNTIES
from city.world.texts import NONE, Text, choose, constant, join, number, take, ymd


def project(lives: Lives, day: int) -> Frame:
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
