"""The legal entities of the city: companies, shops, cooperatives, institutions, societies, collectives; with all that becomes of them."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from city.world import places
from city.world.city import BLOCK, FIRM_BLOCK, City
from city.world.firms import names as firm_names
from city.world.firms.codes import credit_codes, organisation_codes, registration_numbers
from city.world.firms.pattern import (
    ABSORBED_SLOT,
    AGAIN_SLOT,
    BRANCH,
    BRANCH_SLOT,
    CLOSED_SHOP,
    COLLECTIVE,
    COMPANY,
    COOPERATIVE,
    FOUNDATION,
    KINDS,
    PARENT_SLOT,
    PUBLIC_SLOT,
    SHOP,
    UNION,
    is_case,
    places_of,
)
from city.world.firms.titles import titles
from city.world.firms.turns import CODES_SINCE, SHOP_CODES_SINCE, Turns, turns
from city.world.hashing import Bools, Ints
from city.world.texts import Digits, Text, blank_where, choose, take, text_of, ymd

_ELDER = np.array([0, 4, 8, 12, 16, 26, 29, 32, 37, 42, 47, 75, 78, 81, 84, 87, 90, 92, 94, 96, 76, 79, 82, 91, 93, 95])
_YOUNG = np.array([20, 23, 21, 24, 54, 55, 56, 57, 58, 59, 1, 5, 9, 13, 17, 27, 30, 33])
"""Slots of people old enough to have run a business for long, or for some years; see ``households``."""
EXISTING, REVOKED, CANCELLED = range(3)
STATES = ("1", "2", "3")
"""Their codes in the list entity_state."""
DESKS = 0.06
"""Share of companies registered at one of the three incubators of their county."""
_INDUSTRIES = (
    "",
    "0190",
    "",
    "9600",
    "8321",
    "8411",
    "9221",
    "9522",
    "8391",
    "8514",
    "9224",
    "8310",
    "9523",
    "9521",
    "7231",
    "",
)
"""Class of GB/T 4754 by sort; companies and shops have that of their line."""


@dataclass(frozen=True)
class Firms:
    """All legal entities of a city that ever are, in order of their numbers. Days are days since 1970-01-01."""

    city: City
    number: Ints
    """Number of the firm, unique in the city: block · 16 + slot."""
    block: Ints
    slot: Ints
    sort: Ints
    """See ``firm_pattern``."""
    county: Ints
    village: Ints
    """Index into ``places.villages()``."""
    premises: Ints
    """Number of the premises: a key for addresses; two firms may share one."""
    rank: Ints
    """Place among the firms of its sort in its county."""
    turns: Turns
    representatives: tuple[Ints, Ints]
    """Person numbers before and after the replacement."""
    names: tuple[Text, Text]
    """Before and after the renaming."""
    organisation: tuple[Digits, Digits]
    """Organisation codes before and after the code was issued anew, shape (n, 9)."""
    parent: Ints
    """Firm number of the company a branch or union belongs to, −1 for none."""
    merged_into: Ints
    """Firm number, −1 for none."""
    predecessor: Ints
    """Firm number of the shop the same people ran on the same premises before, −1 for none: another entity."""
    staff: Ints

    def __len__(self) -> int:
        return len(self.number)

    @property
    def established(self) -> Ints:
        """Day of foundation."""
        return self.turns.established

    @cached_property
    def kind(self) -> Text:
        """First two characters of the credit code (GB 32100)."""
        return take(KINDS, self.sort)

    @cached_property
    def has_uscc(self) -> Bools:
        """Who ever had a credit code: whatever was still there when they were introduced."""
        since = np.where(self.sort == SHOP, SHOP_CODES_SINCE, CODES_SINCE)
        return np.asarray(self.turns.ended >= since)

    @cached_property
    def has_organisation_code(self) -> Bools:
        """Who has an organisation code: all but shops that never had a credit code."""
        return np.asarray(self.has_uscc | (self.sort != SHOP))

    @cached_property
    def industry(self) -> Text:
        """Classes of GB/T 4754."""
        lines, kinds = ([code for _, code in pool] for pool in (firm_names.LINES, firm_names.SHOPS))
        line = take(lines, self.city.pick(self.number, "firm.line", len(lines)))
        shop = take(kinds, self.city.pick(self.number, "firm.line", len(kinds)))
        other = take(_INDUSTRIES, self.sort)
        return choose(np.isin(self.sort, (COMPANY, BRANCH)), line, choose(self.sort == SHOP, shop, other))

    @cached_property
    def registration_no(self) -> Text:
        """Fifteen-digit registration numbers of companies, shops and cooperatives founded before the credit codes."""
        county, year = self.county, ymd(self.established)[0]
        area = places.COUNTY_CODES[county]
        for index, item in enumerate(places.COUNTIES):
            for code, last in reversed(item.retired):
                area = np.where((county == index) & (year <= last), code, area)
        kind = np.select([self.sort == SHOP, self.city.chance(self.number, "firm.private", 0.8)], [6, 2], 0)
        text = text_of(registration_numbers(area, kind, (self.number * 7368787 + self.city.seed) % 10**7))
        since = np.where(self.sort == SHOP, SHOP_CODES_SINCE, CODES_SINCE)
        registered = np.isin(self.sort, (COMPANY, COOPERATIVE, SHOP, BRANCH)) & (self.established < since)
        return blank_where(text, ~registered)

    @cached_property
    def usccs(self) -> tuple[Text, Text]:
        """Credit codes before and after the code was issued anew; null for those that never had one."""
        kind = np.array([[ord(letter) for letter in pair] for pair in KINDS], dtype=np.uint8)[self.sort]
        city_wide = self.city.chance(self.number, "firm.prefecture", 0.1) & (self.sort == COMPANY)
        area = np.where(city_wide | (self.sort == FOUNDATION), 370700, places.COUNTY_CODES[self.county])
        old, new = (text_of(credit_codes(kind, area, code), ~self.has_uscc) for code in self.organisation)
        return old, new

    def known(self, last: Ints | int) -> Bools:
        """Say who has been founded by the end of a day (since 1970-01-01)."""
        return np.asarray(self.established <= last)

    def uscc(self, last: Ints | int) -> Text:
        """Return the credit codes as of the end of a day."""
        return choose(self.turns.reissued <= last, self.usccs[1], self.usccs[0])

    def org_code(self, last: Ints | int) -> Text:
        """Return the organisation codes as of the end of a day."""
        texts = [text_of(code, ~self.has_organisation_code) for code in self.organisation]
        return choose(self.turns.reissued <= last, texts[1], texts[0])

    def name(self, last: Ints | int) -> Text:
        """Return the names as of the end of a day."""
        return choose(self.turns.renamed <= last, self.names[1], self.names[0])

    def former_name(self, last: Ints | int) -> Text:
        """Return the name given up by the end of a day, null for most."""
        return blank_where(self.names[0], self.turns.renamed > last)

    def representative(self, last: Ints | int) -> Ints:
        """Return the person numbers of the legal representatives as of the end of a day."""
        return np.where(self.turns.replaced <= last, self.representatives[1], self.representatives[0])

    def state(self, last: Ints | int) -> Ints:
        """Return ``EXISTING``, ``REVOKED`` or ``CANCELLED`` as of the end of a day."""
        revoked = np.where(self.turns.revoked <= last, REVOKED, EXISTING)
        return np.where(self.turns.cancelled <= last, CANCELLED, revoked)

    def index(self, number: Ints) -> Ints:
        """Return where firms stand in these arrays; −1 stays −1."""
        return np.where(number < 0, -1, np.searchsorted(self.number, number))

    def of_blocks(self, blocks: Ints) -> Ints:
        """Return where the firms of consecutive blocks stand in these arrays."""
        low, high = np.searchsorted(self.number, [blocks[0] * FIRM_BLOCK, (blocks[-1] + 1) * FIRM_BLOCK])
        return np.arange(low, high)

    @cached_property
    def _places_of_work(self) -> Ints:
        works = (self.turns.ended >= self.city.first) & (self.established < self.city.first - 400)
        return np.cumsum(np.where(works, self.staff, 0))

    def employer(self, person: Ints) -> Ints:
        """Return the number of the firm each person would work for: large ones far more often."""
        drawn = self.city.uniform(person, "employer") * self._places_of_work[-1]
        place = np.searchsorted(self._places_of_work, drawn, side="right")
        return np.asarray(self.number[np.minimum(place, len(self) - 1)], dtype=np.int64)

    def rows(self, index: Ints) -> "Firms":
        """Return some of the firms; ``index`` and ``employer`` then know these only."""
        values = {name: getattr(self, name) for name in Firms.__dataclass_fields__}
        return Firms(**{name: _cut(value, index) for name, value in values.items()})


def _cut(value: Any, index: Ints) -> Any:
    if isinstance(value, City):
        return value
    if isinstance(value, Turns):
        return Turns(**{name: days[index] for name, days in vars(value).items()})
    if isinstance(value, tuple):
        return tuple(_cut(item, index) for item in value)
    return value.take(pa.array(index)) if isinstance(value, pa.Array) else value[index]


@lru_cache(maxsize=4)
def firms(city: City) -> Firms:
    """Return the legal entities of a city."""
    block, slot, sort = places_of(city)
    number = block * FIRM_BLOCK + slot
    county = places.SLOTS_OF_64[block % 64]
    rank = _ranks(county, sort)
    village, premises = _premises(city, block, slot, sort, rank)
    when = turns(city, number, block, slot, sort)
    owner = np.where(slot == AGAIN_SLOT, block * FIRM_BLOCK + CLOSED_SHOP, number)
    owner = np.where(is_case(city, "village_collective", block, slot), block * FIRM_BLOCK + PUBLIC_SLOT, owner)
    elder = (city.first - when.established > 2500)[np.searchsorted(number, owner)]
    chosen = tuple(_person(city, owner, block, elder, turn) for turn in ("", ".next"))
    parent = _parents(city, number, block, slot, sort)
    new = (when.established >= CODES_SINCE) | (sort == SHOP) | (sort == COLLECTIVE)
    again = np.where(when.reissued < 10**6, number + 5 * 10**7, number)
    made = Firms(
        city, number, block, slot, sort, county, village, premises, rank, when, (chosen[0], chosen[1]),
        (pa.nulls(0, pa.string()),) * 2,
        (organisation_codes(number, new, city.seed), organisation_codes(again, new, city.seed)),
        parent, np.where(slot == ABSORBED_SLOT, block * FIRM_BLOCK + PARENT_SLOT, -1),
        np.where(slot == AGAIN_SLOT, block * FIRM_BLOCK + CLOSED_SHOP, -1), _staff(city, number, sort),
    )  # fmt: skip
    return _named(made)


def _named(made: Firms) -> Firms:
    return Firms(**{**{name: getattr(made, name) for name in Firms.__dataclass_fields__}, "names": titles(made)})


def _ranks(county: Ints, sort: Ints) -> Ints:
    cell = county * 64 + sort
    order = np.argsort(cell, kind="stable")
    starts = np.searchsorted(cell[order], cell[order], side="left")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order)) - starts
    return rank


def _premises(city: City, block: Ints, slot: Ints, sort: Ints, rank: Ints) -> tuple[Ints, Ints]:
    """Return (village, premises); what serves a village takes one of its own, by rank."""
    number = block * FIRM_BLOCK + slot
    number = np.where(slot == AGAIN_SLOT, block * FIRM_BLOCK + CLOSED_SHOP, number)
    number = np.where(is_case(city, "village_collective", block, slot), block * FIRM_BLOCK + PUBLIC_SLOT, number)
    county = places.SLOTS_OF_64[block % 64]
    known = places.villages()
    drawn = places.village_of(number, county, "firm.village", city.seed)
    own = known.starts[county] + (rank * 37 + city.pick(county, "firm.first_village", 200)) % known.counts[county]
    serves = ~np.isin(sort, (COMPANY, SHOP, BRANCH, COOPERATIVE))
    village = np.where(serves, own, drawn)
    shared = np.searchsorted(block * FIRM_BLOCK + slot, number)
    # companies by the dozen are registered at one address of an incubator
    desk = -1 - county * 3 - city.pick(number, "firm.desk", 3)
    rents = (sort == COMPANY) & city.chance(number, "firm.rents_a_desk", DESKS)
    building = places.village_of(desk, county, "firm.incubator", city.seed)
    return np.where(rents, building, village[shared]), np.where(rents, 2**46 + desk, number + 2**45)


def _person(city: City, owner: Ints, block: Ints, elder: Bools, turn: str) -> Ints:
    old, young = (
        slots[city.pick(owner, f"firm.representative{turn}", len(slots))]
        for slots in (_ELDER, np.array([*_ELDER, *_YOUNG]))
    )
    return block * BLOCK + np.where(elder, old, young)


def _parents(city: City, number: Ints, block: Ints, slot: Ints, sort: Ints) -> Ints:
    """Return the parent of branches, a company of any other block, and of unions, in their own."""
    after = (block + 1 + city.pick(block, "firm.parent", max(1, city.blocks - 1))) % city.blocks
    parent = np.where(slot == BRANCH_SLOT, after * FIRM_BLOCK + PARENT_SLOT, -1)
    return np.where(sort == UNION, block * FIRM_BLOCK + PARENT_SLOT, parent)


def _staff(city: City, number: Ints, sort: Ints) -> Ints:
    drawn = 1 - city.uniform(number, "firm.staff")
    zipf = np.minimum(3.0 / drawn**0.9, 4000)
    small = np.minimum(1.0 / drawn**0.5, 8)
    public = np.minimum(12.0 / drawn**0.6, 900)
    few = np.isin(sort, (SHOP, COOPERATIVE, COLLECTIVE, UNION, FOUNDATION))
    return np.select([few, np.isin(sort, (COMPANY, BRANCH))], [small, zipf], public).astype(np.int64)
