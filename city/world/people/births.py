"""When people were born, and which sequence number their ID number carries: no two people share one."""

import numpy as np

from city.world.city import BLOCK, City
from city.world.hashing import Bools, Ints, between
from city.world.people.households import LIVING, UNBORN, Layout
from city.world.people.identifiers import RESIDUES, SEQUENCES, unique_day

YEAR = 365.2425
INFANTS = {22: 1.6, 25: 5.0}
"""Slot -> oldest age: somebody was born lately in most blocks."""


def birth_targets(city: City, pattern: Layout, person: Ints) -> Ints:
    """Return wished birth days: ages from the pattern, wives near husbands, children after mothers.

    Args:
        city: the city.
        pattern: layout of a block.
        person: person numbers, shape (blocks, slots), which is also that of the result.
    """
    target = np.zeros(person.shape, dtype=np.int64)

    def years(slots: list[int], field: str, low: float, high: float) -> Ints:
        return between(person[:, slots], field, city.seed, round(low * YEAR), round(high * YEAR))

    for slot, low, high in pattern.base:
        target[:, [slot]] = city.first - years([slot], "age", low, high + 1)
    wives = dict(pattern.wives)
    old = [slot for slot, _, _ in pattern.base]

    def wed(husbands: list[int]) -> None:
        pairs = [(wife, husband) for wife, husband in wives.items() if husband in husbands]
        slots = [wife for wife, _ in pairs]
        target[:, slots] = target[:, [husband for _, husband in pairs]] + years(slots, "wife_age", -1.5, 3.5)

    wed(old)
    sons = [slot for slot in range(LIVING) if pattern.mother[slot] >= 0 and slot in wives.values()]
    target[:, sons] = target[:, pattern.mother[sons]] + years(sons, "mother_age", 23, 28)
    wed(sons)
    children = [slot for slot in range(LIVING) if pattern.mother[slot] >= 0 and slot not in sons]
    target[:, children] = target[:, pattern.mother[children]] + years(children, "mother_age", 24, 31)
    second = [slot for slot in range(3, 20, 4)]
    target[:, second] = target[:, [slot - 1 for slot in second]] + years(second, "after_sibling", 1.8, 6)
    recent = city.first - 1 - years(children, "young", 0, 4)
    for slot, oldest in INFANTS.items():
        recent[:, children.index(slot)] = city.first - 1 - years([slot], "infant", 0, oldest)[:, 0]
    infants = list(INFANTS)
    target[:, infants] = city.first
    target[:, children] = np.where(target[:, children] > recent, recent, target[:, children])
    unborn = list(UNBORN)
    target[:, unborn] = city.first + years(unborn, "unborn", 0, 10)
    return target


def birth_days(city: City, target: Ints, slot: Ints, rank: Ints, forced: Bools, block: Ints) -> Ints:
    """Return birth days: near the wished one, on the residue that makes ID numbers unique.

    Args:
        city: the city.
        target: wished birth days.
        slot: slots within the block.
        rank: place of each person's block within its county.
        forced: people born on a given day, whatever the residue.
        block: block numbers.
    """
    code = (rank // SEQUENCES) * BLOCK + slot
    turn = city.pick(rank % SEQUENCES, "residue_turn", RESIDUES)
    birth = unique_day(target, (code * 521 + turn) % RESIDUES)
    unborn = np.isin(slot, list(UNBORN))
    birth = np.where(unborn & (birth < city.first), birth + RESIDUES, birth)
    birth = np.where(~unborn & (birth >= city.first), birth - RESIDUES, birth)
    return np.where(forced, city.first + block, birth)


def sequence_numbers(birth: Ints, rank: Ints, forced: Bools, sex: Ints) -> Ints:
    """Return 0..999, odd for men.

    Args:
        birth: birth days.
        rank: place of each person's block within its county.
        forced: births that do not follow the residues; they take the spare half of the numbers.
        sex: 1 or 2.
    """
    residue = np.mod(birth, RESIDUES)
    place = (rank % SEQUENCES + residue * 97) % SEQUENCES
    return np.asarray((2 * place + forced) * 2 + (sex == 1), dtype=np.int64)
