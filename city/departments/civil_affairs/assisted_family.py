"""社会救助家庭与成员(含申请)."""

import numpy as np

from city.kit.people import Records
from city.kit.standing import Standing
from city.world.frames import Frame
from city.world.people.courses import NEVER
from city.world.people.households import layout
from city.world.people.lives import Lives
from city.world.places import COUNTY_CODES
from city.world.texts import choose, join, number, take

ASSISTED = 0.045
"""Of the households."""
AGENT_PHONES = 0.1


def project(lives: Lives, day: int) -> Frame:
    """Return the members of families new, stopped or worked on; day 0 has all."""
    p, city = lives.people, lives.city
    asked = city.first - 2600 + city.pick(p.household, "assisted.asked", 3000)
    begins = np.maximum(asked + 30, p.birth + 60)
    helped = city.chance(p.household, "assisted", ASSISTED) & (p.slot < 100) & (begins < np.minimum(p.death, p.leave))
    standing = Standing(lives, "civil_affairs.assisted_family", day, np.where(helped, begins, NEVER))
    ends = begins + 700 + city.pick(p.household, "assisted.ends", 6000)
    over = standing.learn(ends)
    rows = Records.of_register(standing)
    rows.phones_of_agents(AGENT_PHONES)
    household, slot = rows.of(p.household), rows.of(p.slot)
    kind, head = city.pick(household, "assisted.kind", 5), layout().head[slot]
    county = number(COUNTY_CODES[rows.of(p.county)], 6)
    return rows.frame({
        "family_no": join("SZ", county, number(city.serial(household, "family_no"), 10)),
        "member_no": number(slot - head + 1, 2),
        "application_no": join("SQ", number(city.serial(household, "application_no"), 10)),
        "apply_date": rows.of(asked),
        "authorise_date": rows.of(asked) + 3,
        "relation_to_applicant_code": choose(head == slot, "01", take(layout().relation, slot)),
        "assistance_kind_code": take(("10", "20", "30", "40", "50"), kind),
        "health_state_code": rows.choice("assisted.health", ("1", "2", "3", "6")),
        "labour_ability_code": rows.choice("assisted.labour", ("1", "2", "3")),
        "monthly_income_amount": 1000 * city.pick(household, "assisted.income", 90),
        "standard_amount": 50000 + 1000 * kind,
        "approve_date": rows.of(begins),
        "stop_date": rows.only(rows.of(over), rows.of(ends)),
        "assistance_state_code": rows.flag(rows.of(over), "3", "1"),
        "bank_account_no": join(rows.serial("account", "621799"), "888"),
    })  # fmt: skip
