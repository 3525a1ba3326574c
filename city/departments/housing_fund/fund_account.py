"""公积金个人账户."""

import numpy as np
import pyarrow as pa

from city.kit.standing import Standing
from city.world.frames import Frame
from city.world.people import attributes
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.people.work import (
    Employers,
    Work,
)
from city.world.texts import choose, join, month_index, month_text, number, take

_FUND = 0.5
"""Of all who work."""


def project(lives: Lives, day: int) -> Frame:
    """Return the accounts new or changed; day 0 has all."""
    p, city, name = lives.people, lives.city, "housing_fund.fund_account"
    today = city.first + day
    work = Work(lives)
    begins = np.where(work.begun < NEVER, np.maximum(work.begun + 60, city.first - 6000), NEVER)
    has = (
        city.chance(p.person, "fund", _FUND) & (p.abroad < 0) & (begins < work.ended) & (work.ended > city.first - 700)
    )
    standing = Standing(lives, name, day, np.where(has, begins, NEVER))
    for turn in (work.changed, work.ended, p.married):
        standing.learn(turn)
    index = standing.rows
    person, pick = p.person[index], pa.array(index)
    known = identity(p, name, today)
    kin = np.where((p.married < today) & ~np.isin(p.slot, (50, 52)), p.spouse, -1)[index]
    who, spouse = known.rows(index), known.rows(kin, "spouse_")
    place = work.place(today)[index]
    employer = Employers.of(city, name, today, place)
    month = month_index(np.minimum(np.full(len(index), today), work.ended[index]))
    columns = {
        "fund_account_no": join("GJJ", number(city.serial(person, "fund_account"), 10)),
        "id_no": who.id_no,
        "name": who.name,
        "birth_date": p.birth[index],
        "phone": attributes.phones(p).take(pick),
        "spouse_id_no": spouse.id_no,
        "employer_uscc": employer.uscc,
        "employer_name": employer.name,
        "open_date": begins[index],
        "deposit_base_amount": 400000 + 1000 * city.pick(person, "contribution_base", 900),
        "deposit_ratio_pct": take(("5", "8", "10", "12"), city.pick(person, "fund_ratio", 4)),
        "account_balance_amount": 10000 + 100 * city.pick(person, "fund_balance", 90000),
        "last_deposit_month": month_text(month - 1),
        "account_state_code": choose(place >= 0, "1", "2"),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    roles = {"self": person, "spouse": np.where(kin < 0, -1, p.person[kin])}
    noted = (
        who.noted | employer.noted | {what: rows for what, rows in spouse.noted.items() if what[0] == "spouse_id_no"}
    )
    return Frame(name, ("fund_account_no",), columns, person, roles, person, p.planted[index],
                 firms={"employer": employer.number}, noted=noted)  # fmt: skip
