"""Which name each legal entity bears, before and after a renaming."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from city.world.city import FIRM_BLOCK
from city.world.firms import names as firm_names
from city.world.firms.names import Wording
from city.world.firms.pattern import (
    AGAIN_SLOT,
    BRANCH,
    CARE,
    CLOSED_SHOP,
    COLLECTIVE,
    COMPANY,
    COOPERATIVE,
    FOUNDATION,
    GOVERNMENT,
    HOSPITAL,
    INSTITUTION,
    KINDERGARTEN,
    LAW_FIRM,
    NAMESAKE_SLOT,
    SCHOOL,
    SHOP,
    SOCIETY,
    TRAINING,
    UNION,
    case_blocks,
    is_case,
)
from city.world.hashing import Ints
from city.world.people.courses import NEVER
from city.world.texts import Text

if TYPE_CHECKING:
    from city.world.firms.firms import Firms

_NAMERS: Mapping[int, Callable[[Wording], list[str]]] = {
    COMPANY: firm_names.companies, SHOP: firm_names.shops, COOPERATIVE: firm_names.cooperatives,
    COLLECTIVE: firm_names.collectives, SCHOOL: firm_names.schools, HOSPITAL: firm_names.hospitals,
    GOVERNMENT: firm_names.bureaus, SOCIETY: firm_names.societies, TRAINING: firm_names.trainings,
    CARE: firm_names.care_homes, INSTITUTION: firm_names.institutions, KINDERGARTEN: firm_names.kindergartens,
    FOUNDATION: firm_names.foundations, LAW_FIRM: firm_names.law_firms,
}  # fmt: skip


def titles(firms: "Firms") -> tuple[Text, Text]:
    """Return the names before and after the renaming of those renamed."""
    names = [""] * len(firms)
    for sort, namer in _NAMERS.items():
        _put(names, np.flatnonzero(firms.sort == sort), firms, namer)
    planted = is_case(firms.city, "village_collective", firms.block, firms.slot)
    _put(names, np.flatnonzero(planted), firms, firm_names.village_cooperatives)
    repeated = _namesakes(names, firms)
    scope = np.where(firms.sort == SHOP, firms.county + 1, 0).tolist()
    names = firm_names.made_unique(names, scope, repeated)
    again = np.flatnonzero(firms.slot == AGAIN_SLOT)
    for place, before in zip(again, firms.index(firms.block[again] * FIRM_BLOCK + CLOSED_SHOP), strict=True):
        names[place] = names[before]
    for place in np.flatnonzero(firms.sort == BRANCH):
        names[place] = firm_names.branch_of(names[firms.index(firms.parent[[place]])[0]], int(firms.county[place]))
    for place in np.flatnonzero(firms.sort == UNION):
        names[place] = firm_names.union_of(names[firms.index(firms.parent[[place]])[0]])
    after = list(names)
    renamed = np.flatnonzero(firms.turns.renamed < NEVER)
    given = set(names)
    for place, name in zip(renamed, firm_names.companies(_wording(firms, renamed), ".after"), strict=True):
        after[place] = name if name not in given else f"{name[:3]}新{name[3:]}"
    return pa.array(names, pa.string()), pa.array(after, pa.string())


def _put(names: list[str], index: Ints, firms: "Firms", namer: Callable[[Wording], list[str]]) -> None:
    for place, name in zip(index, namer(_wording(firms, index)), strict=True):
        names[place] = name


def _wording(firms: "Firms", index: Ints) -> Wording:
    return Wording(firms.city, firms.number[index], firms.county[index], firms.village[index], firms.rank[index])


def _namesakes(names: list[str], firms: "Firms") -> set[int]:
    """Give every other planted shop the name of the one before it; return all places whose name may stand twice."""
    place = firms.index(case_blocks(firms.city, "same_trade_name") * FIRM_BLOCK + NAMESAKE_SLOT)
    for at, name in zip(place, firm_names.bare_shops(_wording(firms, place)), strict=True):
        names[at] = name
    for turn in range(1, len(place), 2):
        names[place[turn]] = names[place[turn - 1]]
    return {int(at) for at in place} | {int(at) for at in np.flatnonzero(np.isin(firms.sort, (BRANCH, UNION)))}
