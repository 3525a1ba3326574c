"""公交刷卡乘车(含老年优待卡)."""

import numpy as np

from city.world.frames import Frame
from city.world.people.documents import identity
from city.world.people.lives import Lives, window
from city.world.texts import choose, day_number, join, nulls, number, take

_LINES = 60
_STOPS = (
    "火车站",
    "市政府",
    "人民商城",
    "泰华城",
    "中百大厦",
    "潍坊学院",
    "人民医院",
    "北宫街",
    "白浪河",
    "鸢飞路口",
    "富华游乐园",
    "汽车总站",
)


def project(lives: Lives, day: int) -> Frame:
    """Return the rides that reach the lake on a city day; day 0 has one year of them."""
    p, city = lives.people, lives.city
    days = window(city, day) if day == 0 else np.array([city.first + day - 1])
    index, ridden = lives.taps(days)
    back = city.chance(p.person[index], "tap.back", 0.5, ridden)
    index = np.concatenate([index, index[back]])
    ridden, leg = np.concatenate([ridden, ridden[back]]), np.repeat([0, 1], [len(back), int(back.sum())])
    order = np.lexsort((leg, ridden, index))
    index, ridden, leg = index[order], ridden[order], leg[order]
    person, count = p.person[index], len(index)
    senior = lives.card[index] == 2
    line = city.pick(person, "line", _LINES, ridden * 2)
    clock = np.where(
        leg == 0,
        6 * 3600 + city.pick(person, "tap.out", 5 * 3600, ridden),
        12 * 3600 + city.pick(person, "tap.in", 7 * 3600, ridden),
    )
    who = identity(p, "transport.bus_tap", city.first + day).rows(index)
    columns = {
        "tap_no": join(number(day_number(ridden), 8), number(city.serial(person * 2 + leg, "tap_no"), 10)),
        "bus_card_no": join("2614", number(city.serial(person, "bus_card"), 10)),
        "card_kind_code": choose(senior, "20", "10"),
        "id_no": choose(senior, who.id_no, nulls(count)),
        "name": choose(senior, who.name, nulls(count)),
        "line_no": number(line + 1, 3),
        "line_name": join(take([str(i + 1) for i in range(_LINES)], line), "路"),
        "stop_name": take(_STOPS, city.pick(person, "stop", len(_STOPS), ridden * 2 + leg)),
        "plate_no": join("鲁G", number(10000 + city.pick(line, "bus", 40, ridden * 2 + leg) + line * 40, 5), "D"),
        "tapped_at": ridden * 86400 + clock,
        "fare_amount": np.where(senior, 0, 200),
    }
    roles = {"self": np.where(senior, person, -1)}
    record = person * 2**20 + (ridden + 2**18) * 2 + leg
    noted = {what: rows & senior for what, rows in who.noted.items()}
    return Frame("transport.bus_tap", ("tap_no",), columns, record, roles, person, p.planted[index], noted=noted)
