"""The people of some blocks with everything about them that never changes, and the days on which their lives turn."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa

from city import names, places
from city.births import YEAR, birth_days, birth_targets, sequence_numbers
from city.cases import CODE, DEAD, NAMESAKE_SLOT, cases
from city.hashing import Bools, Ints, between
from city.households import (
    DIED,
    FORCED_ELDER,
    LATER_COUPLES,
    LEFT,
    NEWCOMERS,
    SINGLES,
    SLOTS,
    UNBORN,
    layout,
)
from city.identifiers import citizen_ids
from city.texts import Digits, Text, choose, join, text_of, ymd
from city.world import BLOCK, City

NEVER = np.int64(10**6)
"""A day that no run reaches."""
FORCED_DAYS = 30
TWIN_SLOT, TWINS = 3, 0.06
"""Second child of a block's first family, and how often the two are twins: decoys for whoever resolves by name and birth."""


@dataclass(frozen=True)
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
    case: Ints
    """Index into ``KINDS`` or −1."""
    case_day: Ints
    case_event: Ints
    variant: Ints

    def __len__(self) -> int:
        return len(self.person)

    @cached_property
    def id_no(self) -> Text:
        """Citizen ID numbers."""
        return text_of(self.id_matrix)

    @cached_property
    def name(self) -> Text:
        """Full names."""
        keys = np.where(self.case_name_of >= 0, self.person[self.case_name_of], self.person)
        given = names.given_names(keys, self.sex, ymd(self.birth)[0], self.city.seed, self.twin)
        surname = np.where(self.case_name_of >= 0, self.surname[self.case_name_of], self.surname)
        full = join(names.surnames(surname), given)
        shared = self.case_name_of
        return choose(shared >= 0, full.take(np.where(shared >= 0, shared, 0)), full) if (shared >= 0).any() else full

    @cached_property
    def case_name_of(self) -> Ints:
        """Index of the person whose name somebody bears by chance (the dead namesakes), else −1."""
        out = np.full(len(self), -1, dtype=np.int64)
        for index in np.flatnonzero(self.case == CODE["dead_namesake"]):
            out[index - self.slot[index] + NAMESAKE_SLOT] = index
        return out

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

    def kin_id(self, kin: Ints) -> Text:
        """Return the ID numbers of relatives; null where there is none."""
        return self.id_no.take(_index(kin))

    def is_case(self, *kinds: str) -> Bools:
        """Say who is a planted case of these kinds."""
        return np.isin(self.case, [CODE[kind] for kind in kinds])

    @cached_property
    def dead_case(self) -> Bools:
        """Dead and paid on."""
        return np.isin(self.case, DEAD)


def _index(kin: Ints) -> pa.Array:
    return pa.array(np.where(kin < 0, 0, kin), mask=kin < 0)


@lru_cache(maxsize=4)
def _cases_by_block(city: City) -> tuple[Ints, Ints]:
    known = cases(city)
    order = np.argsort(known.person, kind="stable")
    return order, known.person[order]


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
    case, case_day, case_event, variant = _case_columns(city, blocks, person)
    sex = pattern.sex[slot]
    drawn = 1 + city.pick(person, "sex", 2)
    sex = np.where(sex == 0, drawn, sex)
    namesake = np.flatnonzero(case == CODE["dead_namesake"])
    sex[namesake - slot[namesake] + NAMESAKE_SLOT] = sex[namesake]
    target = birth_targets(city, pattern, person.reshape(count, SLOTS))
    target[namesake // SLOTS, NAMESAKE_SLOT] = target.ravel()[namesake]
    forced = (slot == UNBORN[0]) & (block < FORCED_DAYS)
    rank = (block // 64) * places.SHARES[county] + places.RANK_OF_64[block % 64]
    birth = birth_days(city, target.ravel(), slot, rank, forced, block)
    area = places.birth_area(person, county, birth, _newcomer(city, person, slot), city.seed)
    twin = (slot == TWIN_SLOT) & city.chance(block, "twins", TWINS)
    elder = np.arange(len(slot)) - twin
    birth, area = birth[elder], area[elder]
    sequence = sequence_numbers(birth, rank, forced | twin, sex)
    base = np.arange(count, dtype=np.int64).repeat(SLOTS) * SLOTS
    kin = {
        name: np.where(getattr(pattern, name)[slot] < 0, -1, base + getattr(pattern, name)[slot])
        for name in ("spouse", "father", "mother")
    }
    household = block * 64 + pattern.household[slot]
    surname = _surnames(city, person, kin["father"])
    arrive, leave, married = _turns(city, slot, block, person, birth, kin["spouse"])
    lives = _Lives(
        city, slot, block, person, birth, np.isin(np.arange(len(slot)), namesake - slot[namesake] + NAMESAKE_SLOT)
    )
    death = lives.death()
    fixed = case >= 0
    dead = np.isin(case, [*DEAD, CODE["stopped_in_time"]])
    death = np.where(dead, case_event, np.where(fixed, NEVER, death))
    return People(
        city, person, slot, block, county, sex, birth, citizen_ids(area, birth, sequence), sequence, twin, surname,
        household,
        _wed(kin["spouse"], base, slot), kin["father"], kin["mother"], arrive, leave, death, lives.move(household), married,
        case, case_day, case_event, variant,
    )  # fmt: skip


def _case_columns(city: City, blocks: Ints, person: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    known = cases(city)
    order, sorted_person = _cases_by_block(city)
    low, high = np.searchsorted(sorted_person, [blocks[0] * BLOCK, (blocks[-1] + 1) * BLOCK])
    out = [np.full(len(person), -1, dtype=np.int64)] + [np.zeros(len(person), dtype=np.int64) for _ in range(3)]
    chosen = order[low:high]
    place = (known.person[chosen] // BLOCK - blocks[0]) * SLOTS + known.person[chosen] % BLOCK
    for column, values in zip(out, (known.kind, known.day, known.event, known.variant), strict=True):
        column[place] = values[chosen]
    return out[0], out[1], out[2], out[3]


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


def _turns(city: City, slot: Ints, block: Ints, person: Ints, birth: Ints, spouse: Ints) -> tuple[Ints, Ints, Ints]:
    first = city.first
    single = np.isin(slot, SINGLES)
    arrive = np.where(single, first - 1 - city.pick(person, "arrive", 3650), 0)
    arrive = np.where(np.isin(slot, list(NEWCOMERS)), first + city.pick(person, "arrive", 3650), arrive)
    arrive = np.where((slot == NEWCOMERS[0]) & (block < FORCED_DAYS), first + block, arrive)
    arrive = np.where(np.isin(slot, list(UNBORN)), birth, arrive)
    arrive = np.where(birth >= first - 400, birth, arrive)
    leave = np.where(np.isin(slot, list(LEFT)), first - 1 - city.pick(person, "leave", 1825), NEVER)
    going = first + (-np.log1p(-city.uniform(person, "leave_later")) * 20 * YEAR).astype(np.int64)
    leave = np.where(slot >= 98, leave, np.where(single, NEVER, leave))
    leave = np.where(np.isin(slot, [98, 99]), np.minimum(going, NEVER), leave)
    wife = np.where(
        spouse >= 0, np.where(np.isin(slot, [pair[1] for pair in layout().couples]), np.arange(len(slot)), spouse), 0
    )
    married = birth[wife] + between(person[wife], "marriage_age", city.seed, round(22.3 * YEAR), round(26 * YEAR))
    married = np.where(spouse >= 0, np.minimum(married, first - 30 - person[wife] % 97), NEVER)
    for husband, other in LATER_COUPLES:
        pair = np.isin(slot, [husband, other])
        key = block * BLOCK + husband
        day = first + city.pick(key, "later_marriage", 2500)
        if husband == LATER_COUPLES[0][0]:
            day = np.where(block < FORCED_DAYS, first + block, day)
        married = np.where(pair, day, married)
    return arrive, leave, married


@dataclass(frozen=True)
class _Lives:
    city: City
    slot: Ints
    block: Ints
    person: Ints
    birth: Ints
    namesake: Bools
    """Who bears the name of somebody else's case, and died lately."""

    def death(self) -> Ints:
        """Return the day of death: by age for the living, in the last five years for those who died."""
        first = self.city.first
        age = np.clip((first - self.birth) / YEAR, 1, 105)
        hazard = 0.00003 * np.exp(0.095 * age)
        later = first + np.minimum(-np.log1p(-self.city.uniform(self.person, "life")) / hazard * YEAR, 2e5).astype(
            np.int64
        )
        before = first - 1 - self.city.pick(self.person, "died", 1825)
        before = np.where(self.namesake, first - 10 - self.city.pick(self.person, "died", 300), before)
        death = np.where(np.isin(self.slot, list(DIED)), before, later)
        death = np.where((self.slot == FORCED_ELDER) & (self.block < FORCED_DAYS), first + self.block, death)
        return np.where(np.isin(self.slot, list(UNBORN)), NEVER, np.minimum(death, NEVER))

    def move(self, household: Ints) -> Ints:
        """Return the day on which a household moves within the city; one in fifty a year."""
        first = self.city.first
        wait = -np.log1p(-self.city.uniform(household, "move")) * 50 * YEAR
        day = first - 365 + np.minimum(wait, 2e5).astype(np.int64)
        return np.where((household % 64 == 20) & (self.block < FORCED_DAYS), first + self.block, np.minimum(day, NEVER))
