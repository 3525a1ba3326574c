"""公安局: the household register and its changes, in a database."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from city import attributes
from city.births import YEAR
from city.courses import NEVER
from city.documents import identity, registered_twice, retired_area, second_id_no, shares_number
from city.frames import Frame, stack
from city.hashing import Bools, Ints
from city.households import UNBORN, layout
from city.lives import HISTORY, Lives, window
from city.places import COUNTY_CODES
from city.population import People
from city.texts import NONE, Text, blank_where, choose, constant, day_number, join, nulls, number, take, text_of
from city.world import City

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


def register_no(city: City, person: Ints, second: bool = False) -> Text:
    """Return the register's own number of people; ``second`` for those registered twice."""
    return join("R2" if second else "R1", number(city.serial(person, "resident_no"), 10))


class Known:
    """What the register knows on a city day, and what it has learnt that very day."""

    def __init__(self, lives: Lives, day: int) -> None:
        p, city = lives.people, lives.city
        self.day = day
        self.changed = np.zeros(len(p), dtype=bool)
        dead, dead_day = lives.death_known("household_change")
        self.arrived = self._learnt(
            np.where(p.arrive > city.first - 2, city.delivered(p.person, "register.arrive", p.arrive, 0.01), 0)
        )
        self.dead = self._learnt(np.where(dead, dead_day, NEVER))
        self.left = self._learnt(city.delivered(p.person, "register.leave", p.leave, 0.01))
        self.moved = self._learnt(city.delivered(p.household, "register.move", p.move, 0.01))
        self.married = self._learnt(
            city.delivered(np.minimum(p.person, p.person[p.spouse]), "register.marry", p.married, 0.01)
        )
        self.corrected = self._learnt(correction_day(lives))
        self.renamed = self._learnt(p.renamed - city.first + 1)
        self._learnt(p.renumbered - city.first + 1)
        self.new = self.arrived & (self._days_arrive(lives) == day)

    def _learnt(self, day: Ints) -> Bools:
        self.changed |= day == self.day
        return day <= self.day

    @staticmethod
    def _days_arrive(lives: Lives) -> Ints:
        p, city = lives.people, lives.city
        return np.where(p.arrive > city.first - 2, city.delivered(p.person, "register.arrive", p.arrive, 0.01), 0)


def correction_day(lives: Lives) -> Ints:
    """Return the city day on which a register row is put right: a phone added, schooling brought up to date."""
    p = lives.people
    drawn = lives.city.chance(p.person, "register.corrected", 0.4)
    return np.where(drawn, 1 + lives.city.pick(p.person, "register.correction", 800), NEVER)


def household_register(lives: Lives, day: int) -> Frame:
    """Return the register rows that are new or changed on a city day; day 0 has all."""
    known = Known(lives, day)
    chosen = known.arrived & (known.changed | (day == 0)) & ~lives.people.guest
    frame = _register_frame(lives, known).where(chosen)
    second = _second_registration(lives, known, day)
    return stack([frame, second]) if len(second) else frame


def _register_frame(lives: Lives, known: Known) -> Frame:
    p, city = lives.people, lives.city
    married = known.married & (p.spouse >= 0)
    widowed = married & known.dead[p.spouse] & ~known.dead
    state = np.where(known.dead, 1, np.where(known.left, 2, 0))
    op = choose(known.new | (known.day == 0), "I", "U")
    issued = p.birth + ((city.first - p.birth) // 3653) * 3653
    grown = (city.first - p.birth) / YEAR >= 46
    adult = (city.first - p.birth) / YEAR >= 16
    divorced = np.isin(p.slot, (50, 52))
    marital = np.select([divorced, widowed, married], [3, 2, 1], 0)
    head_left = p.slot == layout().head[p.slot]
    who = identity(p, "public_security.household_register", city.first + known.day)
    columns = {
        "resident_no": register_no(city, p.person),
        "id_no": who.id_no,
        "name": who.name,
        "former_name": blank_where(p.former_name, ~known.renamed | (p.renamed >= NEVER)),
        "sex_code": attributes.sex_code(p),
        "ethnicity_code": attributes.ethnicity(p),
        "birth_date": p.birth,
        "birth_place_code": _first_six(p),
        "household_no": join(number(COUNTY_CODES[p.county], 6), number(city.serial(p.household, "household_no"), 10)),
        "relation_to_head_code": choose(head_left, "02", take(layout().relation, p.slot)),
        "household_kind_code": take(("10", "20"), city.pick(p.household, "household_kind", 2)),
        "household_address": attributes.household_address(p, known.moved),
        "residence_address": attributes.residence_address(p, known.moved),
        "address_code": attributes.address_code(p, known.moved),
        "village_code": attributes.village_code(p, known.moved),
        "marital_code": take(("10", "20", "30", "40"), marital),
        "education_code": attributes.education(p, known.corrected),
        "father_id_no": p.kin_id(p.father, who.id_no),
        "mother_id_no": p.kin_id(p.mother, who.id_no),
        "spouse_id_no": blank_where(p.kin_id(p.spouse, who.id_no), ~married | divorced),
        "phone": attributes.phones(p),
        "card_issue_date": np.where(adult, issued, NONE),
        "card_valid_to_date": np.where(adult, np.where(grown, NONE, issued + 7305), NONE),
        "household_state_code": take(("1", "2", "3"), state),
        "updated_at": _entered(lives, known),
        "op_code": op,
    }
    roles = {"self": p.person, "father": _kin(p, p.father), "mother": _kin(p, p.mother)}
    roles["spouse"] = np.where(~married | divorced, -1, _kin(p, p.spouse))
    return Frame("public_security.household_register", ("resident_no",), columns, p.person, roles, p.person, p.case >= 0,
                 {"_corrected": known.corrected.astype(np.int64)},
                 noted={("id_no", "two_people_one_id"): shares_number(p), ("id_no", "retired_area_code"): retired_area(p)})  # fmt: skip


def _kin(p: People, kin: Ints) -> Ints:
    return np.where(kin < 0, -1, p.person[kin])


def _first_six(p: People) -> Text:
    return text_of(p.id_matrix[:, :6])


def _entered(lives: Lives, known: Known) -> Ints:
    """Return the moment of entry, in seconds: the working day before the delivery, or some day of the past years."""
    p, city = lives.people, lives.city
    clock = 8 * 3600 + city.pick(p.person, "register.clock", 9 * 3600, known.day)
    if known.day:
        return (city.first + known.day - 1) * 86400 + clock
    past = city.first - 2 - city.pick(p.person, "register.entered", 3000)
    for learnt, event in (
        (known.arrived, p.arrive),
        (known.dead, p.death),
        (known.left, p.leave),
        (known.moved, p.move),
    ):
        past = np.where(learnt, np.maximum(past, np.minimum(event, city.first - 2)), past)
    return (past + 1) * 86400 + clock


def _second_registration(lives: Lives, known: Known, day: int) -> Frame:
    """Return the second rows of people registered twice; half of them are cancelled (deleted) some later day."""
    p, city = lives.people, lives.city
    twice = registered_twice(p)
    cancelled = 1 + city.pick(p.person, "two_ids.cancelled", 40)
    chosen = twice & ((day == 0) | (cancelled == day))
    frame = _register_frame(lives, known)
    frame = frame.with_column("id_no", second_id_no(p))
    frame = frame.with_column("resident_no", register_no(city, p.person, second=True))
    frame = frame.with_column("op_code", constant("I" if day == 0 else "D", len(p)))
    noted = {("id_no", "two_ids_one_person"): chosen}
    return replace(frame, record=p.person + 2**40, noted=noted).where(chosen)


def household_change(lives: Lives, day: int) -> Frame:
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
    return day, city.chance(p.person, f"other_change_drawn.{back}", rate) & lives.here(day) & (p.case < 0)


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
        p.case[index] >= 0,
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
