"""The legal entities of some blocks as one department knows them on a city day: what it hears late, it has wrong until then."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from city.kit.draws import Draws
from city.kit.layouts import layout
from city.world import places
from city.world.city import BLOCK, FIRM_BLOCK, City
from city.world.firms.firms import Firms, firms
from city.world.firms.pattern import (
    BRANCH,
    COMPANY,
    PARENT_SLOT,
    SHOP,
)
from city.world.frames import Column, Frame
from city.world.hashing import Bools, Ints
from city.world.people import attributes
from city.world.people.courses import NEVER
from city.world.people.documents import Identity, identity
from city.world.people.households import SLOTS
from city.world.people.lives import Lives
from city.world.places import COUNTIES, COUNTY_CODES
from city.world.texts import NONE, Text, blank_where, choose, join, number, take

SLOW = 0.45
"""Share of firms whose changes a department other than the register hears of late."""
FRANCHISES = 0.02
"""Share of shops that sell under a company's brand."""
_NEXT_YEARS = 1461
_AGENTS = 25
"""Bookkeepers per hundred blocks who leave their own telephone number for those they register."""
Noted = dict[tuple[str, str], Bools]


@dataclass(frozen=True)
class View(Draws):
    """Firms of the blocks of ``lives``, as known on a city day."""

    lives: Lives
    day: int
    firms: Firms
    """Those of interest."""
    lag: Ints
    """Days after which the department hears of a change."""
    resource: str

    @staticmethod
    def of(lives: Lives, day: int, sorts: tuple[int, ...], resource: str, registers: bool = False) -> "View":
        """Return what a resource knows of the firms of some sorts; whoever ``registers`` them hears of everything at once."""
        city = lives.city
        whole = firms(city)
        here = whole.of_blocks(lives.people.block)
        some = whole.rows(here[np.isin(whole.sort[here], sorts)])
        lag = np.zeros(len(some), dtype=np.int64)
        if not registers:
            slow = city.chance(some.number, f"{resource}.slow", SLOW)
            quick = city.pick(some.number, f"{resource}.lag", 10)
            lag = np.where(slow, 200 + 300 * quick, quick)
        return View(lives, day, some, lag, resource)

    @property
    def city(self) -> City:
        """The city."""
        return self.lives.city

    @property
    def numbers(self) -> Ints:
        """Numbers of the firms."""
        return self.firms.number

    @property
    def last(self) -> Ints:
        """Day (since 1970-01-01) up to which each firm is known."""
        return self.lives.city.first + self.day - 1 - self.lag

    @property
    def today(self) -> int:
        """The last day that has passed, in days since 1970-01-01."""
        return self.lives.city.first + self.day - 1

    @cached_property
    def known(self) -> Bools:
        """Founded by now."""
        return self.firms.known(self.today)

    @cached_property
    def new(self) -> Bools:
        """Founded on the last day; on day 0 all that are there."""
        return np.asarray(self.known & ((self.firms.established == self.today) | (self.day == 0)))

    @cached_property
    def changed(self) -> Bools:
        """Whose row is new or changed on this city day."""
        heard = np.zeros(len(self.firms), dtype=bool)
        for day in self._turns:
            heard |= day == self.last
        return self.new | (self.known & heard)

    @property
    def _turns(self) -> tuple[Ints, ...]:
        when = self.firms.turns
        return when.renamed, when.reissued, when.replaced, when.revoked, when.cancelled

    @cached_property
    def uscc(self) -> Text:
        """Credit codes as known."""
        return self.firms.uscc(self.last)

    @cached_property
    def name(self) -> Text:
        """Names as known."""
        return self.firms.name(self.last)

    @cached_property
    def noted(self) -> Noted:
        """Who is still known by a former name or code."""
        when = self.firms.turns
        return {
            ("entity_name", "company_renamed"): (when.renamed <= self.today) & (when.renamed > self.last),
            ("uscc", "code_reissued"): (when.reissued <= self.today)
            & (when.reissued > self.last)
            & self.firms.has_uscc,
        }

    @cached_property
    def representative(self) -> Ints:
        """Person numbers of the representatives as known."""
        return self.firms.representative(self.last)

    def person(self, numbers: Ints) -> Ints:
        """Return where people of these blocks stand in ``lives.people``."""
        first = int(self.lives.people.block[0])
        return np.asarray((numbers // BLOCK - first) * SLOTS + numbers % BLOCK, dtype=np.int64)

    @cached_property
    def people(self) -> Identity:
        """Who the people of these blocks are, as the resource knows them."""
        return identity(self.lives.people, self.resource, self.lives.city.first + self.day)

    @cached_property
    def head(self) -> Identity:
        """Who the representatives are, as the resource knows them."""
        return self.people.rows(self.person(self.representative), "representative_")

    @cached_property
    def parent_uscc(self) -> Text:
        """Credit codes of the companies that branches belong to, null for all others."""
        branch = self.firms.sort == BRANCH
        whole = firms(self.lives.city)
        above = whole.rows(whole.index(np.where(branch, self.firms.parent, whole.number[0])))
        return blank_where(above.uscc(self.today), ~branch)

    @cached_property
    def lent_uscc(self) -> Text:
        """Credit codes that firms write in place of their own: branches their parent's, some shops that of the brand they sell."""
        f, city = self.firms, self.lives.city
        brand = (f.sort == SHOP) & city.chance(f.number, "firm.franchise", FRANCHISES)
        whole = firms(city)
        owner = whole.rows(whole.index(np.where(brand, f.block * FIRM_BLOCK + PARENT_SLOT, whole.number[0])))
        return choose(brand, owner.uscc(self.today), self.parent_uscc)

    @cached_property
    def address(self) -> Text:
        """Addresses of the premises."""
        return places.addresses(self.firms.premises, self.firms.village, self.lives.city.seed)

    @cached_property
    def phone(self) -> Text:
        """The representative's own number, that of the bookkeeper, or one of the firm."""
        city, number_ = self.lives.city, self.firms.number
        drawn = city.uniform(number_, "firm.phone")
        agent = -(2**50) - city.pick(number_, "firm.agent", max(3, city.blocks * _AGENTS // 100))
        small = ~np.isin(self.firms.sort, (COMPANY, BRANCH))
        own = np.where(drawn < np.where(small, 0.9, 0.6), self.firms.representatives[0], number_ + 2**46)
        return attributes.mobile(city, np.where(drawn > 0.93, agent, own))

    @cached_property
    def county_code(self) -> Text:
        """Six-digit county codes."""
        return number(COUNTY_CODES[self.firms.county], 6)

    def office(self, ending: str) -> Text:
        """Return the county's office of a kind, such as ``市场监督管理局``."""
        return join(take([county.name for county in COUNTIES], self.firms.county), ending)

    def date_of(self, days: Ints) -> Ints:
        """Return days known by now; others are missing."""
        return np.where((days >= NEVER) | (days > self.last), NONE, days)

    @cached_property
    def updated_at(self) -> Ints:
        """Moment of the last entry, in seconds."""
        city = self.lives.city
        clock = 8 * 3600 + city.pick(self.firms.number, "firm.clock", 9 * 3600, self.day)
        last = self.firms.established
        for day in self._turns:
            last = np.where(day <= self.last, np.maximum(last, day + self.lag), last)
        return np.where(self.day > 0, self.today, np.minimum(last, city.first - 1)) * 86400 + clock

    def frame(
        self, columns: Mapping[str, Column], chosen: Bools, roles: dict[str, Ints] | None = None,
        firms: dict[str, Ints] | None = None, hidden: dict[str, Column] | None = None, noted: Noted | None = None,
    ) -> Frame:  # fmt: skip
        """Return the rows of a resource, one per firm chosen.

        Args:
            columns: those that are not there by themselves, or are another way here.
            chosen: firms whose row is delivered.
            roles: people named; default: the representative, if the contract names one.
            firms: other firms named.
            hidden: what mistakes draw on.
            noted: what is amiss of people other than the representative.

        Raises:
            ContractError: the contract has a column of which nothing is said.
        """
        here, number_ = layout(self.resource), self.firms.number
        if roles is None:
            named = "representative" in here.contract.identity.get("person", {})
            roles = {"representative": self.representative} if named else {}
        known = self.noted | self.head.noted | (noted or {})
        whole = Frame(
            self.resource, here.contract.key, here.filled(columns, self._usual()), number_, roles, self.firms.block * BLOCK,
            np.zeros(len(number_), dtype=bool), hidden or {}, {"self": number_, **(firms or {})},
            {what: rows for what, rows in known.items() if what[0] in here.canonical},
        )  # fmt: skip
        return whole.where(chosen)

    def _usual(self) -> dict[str, Callable[[], Column]]:
        """Return what most departments keep of firms."""
        return {
            "uscc": lambda: self.uscc,
            "entity_name": lambda: self.name,
            "representative_id_no": lambda: self.head.id_no,
            "representative_name": lambda: self.head.name,
            "registered_address": lambda: self.address,
            "address": lambda: self.address,
            "phone": lambda: self.phone,
            "county_code": lambda: self.county_code,
            "establish_date": lambda: self.firms.established,
            "updated_at": lambda: self.updated_at,
            "op_code": lambda: choose(self.new, "I", "U"),
        }


def valid_to(view: View) -> Ints:
    """Return the end of a four-year licence that runs now."""
    age = view.lives.city.first - view.firms.established
    return np.asarray(view.firms.established + (np.maximum(age, 0) // _NEXT_YEARS + 1) * _NEXT_YEARS, dtype=np.int64)
