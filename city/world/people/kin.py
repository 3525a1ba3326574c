"""Who sees to things for whom."""

import numpy as np

from city.world.hashing import Ints
from city.world.people.households import WIDOWED
from city.world.people.lives import Lives


def relatives(lives: Lives) -> Ints:
    """Return the index of the relative who sees to a death: the spouse, else a child, else nobody (−1)."""
    p = lives.people
    children = np.full(len(p), -1, dtype=np.int64)
    living = np.flatnonzero(p.slot < 100)
    for parent in (p.father, p.mother):
        has = living[parent[living] >= 0]
        children[parent[has]] = has
    widowed = np.full(len(p), -1, dtype=np.int64)
    for dead, alive in WIDOWED:
        at = np.flatnonzero(p.slot == dead)
        widowed[at] = at - dead + alive
    spouse = np.where(p.spouse >= 0, p.spouse, widowed)
    usable = (spouse >= 0) & (p.death[spouse] > p.death)
    return np.where(usable, spouse, children)
