"""When legal entities are founded, renamed, merged, given another code or representative, revoked and cancelled."""

from dataclasses import dataclass

import numpy as np

from city.world.city import City
from city.world.firms.pattern import (
    ABSORBED_SLOT,
    AGAIN_SLOT,
    BRANCH,
    CLOSED_COMPANY,
    CLOSED_SHOP,
    COLLECTIVE,
    COMPANY,
    COOPERATIVE,
    GOVERNMENT,
    HOSPITAL,
    INSTITUTION,
    LATER,
    SCHOOL,
    SHOP,
    is_case,
    turn_of,
)
from city.world.hashing import Bools, Ints
from city.world.people.births import YEAR
from city.world.people.courses import FORCED_DAYS, NEVER

CODES_SINCE = 16709
"""2015-10-01: companies get credit codes in place of registration numbers."""
SHOP_CODES_SINCE = 17136
"""2016-12-01: so do shops."""
_COLLECTIVES_SINCE = 17700
_PUBLIC = (SCHOOL, HOSPITAL, GOVERNMENT, INSTITUTION)


@dataclass(frozen=True)
class Turns:
    """Days since 1970-01-01, one entry per firm; ``NEVER`` where nothing happens."""

    established: Ints
    renamed: Ints
    reissued: Ints
    replaced: Ints
    """The representative gives way to another."""
    merged: Ints
    revoked: Ints
    cancelled: Ints

    def any_on(self, day: int) -> Bools:
        """Say what is founded, or changed, on a day."""
        turned = (self.established, self.renamed, self.reissued, self.replaced, self.revoked, self.cancelled)
        return np.asarray(np.any([days == day for days in turned], axis=0))

    @property
    def ended(self) -> Ints:
        """The first of revocation and cancellation."""
        return np.minimum(self.revoked, self.cancelled)


def turns(city: City, number: Ints, block: Ints, slot: Ints, sort: Ints) -> Turns:
    """Return when things happen to firms."""
    first = city.first
    renamed = _case_day(city, "renamed", block, slot)
    reissued = _case_day(city, "code_reissued", block, slot)
    merged = _case_day(city, "merged", block, slot)
    revoked, cancelled = _ends(city, number, block, slot, sort)
    cancelled = np.minimum(cancelled, merged)
    revoked = np.where(merged < NEVER, NEVER, revoked)
    replaced = first - 2000 + city.pick(number, "firm.replaced", 6000)
    together = (sort == COLLECTIVE) | is_case(city, "village_collective", block, slot)
    drawn = city.chance(number, "firm.is_replaced", 0.4) & (sort != SHOP) & ~together
    replaced = np.where(drawn, replaced, NEVER)
    established = _established(city, number, block, slot, sort)
    soonest = np.minimum.reduce([renamed, reissued, revoked, cancelled])
    later = (slot == LATER) | (slot == AGAIN_SLOT)
    established = np.where(later, established, np.minimum(established, soonest - 400))
    keeps = later | (np.minimum(revoked, cancelled) <= replaced) | (established + 200 > replaced)
    return Turns(established, renamed, reissued, np.where(keeps, NEVER, replaced), merged, revoked, cancelled)


def _case_day(city: City, name: str, block: Ints, slot: Ints) -> Ints:
    """Return the day of a planted turn: every other one lies in the past, the others come one a day."""
    turn = turn_of(city, name, block)
    past = city.first - 60 - city.pick(block, f"firm.{name}", 2500)
    day = np.where(turn % 2 == 0, past, city.first + turn // 2)
    return np.where(is_case(city, name, block, slot), day, NEVER)


def _established(city: City, number: Ints, block: Ints, slot: Ints, sort: Ints) -> Ints:
    first, drawn = city.first, city.uniform(number, "firm.established")
    years = np.select([sort == SHOP, np.isin(sort, (COMPANY, BRANCH, COOPERATIVE))], [20.0, 28.0], 34.0)
    day = first - 400 - (drawn**1.5 * years * YEAR).astype(np.int64)
    day = np.where(sort == COLLECTIVE, _COLLECTIVES_SINCE + (drawn * 1100).astype(np.int64), day)
    day = np.where(np.isin(sort, _PUBLIC), first - 5000 - (drawn * 50 * YEAR).astype(np.int64), day)
    later = np.where(block < FORCED_DAYS, first + block, first + city.pick(number, "firm.later", 3650))
    # whoever closed a shop opens again within two months, some of them after the first day
    again = _shop_closed(city, block) + 5 + city.pick(number, "firm.again", 50)
    return np.select([slot == LATER, slot == AGAIN_SLOT], [later, again], day)


def _shop_closed(city: City, block: Ints) -> Ints:
    """Return the day on which the closed shop of a block was cancelled; where it is opened again, lately."""
    day = city.first - 30 - city.pick(block, "firm.shop_closed", 4500)
    turn = turn_of(city, "registered_again", block)
    return np.where(turn >= 0, city.first - 300 + np.minimum(turn, 29) * 10 % 300, day)


def _ends(city: City, number: Ints, block: Ints, slot: Ints, sort: Ints) -> tuple[Ints, Ints]:
    """Return (revoked, cancelled)."""
    first = city.first
    rate = np.select([sort == SHOP, np.isin(sort, (COMPANY, BRANCH, COOPERATIVE))], [20.0, 40.0], 400.0)
    wait = -np.log1p(-city.uniform(number, "firm.end")) * rate * YEAR
    end = first + np.minimum(wait, 2e5).astype(np.int64)
    struck = city.chance(number, "firm.struck_off", np.where(np.isin(sort, (COMPANY, SHOP)), 0.25, 0.0))
    gone = first - 30 - city.pick(number, "firm.gone", 2800)
    old = CODES_SINCE - 30 - city.pick(number, "firm.gone", 3600)
    old_numbers = is_case(city, "old_numbers_only", block, slot)
    struck = np.where(slot == CLOSED_COMPANY, city.chance(number, "firm.struck_off", 0.5), struck)
    end = np.where(slot == CLOSED_COMPANY, np.where(old_numbers, old, gone), end)
    shut = slot == CLOSED_SHOP
    end, struck = np.where(shut, _shop_closed(city, block), end), struck & ~shut
    spared = np.isin(slot, (ABSORBED_SLOT, LATER, AGAIN_SLOT)) | _planted(city, block, slot)
    end = np.where(spared, NEVER, np.minimum(end, NEVER))
    after = struck & city.chance(number, "firm.cancelled_too", 0.4)
    return np.where(struck, end, NEVER), np.where(struck, np.where(after & (end < NEVER), end + 500, NEVER), end)


def _planted(city: City, block: Ints, slot: Ints) -> Bools:
    names = ("renamed", "code_reissued", "branch_and_parent", "same_trade_name", "village_collective")
    return np.asarray(np.any([is_case(city, name, block, slot) for name in names], axis=0))
