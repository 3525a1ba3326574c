"""The pattern of a block's legal entities: which slot holds what, and which of them are planted cases."""

from functools import lru_cache

import numpy as np

from city.world.city import FIRM_BLOCK, City
from city.world.hashing import Bools, Ints
from city.world.planting import blocks_with, libraries

(
    COMPANY, COOPERATIVE, SHOP, COLLECTIVE, SCHOOL, HOSPITAL, GOVERNMENT, SOCIETY, TRAINING, CARE, INSTITUTION, KINDERGARTEN,
    UNION, FOUNDATION, LAW_FIRM, BRANCH,
) = range(16)  # fmt: skip
KINDS = ("91", "93", "92", "N2", "12", "12", "11", "51", "52", "52", "12", "52", "81", "53", "31", "91")
"""First two characters of the credit code, by sort."""
_PUBLIC = np.array([COLLECTIVE, SCHOOL, HOSPITAL, GOVERNMENT])
_SOCIAL = np.array([SOCIETY, TRAINING, CARE, INSTITUTION, KINDERGARTEN, UNION, FOUNDATION, LAW_FIRM])
_SOCIAL_SHARE = 0.45
CLOSED_COMPANY, CLOSED_SHOP, LATER, BRANCH_SLOT, AGAIN_SLOT, SOCIAL_SLOT, ABSORBED_SLOT = 9, 10, 11, 12, 13, 14, 15
RENAMED_SLOT, PARENT_SLOT, COOPERATIVE_SLOT, NAMESAKE_SLOT, PUBLIC_SLOT = 1, 0, 2, 3, 8
FEW = 8
"""Blocks that have every slot, so that the smallest city has every sort."""


@lru_cache(maxsize=64)
def case_blocks(city: City, name: str) -> Ints:
    """Return the blocks that hold a kind of planted case, in the order in which their cases happen."""
    blocks = np.arange(city.blocks, dtype=np.int64)
    if name == "village_collective":
        blocks = blocks[public_sort(blocks) == COLLECTIVE]
    return blocks_with(city, libraries()["legal_entity"].kinds, name, blocks)


def is_case(city: City, name: str, block: Ints, slot: Ints) -> Bools:
    """Say which firms are planted cases of a kind."""
    kind = libraries()["legal_entity"].kind(name)
    return np.asarray(np.isin(block, case_blocks(city, name)) & (slot == kind.slot))


def turn_of(city: City, name: str, block: Ints) -> Ints:
    """Return the place of each block's case among its kind, −1 where there is none."""
    turn = np.full(city.blocks, -1, dtype=np.int64)
    chosen = case_blocks(city, name)
    turn[chosen] = np.arange(len(chosen))
    return turn[block]


def public_sort(block: Ints) -> Ints:
    """Return what the public slot of a block holds."""
    return _PUBLIC[block % len(_PUBLIC)]


def places_of(city: City) -> tuple[Ints, Ints, Ints]:
    """Return (block, slot, sort) of every firm that ever is, in order of their numbers."""
    number = np.arange(city.blocks * FIRM_BLOCK, dtype=np.int64)
    block, slot = number // FIRM_BLOCK, number % FIRM_BLOCK
    there = slot <= LATER
    for name, at in (("branch_and_parent", BRANCH_SLOT), ("registered_again", AGAIN_SLOT), ("merged", ABSORBED_SLOT)):
        there |= (slot == at) & np.isin(block, case_blocks(city, name))
    there |= (slot == SOCIAL_SLOT) & ((block < FEW) | city.chance(block, "firm.social", _SOCIAL_SHARE))
    block, slot, number = block[there], slot[there], number[there]
    sort = np.full(len(number), SHOP, dtype=np.int64)
    sort[np.isin(slot, (PARENT_SLOT, RENAMED_SLOT, CLOSED_COMPANY, ABSORBED_SLOT))] = COMPANY
    crops = city.chance(block, "firm.cooperative", 0.3) | is_case(city, "village_collective", block, slot)
    sort = np.where(slot == COOPERATIVE_SLOT, np.where(crops, COOPERATIVE, COMPANY), sort)
    sort = np.where(slot == PUBLIC_SLOT, public_sort(block), sort)
    later = np.where(city.chance(block, "firm.later_company", 0.4), COMPANY, SHOP)
    sort = np.where(slot == LATER, later, sort)
    sort = np.where(slot == BRANCH_SLOT, BRANCH, sort)
    drawn = np.where(block < FEW, block, city.pick(block, "firm.social_sort", len(_SOCIAL)))
    return block, slot, np.where(slot == SOCIAL_SLOT, _SOCIAL[drawn], sort)
