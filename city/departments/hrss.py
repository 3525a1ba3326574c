"""人社局: who may draw a pension, and every pension paid, in a database."""

import numpy as np
import pyarrow as pa

from city import attributes
from city.courses import NEVER
from city.documents import identity
from city.frames import Frame, stack
from city.hashing import Ints
from city.lives import HISTORY, PENSION_KINDS, Lives
from city.texts import NONE, Text, join, month_first, month_index, month_text, number, take
from city.world import City

_BANKS = ("潍坊银行", "山东省农村信用社", "中国农业银行", "中国邮政储蓄银行", "中国工商银行", "中国建设银行")
_METHODS = ("10", "20", "30", "40")
"""手机刷脸, 现场, 上门, 数据比对."""


def personal_no(city: City, person: Ints) -> Text:
    """Return the personal social-insurance numbers."""
    return join("37", number(city.serial(person, "personal_no"), 10))


def _account(city: City, person: Ints) -> Text:
    return join("621799", number(city.serial(person, "account"), 10), number(city.pick(person, "account_end", 1000), 3))


def pension_recipient(lives: Lives, day: int) -> Frame:
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
    certified = np.where(
        p.is_case("no_trace")[index], city.first - 400 - city.pick(person, "certified", 200), certified
    )
    end = np.minimum(p.death, np.where(lives.in_prison, lives.imprisoned, NEVER))[index]
    certified = np.where(certified >= end, end - 20 - city.pick(person, "certified", 300), certified)
    suspended = p.is_case("released")[index] & (lives.release[index] > today)
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
        "bank_account_no": _account(city, person),
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
        p.case[index] >= 0,
        noted=who.noted,
    )


def pension_payment(lives: Lives, day: int) -> Frame:
    """Return the payments that reach the lake on a city day; day 0 has one year of them."""
    city = lives.city
    last = city.first + day - 1
    low = city.first - HISTORY if day == 0 else last - 3
    months = range(int(month_index(np.array([low]))[0]), int(month_index(np.array([last]))[0]) + 1)
    return stack([_payments(lives, month, day, again) for month in months for again in (False, True)])


def _payments(lives: Lives, month: int, day: int, again: bool) -> Frame:
    """Return the payments of a month made in the days before a city day; ``again`` those repeated after the bank sent them back."""
    p, city = lives.people, lives.city
    paid = lives.pay_date(month)
    returned = city.chance(p.person, "payment.returned", 0.003, month) & (p.case < 0)
    paid = paid + 3 if again else paid
    last = city.first + day - 1
    recent = (paid >= city.first - HISTORY) & (paid <= last) if day == 0 else paid == last
    index = np.flatnonzero(lives.paid(month) & recent & (returned if again else True))
    person = p.person[index]
    count = len(index)
    who = identity(p, "hrss.pension_recipient", city.first + day).rows(index)
    columns = {
        "payment_no": join(
            "Z", month_text(np.full(count, month), ""), number(city.serial(person * 2 + again, "payment_no"), 10)
        ),
        "personal_no": personal_no(city, person),
        "pension_kind_code": take(PENSION_KINDS, lives.pension_kind[index]),
        "id_no": who.id_no,
        "name": who.name,
        "birth_date": p.birth[index],
        "pay_month": month_text(np.full(count, month)),
        "pay_amount": lives.pension_amount[index],
        "bank_name": take(_BANKS, city.pick(person, "bank", len(_BANKS))),
        "bank_account_no": _account(city, person),
        "pay_date": paid[index],
        "pay_state_code": take(("1", "2"), (returned[index] & (not again)).astype(np.int64)),
        "entered_at": paid[index] * 86400 + 16 * 3600 + city.pick(person, "payment.clock", 3600),
    }
    return Frame(
        "hrss.pension_payment",
        ("payment_no",),
        columns,
        person * 65536 + (month % 8192) * 2 + again,
        {"self": person},
        person,
        p.case[index] >= 0,
        noted=who.noted,
    )
