"""医保参保与个人账户."""

import numpy as np

from city.kit.people import Records
from city.kit.standing import Standing
from city.world.frames import Frame, stack
from city.world.people.attributes import AGENT_PHONES
from city.world.people.lives import Lives
from city.world.people.work import EMPLOYEES_HEALTH, RESIDENTS_HEALTH, Work
from city.world.texts import month_index, month_text

_SUBSIDIES = ("1", "2", *("9",) * 58)


def project(lives: Lives, day: int) -> Frame:
    """Return the insured persons new or changed; day 0 has all. Some are entered a second time."""
    p = lives.people
    work = Work(lives)
    standing = Standing(lives, "medical_insurance.medical_insured", day, work.health_from)
    gone = np.minimum(p.death, p.leave)
    over = standing.learn(gone)
    for turn in (work.begun, work.changed, work.ended):
        standing.learn(turn)
    rows = Records.of_register(standing)
    place = rows.of(work.place(rows.today))
    rows.firm_in("employer", place)
    rows.phones_of_agents(AGENT_PHONES)
    month = month_index(np.full(len(rows), rows.today))
    frame = rows.frame({
        "medical_personal_no": rows.serial("medical_personal_no", "3707"),
        "insurance_kind_code": rows.flag(place >= 0, EMPLOYEES_HEALTH, RESIDENTS_HEALTH),
        "enrol_date": rows.of(work.health_from),
        "insured_state_code": rows.flag(rows.of(over), "4", "1"),
        "stop_date": rows.only(rows.of(over), rows.of(gone)),
        "paid_to_month": month_text(np.where(place >= 0, month - 1, month // 12 * 12 + 11)),
        "year_paid_amount": np.where(place >= 0, 180000, 38000) + rows.amount("year_paid", 0, 899),
        "account_balance_amount": rows.amount("account_balance", 0, 7999),
        "subsidy_kind_code": rows.choice("subsidy", _SUBSIDIES),
    })  # fmt: skip
    again = rows.serial("medical_personal_no.again", "3707")
    return stack([frame, frame.again(rows.chance(f"{rows.resource}.again", 0.005), "medical_personal_no", again)])
