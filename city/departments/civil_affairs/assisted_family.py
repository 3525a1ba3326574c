"""社会救助家庭与成员(含申请)."""

import numpy as np
import pyarrow as pa

from city.kit.standing import Standing
from city.world.frames import Frame
from city.world.people import attributes
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.households import layout
from city.world.people.lives import Lives
from city.world.places import COUNTY_CODES
from city.world.texts import NONE, choose, constant, join, number, take

ASSISTED, DISABLED = 0.045, 0.027
"""Of the households; of the people."""
AGENT_PHONES = 0.1


def project(lives: Lives, day: int) -> Frame:
    """Return the members of families new, stopped or worked on; day 0 has all."""
    p, city, name = lives.people, lives.city, "civil_affairs.assisted_family"
    today = city.first + day
    asked = city.first - 2600 + city.pick(p.household, "assisted.asked", 3000)
    begins = np.maximum(asked + 30, p.birth + 60)
    helped = city.chance(p.household, "assisted", ASSISTED) & (p.slot < 100) & (begins < np.minimum(p.death, p.leave))
    standing = Standing(lives, name, day, np.where(helped, begins, NEVER))
    ends = begins + 700 + city.pick(p.household, "assisted.ends", 6000)
    over = standing.learn(ends)
    index = standing.rows
    person, pick, count = p.person[index], pa.array(index), len(index)
    who = identity(p, name, today).rows(index)
    phone, agent = attributes.given_phones(p, name, AGENT_PHONES)
    kind = city.pick(p.household[index], "assisted.kind", 5)
    family = join(
        "SZ", number(COUNTY_CODES[p.county[index]], 6), number(city.serial(p.household[index], "family_no"), 10)
    )
    head = layout().head[p.slot[index]] == p.slot[index]
    columns = {
        "family_no": family,
        "member_no": number(p.slot[index] - layout().head[p.slot[index]] + 1, 2),
        "application_no": join("SQ", number(city.serial(p.household[index], "application_no"), 10)),
        "apply_date": asked[index],
        "authorise_date": asked[index] + 3,
        "id_no": who.id_no,
        "name": who.name,
        "birth_date": p.birth[index],
        "phone": phone.take(pick),
        "relation_to_applicant_code": choose(head, "01", take(layout().relation, p.slot[index])),
        "assistance_kind_code": take(("10", "20", "30", "40", "50"), kind),
        "health_state_code": take(("1", "2", "3", "6"), city.pick(person, "assisted.health", 4)),
        "labour_ability_code": take(("1", "2", "3"), city.pick(person, "assisted.labour", 3)),
        "monthly_income_amount": 1000 * city.pick(p.household[index], "assisted.income", 90),
        "standard_amount": 50000 + 1000 * kind,
        "approve_date": begins[index],
        "stop_date": np.where(over[index], ends[index], NONE),
        "assistance_state_code": choose(over[index], "3", "1"),
        "village_code": attributes.village_code(p, p.move <= today).take(pick),
        "residence_address": attributes.residence_address(p, p.move <= today).take(pick),
        "bank_account_no": join("621799", number(city.serial(person, "account"), 10), constant("888", count)),
        "updated_at": standing.updated_at(index),
        "op_code": standing.op_code(index),
    }
    return Frame(name, ("family_no", "member_no"), columns, person, {"self": person}, person, p.planted[index],
                 {"_lender_id_no": attributes.lender_id(p).take(pick)},
                 noted=who.noted | {("phone", "shared_phone"): agent[index]})  # fmt: skip
