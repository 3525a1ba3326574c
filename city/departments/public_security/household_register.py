"""常住人口户籍登记."""

from dataclasses import replace

import numpy as np

from city.departments.public_security import register_no
from city.world.frames import Frame, stack
from city.world.hashing import Bools, Ints
from city.world.people import attributes
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.documents import identity, registered_twice, retired_area, second_id_no, shares_number
from city.world.people.households import layout
from city.world.people.lives import Lives, correction_day
from city.world.people.population import People
from city.world.places import COUNTY_CODES
from city.world.texts import NONE, Text, blank_where, choose, constant, join, number, take, text_of


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


def project(lives: Lives, day: int) -> Frame:
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
    return Frame("public_security.household_register", ("resident_no",), columns, p.person, roles, p.person, p.planted,
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
