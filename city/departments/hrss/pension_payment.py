"""养老金发放."""

import numpy as np

from city.departments.hrss import account, personal_no
from city.world.city import HISTORY
from city.world.frames import Frame, stack
from city.world.people.documents import identity
from city.world.people.lives import PENSION_KINDS, Lives
from city.world.texts import join, month_index, month_text, number, take

_BANKS = ("潍坊银行", "山东省农村信用社", "中国农业银行", "中国邮政储蓄银行", "中国工商银行", "中国建设银行")


def project(lives: Lives, day: int) -> Frame:
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
    returned = city.chance(p.person, "payment.returned", 0.003, month) & ~p.planted
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
        "bank_account_no": account(city, person),
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
        p.planted[index],
        noted=who.noted,
    )
