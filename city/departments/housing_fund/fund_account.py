"""公积金个人账户."""

import numpy as np

from city.kit.people import Records
from city.kit.standing import Standing
from city.world.frames import Frame
from city.world.people.courses import NEVER
from city.world.people.lives import Lives
from city.world.people.work import Work
from city.world.texts import month_index, month_text

_FUND = 0.5
"""Of all who work."""


def project(lives: Lives, day: int) -> Frame:
    """Return the accounts new or changed; day 0 has all."""
    p, city = lives.people, lives.city
    work = Work(lives)
    begins = np.where(work.begun < NEVER, np.maximum(work.begun + 60, city.first - 6000), NEVER)
    works = (begins < work.ended) & (work.ended > city.first - 700)
    has = city.chance(p.person, "fund", _FUND) & (p.abroad < 0) & works
    standing = Standing(lives, "housing_fund.fund_account", day, np.where(has, begins, NEVER))
    for turn in (work.changed, work.ended, p.married):
        standing.learn(turn)
    rows = Records.of_register(standing)
    place = rows.of(work.place(rows.today))
    rows.person_in("spouse", rows.of(np.where((p.married < rows.today) & ~np.isin(p.slot, (50, 52)), p.spouse, -1)))
    rows.firm_in("employer", place)
    return rows.frame({
        "fund_account_no": rows.serial("fund_account", "GJJ"),
        "open_date": rows.of(begins),
        "deposit_base_amount": rows.amount("contribution_base", 4000, 12990, step=10),
        "deposit_ratio_pct": rows.choice("fund_ratio", ("5", "8", "10", "12")),
        "account_balance_amount": rows.amount("fund_balance", 100, 90099),
        "last_deposit_month": month_text(month_index(np.minimum(rows.today, rows.of(work.ended))) - 1),
        "account_state_code": rows.flag(place >= 0, "1", "2"),
    })  # fmt: skip
