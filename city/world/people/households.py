"""The pattern of a block: 100 registered inhabitants, some who died or left, some still to come, and five registered elsewhere."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from city.world.hashing import Ints

SLOTS = 121
LIVING = 100
DIED = range(100, 104)
LEFT = range(104, 106)
UNBORN = range(106, 112)
NEWCOMERS = range(112, 116)
GUESTS = range(116, 121)
"""Residents whose household register is elsewhere, or who have none: a family of three, and two alone."""
SINGLES = (54, 55, 56, 57, 58, 59, 98, 99)
LATER_COUPLES = ((54, 55), (56, 57), (58, 59))
"""Single people of one block who marry some day."""
FORMER_COUPLES = ((50, 104), (52, 105))
"""Divorced; one of the two has left."""
WIDOWED = ((101, 72), (102, 73), (103, 74))
FORCED_MOTHER, FORCED_ELDER = 1, 35
"""Slots in which a birth and a death happen on the first days, so that no day is empty."""


@dataclass(frozen=True)
class Layout:
    """Who is what to whom; one entry per slot, −1 where nobody."""

    household: Ints
    head: Ints
    spouse: Ints
    father: Ints
    mother: Ints
    relation: tuple[str, ...]
    """GB/T 4761 relation to the head of household."""
    sex: Ints
    """1, 2, or 0 where chance decides."""
    base: tuple[tuple[int, int, int], ...]
    """(slot, lowest age, highest age) on the first day."""
    wives: tuple[tuple[int, int], ...]
    """(wife, husband) by level: first of the old, then of those whose own birth follows from a mother's."""
    couples: tuple[tuple[int, int], ...]
    """(husband, wife) married before the first day."""


@lru_cache(maxsize=1)
def layout() -> Layout:
    """Return the pattern every block follows."""
    return _Builder().build()


class _Builder:
    def __init__(self) -> None:
        self.household = np.full(SLOTS, -1, dtype=np.int64)
        self.head = np.full(SLOTS, -1, dtype=np.int64)
        self.spouse = np.full(SLOTS, -1, dtype=np.int64)
        self.father = np.full(SLOTS, -1, dtype=np.int64)
        self.mother = np.full(SLOTS, -1, dtype=np.int64)
        self.sex = np.zeros(SLOTS, dtype=np.int64)
        self.relation = ["02"] * SLOTS
        self.base: list[tuple[int, int, int]] = []
        self.wives: list[tuple[int, int]] = []
        self.couples: list[tuple[int, int]] = []
        self.next_household = 0

    def live(self, *slots: int) -> None:
        self.household[list(slots)] = self.next_household
        self.head[list(slots)] = slots[0]
        self.next_household += 1

    def marry(self, husband: int, wife: int) -> None:
        self.spouse[husband], self.spouse[wife] = wife, husband
        self.sex[husband], self.sex[wife] = 1, 2
        self.relation[wife] = "12"
        self.wives.append((wife, husband))
        self.couples.append((husband, wife))

    def bear(self, child: int, father: int, mother: int, relation: str = "20") -> None:
        self.father[child], self.mother[child] = father, mother
        self.relation[child] = relation

    def build(self) -> Layout:
        self._old()
        self._families()
        self._alone()
        return Layout(
            self.household, self.head, self.spouse, self.father, self.mother, tuple(self.relation), self.sex,
            tuple(self.base), tuple(self.wives), tuple(self.couples),
        )  # fmt: skip

    def _old(self) -> None:
        for number, husband in enumerate(range(60, 72, 2)):
            self.live(husband, husband + 1)
            self.marry(husband, husband + 1)
            self.base.append((husband, 66, 75) if number < 5 else (husband, 72, 86))
        for dead, widowed in WIDOWED:
            self.live(widowed, dead)
            self.base += [(widowed, 72, 90), (dead, 72, 92)]
            self.spouse[dead], self.spouse[widowed] = widowed, dead
            self.sex[dead], self.sex[widowed] = 1, 2
            self.relation[dead] = "11"
        self.live(100)
        self.base.append((100, 66, 88))

    def _families(self) -> None:
        for number, husband in enumerate(range(0, 20, 4)):
            first, second = husband + 2, husband + 3
            unborn = UNBORN[number]
            self.live(husband, husband + 1, first, second, unborn)
            self.marry(husband, husband + 1)
            self.bear(husband, 60 + 2 * number, 61 + 2 * number, "02")
            for child in (first, second, unborn):
                self.bear(child, husband, husband + 1)
        for number, husband in enumerate(range(20, 35, 3)):
            members = (husband, husband + 1, husband + 2, *((UNBORN[5],) if number == 0 else ()))
            self.live(*members)
            self.marry(husband, husband + 1)
            self.base.append((husband, 25, 34) if number < 2 else (husband, 32, 46))
            for child in members[2:]:
                self.bear(child, husband, husband + 1)
        for elder in range(35, 50, 5):
            self.live(*range(elder, elder + 5))
            self.marry(elder, elder + 1)
            self.base.append((elder, 66, 79))
            self.bear(elder + 2, elder, elder + 1)
            self.marry(elder + 2, elder + 3)
            self.relation[elder + 3] = "38"
            self.bear(elder + 4, elder + 2, elder + 3, "40")
        for husband in range(75, 90, 3):
            self.live(husband, husband + 1, husband + 2)
            self.marry(husband, husband + 1)
            self.base.append((husband, 46, 59))
            self.bear(husband + 2, husband, husband + 1)
        for husband in range(90, 98, 2):
            self.live(husband, husband + 1)
            self.marry(husband, husband + 1)
            self.base.append((husband, 45, 60))

    def _alone(self) -> None:
        for parent, former in FORMER_COUPLES:
            self.live(parent, parent + 1)
            self.live(former)
            self.base += [(parent, 35, 50), (former, 35, 50)]
            self.sex[parent], self.sex[former] = (1, 2) if parent == 50 else (2, 1)
            self.bear(parent + 1, *((parent, former) if parent == 50 else (former, parent)))
        for slot in SINGLES:
            self.live(slot)
            self.base.append((slot, 21, 34) if slot < 60 else (slot, 24, 45))
        for husband, wife in LATER_COUPLES:
            self.sex[husband], self.sex[wife] = 1, 2
        for slot in NEWCOMERS:
            self.live(slot)
            self.base.append((slot, 20, 40))
        father, mother, child, *alone = GUESTS
        self.live(father, mother, child)
        self.base += [(father, 32, 44), (mother, 32, 42), (child, 7, 12)]
        self.sex[father], self.sex[mother] = 1, 2
        self.father[child], self.mother[child] = father, mother
        for slot in alone:
            self.live(slot)
            self.base.append((slot, 21, 45))
