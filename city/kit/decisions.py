"""What is decided about firms, by day: penalties, lists, titles."""

import numpy as np

from city.kit.view import View
from city.world.firms.pattern import BRANCH, COMPANY, COOPERATIVE, RENAMED_SLOT, SHOP
from city.world.frames import Column, Frame
from city.world.hashing import Bools, Ints
from city.world.texts import NONE, choose, constant, nulls

SORTS = (COMPANY, COOPERATIVE, BRANCH, SHOP)
HORIZON = 4015
"""Days over which decisions are spread, one year of them before the first."""


def decided(keys: Ints, view: View, field: str, share: float) -> Ints:
    """Return the day of a decision about each key, in days since 1970-01-01; missing for most."""
    city = view.lives.city
    day = city.first - 365 + city.pick(keys, f"{field}.day", HORIZON)
    return np.where(city.chance(keys, field, share), day, NONE)


def due(view: View, day: Ints, repaired: Ints) -> Bools:
    """Say which decisions are delivered: when made, and again when repaired."""
    if view.day == 0:
        return np.asarray((day != NONE) & (day <= view.today))
    return np.asarray((day == view.today) | ((repaired == view.today) & (day != NONE)))


def about_firms(view: View, field: str, turn: int, share: float) -> tuple[Ints, Ints, dict[str, Column], Bools]:
    """Return (record, day, identity columns, rows delivered) of decisions of one turn."""
    f, city = view.firms, view.lives.city
    record = f.number * 8 + turn
    day = decided(record, view, field, share)
    # even the smallest city has one of each
    first = (f.block == 0) & (f.slot == RENAMED_SLOT) & (turn == 0)
    day = np.where(first, city.first - 2 - city.pick(record, f"{field}.first", 300), day)
    made = np.where(day == NONE, 0, day)
    day = np.where((f.established < made - 30) & (f.turns.cancelled > made), day, NONE)
    repaired = np.where(
        city.chance(record, f"{field}.repaired", 0.4), made + 90 + city.pick(record, f"{field}.repair", 200), NONE
    )
    repaired = np.where(repaired <= view.today, repaired, NONE)
    columns: dict[str, Column] = {
        "subject_kind_code": constant("1", len(f)),
        "uscc": f.uscc(made),
        "id_no": nulls(len(f)),
        "subject_name": f.name(made),
        "repair_state_code": choose(repaired == NONE, "0", "1"),
        "repair_date": repaired,
    }
    return record, day, columns, due(view, day, repaired)


def moments(view: View, record: Ints, day: Ints) -> dict[str, Column]:
    """Return when decisions were entered, and whether they are new."""
    city = view.lives.city
    clock = 9 * 3600 + city.pick(record, "decision.clock", 8 * 3600, view.day)
    entered = np.where(view.day > 0, view.today, np.minimum(np.where(day == NONE, 0, day), city.first - 1))
    return {"updated_at": entered * 86400 + clock, "op_code": choose((day == view.today) | (view.day == 0), "I", "U")}


def numbered(frame: Frame, record: Ints) -> Frame:
    """Return the frame with numbers of its own for its records: there may be several of one firm."""
    return Frame(**{**frame.__dict__, "record": record})
