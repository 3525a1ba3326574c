"""The people of some blocks with everything about them that never changes, and the days on which their lives turn."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from city.world import places
from city.world.city import BLOCK, City
from city.world.hashing import Bools, Ints
from city.world.people import documents, names
from city.world.people.births import birth_days, birth_targets, sequence_numbers
from city.world.people.courses import FORCED_DAYS, deaths, moves, turns
from city.world.people.households import GUESTS, LATER_COUPLES, NEWCOMERS, SINGLES, SLOTS, UNBORN, layout
from city.world.people.identifiers import citizen_ids
from city.world.planting import NAMESAKE_SLOT, Fates, fates
from city.world.texts import Digits, Text, choose, join, text_of, ymd

TWIN_SLOT, TWINS = 3, 0.06
"""Second child of a block's first family, and how often the two are twins: decoys for whoever resolves by name and birth."""
DOUBLE_SLOT, DOUBLE_OF, DOUBLES = 56, 54, 0.1
"""Somebody who bears name and birth date of another person of the county by chance, and how often."""
NEIGHBOUR_SLOT, NEIGHBOUR_OF, NEIGHBOURS = 90, 75, 0.1
"""A neighbour of the same name, but of another age."""
SHARED_OF, SHARED = 98, 0.004
"""Somebody who was once given the number of another person (重号), and how often."""


@dataclass(frozen=True, eq=False)
class People:
    """People of some blocks, one entry per slot, block after block. Days are days since 1970-01-01."""

    city: City
    person: Ints
    """Number of the person, unique in the city: block · 128 + slot."""
    slot: Ints
    block: Ints
    county: Ints
    sex: Ints
    birth: Ints
    id_matrix: Digits
    """ID numbers as ASCII bytes, shape (n, 18)."""
    sequence: Ints
    twin: Bools
    """Born with the person before them, and named alike."""
    like: Ints
    """Index of the person whose birth they share (as twins, or by chance) or whose very number they bear; else their own."""
    abroad: Ints
    """Index into ``documents.PAPERS`` of people from Hong Kong, Macao, Taiwan or a foreign country, −1 for all others."""
    surname: Ints
    household: Ints
    """Number of the household, unique in the city."""
    spouse: Ints
    """Index within these arrays, −1 for nobody; so are father and mother."""
    father: Ints
    mother: Ints
    arrive: Ints
    """Birth or move into the city; 0 for those always here."""
    leave: Ints
    death: Ints
    move: Ints
    """Day on which the household moves within the city."""
    married: Ints
    """Day of the marriage with ``spouse``."""
    fate: Fates
    """What is planted on them."""

    def __len__(self) -> int:
        return len(self.person)

    @cached_property
    def id_no(self) -> Text:
        """Citizen ID numbers as they are in the end, or the main document's of people from elsewhere."""
        return documents.main_numbers(self, self.citizen_no)

    @cached_property
    def citizen_no(self) -> Text:
        """Numbers of eighteen digits; of those people from elsewhere that have none, nobody knows theirs."""
        return text_of(self.id_matrix)

    @cached_property
    def renamed(self) -> Ints:
        """Day on which they change their names, ``NEVER`` for most."""
        return documents.renamed(self)

    @cached_property
    def renumbered(self) -> Ints:
        """Day on which the police put their number right, ``NEVER`` for most."""
        return documents.renumbered(self)

    @cached_property
    def former_name(self) -> Text:
        """Names until ``renamed``."""
        return documents.former_name(self)

    @cached_property
    def former_id_no(self) -> Text:
        """Numbers until ``renumbered``."""
        return documents.former_id_no(self)

    @cached_property
    def guest(self) -> Bools:
        """Who is not in the household register."""
        return np.asarray(self.slot >= GUESTS[0])

    @cached_property
    def name(self) -> Text:
        """Full names."""
        given = names.given_names(self.person, self.sex, ymd(self.birth)[0], self.city.seed, self.twin)
        full = join(names.surnames(self.surname), given)
        full = choose(documents.foreign(self.abroad), names.latin_names(self.person, self.city.seed), full)
        return full.take(pa.array(self._bears_name_of))

    @cached_property
    def _bears_name_of(self) -> Ints:
        """Index of the person whose name somebody bears by chance; else their own."""
        out = np.arange(len(self))
        for index in np.flatnonzero(self.fate.namesake):
            out[index - self.slot[index] + NAMESAKE_SLOT] = index
        out = np.where(self.slot == DOUBLE_SLOT, self.like, out)
        return np.where(self.neighbour, out - NEIGHBOUR_SLOT + NEIGHBOUR_OF, out)

    @cached_property
    def neighbour(self) -> Bools:
        """Who has a neighbour of the same name."""
        drawn = self.city.chance(self.block, "namesake_neighbour", NEIGHBOURS)
        return np.asarray((self.slot == NEIGHBOUR_SLOT) & drawn)

    def village(self, moved: Bools) -> Ints:
        """Return the village of each person's household, before or after its move."""
        return np.where(moved, self._village_after, self._village_before)

    @cached_property
    def _village_before(self) -> Ints:
        here = places.village_of(self.block, self.county, "village", self.city.seed)
        known = places.villages()
        start, count = known.starts[self.county], known.counts[self.county]
        neighbour = start + (here - start + 1 + self.household % 2) % count
        return np.where((self.household % 5 == 0) | (self.slot == NAMESAKE_SLOT), neighbour, here)

    @cached_property
    def _village_after(self) -> Ints:
        return places.village_of(self.household, self.county, "village_after", self.city.seed)

    def kin_id(self, kin: Ints, numbers: Text | None = None) -> Text:
        """Return the ID numbers of relatives, of ``numbers`` if given; null where there is none."""
        return (numbers or self.id_no).take(_index(kin))

    @cached_property
    def planted(self) -> Bools:
        """On whom anything is planted; what identifies them arrives undamaged."""
        return self.fate.planted


def _index(kin: Ints) -> pa.Array:
    return pa.array(np.where(kin < 0, 0, kin), mask=kin < 0)


def people(city: City, blocks: Ints) -> People:
    """Make the people of some blocks.

    Args:
        city: the city.
        blocks: consecutive block numbers.
    """
    pattern = layout()
    count = len(blocks)
    person = (blocks[:, None] * BLOCK + np.arange(SLOTS)[None, :]).ravel()
    slot = np.tile(np.arange(SLOTS), count)
    block = np.repeat(blocks, SLOTS)
    county = places.SLOTS_OF_64[block % 64]
    fate = fates(city, blocks)
    sex = pattern.sex[slot]
    drawn = 1 + city.pick(person, "sex", 2)
    sex = np.where(sex == 0, drawn, sex)
    namesake = np.flatnonzero(fate.namesake)
    sex[namesake - slot[namesake] + NAMESAKE_SLOT] = sex[namesake]
    target = birth_targets(city, pattern, person.reshape(count, SLOTS))
    target[namesake // SLOTS, NAMESAKE_SLOT] = target.ravel()[namesake]
    forced = (slot == UNBORN[0]) & (block < FORCED_DAYS)
    rank = (block // 64) * places.SHARES[county] + places.RANK_OF_64[block % 64]
    birth = birth_days(city, target.ravel(), slot, rank, forced, block)
    area = places.birth_area(person, county, birth, _newcomer(city, person, slot), slot >= GUESTS[0], city.seed)
    abroad = documents.abroad(city, slot, block)
    area = documents.area(area, abroad)
    twin = (slot == TWIN_SLOT) & city.chance(block, "twins", TWINS)
    double = (slot == DOUBLE_SLOT) & (city.chance(block, "doubles", DOUBLES) | (block == 2))
    shared = (slot == documents.SHARED_SLOT) & (city.chance(block, "shared_number", SHARED) | (block < 3))
    like = (
        np.arange(len(slot)) - twin - double * (DOUBLE_SLOT - DOUBLE_OF) - shared * (documents.SHARED_SLOT - SHARED_OF)
    )
    birth, area = birth[like], area[like]
    sex = np.where(shared, sex[like], sex)
    sequence = sequence_numbers(birth, rank, forced | twin | double, sex)
    base = np.arange(count, dtype=np.int64).repeat(SLOTS) * SLOTS
    kin = {
        name: np.where(getattr(pattern, name)[slot] < 0, -1, base + getattr(pattern, name)[slot])
        for name in ("spouse", "father", "mother")
    }
    household = block * 64 + pattern.household[slot]
    surname = _surnames(city, person, kin["father"])
    arrive, leave, married = turns(city, slot, block, person, birth, kin["spouse"])
    died = np.isin(np.arange(len(slot)), namesake - slot[namesake] + NAMESAKE_SLOT)
    death = deaths(city, slot, block, person, birth, died)
    death = np.where(fate.planted, fate.death, death)
    return People(
        city, person, slot, block, county, sex, birth, citizen_ids(area, birth, sequence), sequence, twin, like,
        abroad, surname,
        household,
        _wed(kin["spouse"], base, slot), kin["father"], kin["mother"], arrive, leave, death, moves(city, block, household), married,
        fate,
    )  # fmt: skip


def _newcomer(city: City, person: Ints, slot: Ints) -> Bools:
    rate = np.where(np.isin(slot, SINGLES), 0.3, np.where(np.isin(slot, list(NEWCOMERS)), 0.8, 0.03))
    return city.chance(person, "born_outside", np.where(np.isin(slot, list(UNBORN)), 0.0, rate))


def _surnames(city: City, person: Ints, father: Ints) -> Ints:
    surname = names.surname_index(person, city.seed)
    for _ in range(3):
        surname = np.where(father >= 0, surname[father], surname)
    return surname


def _wed(spouse: Ints, base: Ints, slot: Ints) -> Ints:
    out = spouse.copy()
    for husband, wife in LATER_COUPLES:
        out = np.where(slot == husband, base + wife, np.where(slot == wife, base + husband, out))
    return out
