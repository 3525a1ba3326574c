"""养老待遇领取资格名册."""

import numpy as np
import pyarrow as pa

from city.departments.hrss import account, personal_no
from city.world.city import HISTORY
from city.world.frames import Frame
from city.world.people import attributes
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.lives import PENSION_KINDS, Lives
from city.world.texts import NONE, month_first, take

_METHODS = ("10", "20", "30", "40")
"""手机刷脸, 现场, 上门, 数据比对."""


def project(lives: Lives, day: int) -> Frame:
    """Return the whole roster as it stands on a city day; people stopped leave it after a year."""
    p, city = lives.people, lives.city
    today = city.first + day
    stop = np.where(
        lives.last_paid_month >= NEVER, NEVER, month_first(np.minimum(lives.last_paid_month, 12 * 3000) + 1)
    )
    late = city.chance(p.person, "recipient.late", 0.03) & (lives.retired >= city.first - 5)
    entered = lives.retired + np.where(late, 12, 0)
    # a stop is entered on the day after the death is known to HRSS, at the latest when the next month is due
    gone = np.minimum(p.death, p.leave) + 3
    index = np.flatnonzero((entered <= today - 1) & (stop > today - HISTORY))
    person = p.person[index]
    stopped = (gone[index] <= today) & (lives.last_paid_month[index] < NEVER)
    certified = today - 1 - (today + city.pick(person, "certified", 330)) % 330
    certified = np.where(p.fate.uncertified[index], city.first - 400 - city.pick(person, "certified", 200), certified)
    end = np.minimum(p.death, np.where(lives.in_prison, lives.imprisoned, NEVER))[index]
    certified = np.where(certified >= end, end - 20 - city.pick(person, "certified", 300), certified)
    suspended = p.fate.paused[index] & (lives.release[index] > today)
    pick = pa.array(index)
    who = identity(p, "hrss.pension_recipient", today).rows(index)
    moved = p.move <= today
    columns = {
        "personal_no": personal_no(city, person),
        "pension_kind_code": take(PENSION_KINDS, lives.pension_kind[index]),
        "id_no": who.id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "phone": attributes.phones(p).take(pick),
        "residence_address": attributes.residence_address(p, moved).take(pick),
        "village_code": attributes.village_code(p, moved).take(pick),
        "retire_date": lives.retired[index],
        "monthly_pension_amount": lives.pension_amount[index],
        "bank_account_no": account(city, person),
        "last_certified_date": certified,
        "certified_method_code": take(_METHODS, city.pick(person, "method", 4)),
        "receive_state_code": take(("1", "2", "3"), np.select([stopped, suspended], [2, 1], 0)),
        "stop_date": np.where(stopped, stop[index], NONE),
        "roster_date": np.full(len(index), today),
    }
    return Frame(
        "hrss.pension_recipient",
        ("personal_no", "pension_kind_code"),
        columns,
        person,
        {"self": person},
        person,
        p.planted[index],
        noted=who.noted,
    )
