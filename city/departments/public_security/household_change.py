"""户籍变动与死亡注销."""

import numpy as np
import pyarrow as pa

from city.departments.public_security import register_no
from city.world.city import HISTORY
from city.world.frames import Frame, stack
from city.world.hashing import Bools, Ints
from city.world.people import attributes
from city.world.people.courses import NEVER
from city.world.people.documents import identity
from city.world.people.households import UNBORN
from city.world.people.lives import Lives, window
from city.world.people.population import People
from city.world.texts import NONE, Text, constant, day_number, join, nulls, number, take

LATE_CHANGE = 0.03
KINDS = ("01", "02", "03", "04", "05", "06", "07", "08", "09")
"""出生, 死亡注销, 迁出, 迁入, 市内移居, 户口类别变更, 文化程度变更, 姓名变更, 公民身份号码更正."""
BIRTH, DEATH, LEAVE, ARRIVE, MOVE, REKIND, OTHER, RENAME, RENUMBER = range(9)
_REASONS = (
    "出生申报",
    "死亡注销",
    "工作调动",
    "投亲落户",
    "家庭搬迁",
    "本人申请",
    "信息更新",
    "本人申请更名",
    "号码更正",
)


def project(lives: Lives, day: int) -> Frame:
    """Return the changes that reach the lake on a city day; day 0 has one year of them."""
    found = [(kind, *_changes(lives, kind, day)) for kind in range(len(KINDS))]
    some = [item for item in found if len(item[1])]
    return stack([_change_frame(lives, *item, day) for item in some or found[:1]])


def _changes(lives: Lives, kind: int, day: int) -> tuple[Ints, Ints]:
    p, city = lives.people, lives.city
    event, mask = _event(lives, kind)
    mask &= ~p.guest
    if kind == DEATH:
        known, delivered = lives.death_known("household_change")
        mask = mask & known
    else:
        delivered = city.delivered(p.person, f"household_change.{kind}", event, LATE_CHANGE)
    days = window(city, day)
    old_enough = event >= days[0] if day == 0 else np.ones(len(p), dtype=bool)
    chosen = mask & (delivered == day) & old_enough & (event < city.first + day)
    index = np.flatnonzero(chosen)
    return index, event[index]


def _event(lives: Lives, kind: int) -> tuple[Ints, Bools]:
    p, city = lives.people, lives.city
    born_here = np.isin(p.slot, list(UNBORN)) | (p.birth >= city.first - 400)
    if kind == BIRTH:
        return p.birth, born_here
    if kind == DEATH:
        return p.death, p.death < NEVER
    if kind == LEAVE:
        return p.leave, p.leave < p.death
    if kind == ARRIVE:
        return p.arrive, (p.arrive > 0) & ~born_here
    if kind == MOVE:
        return p.move, lives.here(p.move) & (p.slot < 100)
    if kind in (RENAME, RENUMBER):
        turned = p.renamed if kind == RENAME else p.renumbered
        return turned, lives.here(np.minimum(turned, city.first + HISTORY))
    if kind == REKIND:
        return _by_correction(lives, 0, 0.03)
    return _by_correction(lives, 400, 0.35)


def _by_correction(lives: Lives, back: int, rate: float) -> tuple[Ints, Bools]:
    p, city = lives.people, lives.city
    day = city.first - 365 + city.pick(p.person, f"other_change.{back}", 4000)
    return day, city.chance(p.person, f"other_change_drawn.{back}", rate) & lives.here(day) & ~p.planted


def _change_frame(lives: Lives, kind: int, index: Ints, event: Ints, day: int) -> Frame:
    p, city = lives.people, lives.city
    count = len(index)
    person = p.person[index]
    moved = p.move <= city.first + day
    before, after = (
        attributes.household_address(p, np.zeros(len(p), dtype=bool)),
        attributes.household_address(p, ~moved | moved),
    )
    here = attributes.household_address(p, moved)
    pick = pa.array(index)
    away = take(
        ("山东省济南市历下区", "山东省青岛市市北区", "北京市朝阳区", "上海市浦东新区", "江苏省苏州市姑苏区"),
        city.pick(person, "away", 5),
    )
    from_address = {LEAVE: here.take(pick), ARRIVE: away, MOVE: before.take(pick)}.get(kind, nulls(count))
    to_address = {BIRTH: here.take(pick), LEAVE: away, ARRIVE: here.take(pick), MOVE: after.take(pick)}.get(
        kind, nulls(count)
    )
    clock = 8 * 3600 + city.pick(person, "change.clock", 9 * 3600, event)
    who = identity(p, "public_security.household_change", city.first + day)
    old, new = _values(p, kind)
    entered = event if day == 0 else np.full(count, city.first + day - 1)
    entered = np.minimum(np.maximum(entered, event), city.first + day - 1)
    columns = {
        "change_no": join("B", number(day_number(event), 8), number(city.serial(person * 16 + kind, "change_no"), 10)),
        "resident_no": register_no(city, person),
        "id_no": who.id_no.take(pick),
        "name": who.name.take(pick),
        "birth_date": p.birth[index],
        "change_kind_code": constant(KINDS[kind], count),
        "change_date": event
        if kind != DEATH
        else np.minimum(event + 1 + city.pick(person, "cancelled_after", 10), entered),
        "old_value": old.take(pick),
        "new_value": new.take(pick),
        "from_address": from_address,
        "to_address": to_address,
        "village_code": attributes.village_code(p, moved).take(pick),
        "death_date": event if kind == DEATH else np.full(count, NONE),
        "change_reason": constant(_REASONS[kind], count),
        "police_station_name": attributes.station_name(p).take(pick),
        "entered_at": entered * 86400 + clock,
    }
    return Frame(
        "public_security.household_change",
        ("change_no",),
        columns,
        person * 16 + kind,
        {"self": person},
        person,
        p.planted[index],
    )


def _values(p: People, kind: int) -> tuple[Text, Text]:
    """Return what stood in the register before and after a change, for everybody; null where a change has no such value."""
    if kind == RENAME:
        return p.former_name, p.name
    if kind == RENUMBER:
        return p.former_id_no, p.citizen_no
    if kind == OTHER:
        return constant("初中", len(p)), constant("高中", len(p))
    return nulls(len(p)), nulls(len(p))
