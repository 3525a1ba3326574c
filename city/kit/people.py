"""The rows of a resource about people: who they are, as its department knows them, and whom else the rows name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pyarrow as pa

from city.kit.draws import Draws
from city.kit.layouts import layout
from city.kit.standing import Standing
from city.world.city import HISTORY, City
from city.world.frames import Column, Frame
from city.world.hashing import Bools, Ints
from city.world.people import attributes
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.people.work import Employers
from city.world.places import COUNTY_CODES
from city.world.texts import Text, number

N = TypeVar("N", Ints, Bools)


@dataclass
class Records(Draws):
    """Rows about people, one person each. Columns that every department keeps of people are there by themselves.

    Args:
        lives: the people.
        resource: name of the resource.
        day: city day.
        index: where in ``lives.people`` those stand whom the rows are about.
        role: their role in the contract.
        standing: of records that stand in a register: when they changed.
        on: of events: their days, one per row.
    """

    lives: Lives
    resource: str
    day: int
    index: Ints
    role: str = "self"
    standing: Standing | None = None
    on: Ints | None = None

    def __post_init__(self) -> None:
        self._layout = layout(self.resource)
        self._known = identity(self.lives.people, self.resource, self.today)
        self._roles: dict[str, Ints] = {}
        self._firms: dict[str, Ints] = {}
        self._named: dict[str, Ints] = {}
        self._noted: dict[tuple[str, str], Bools] = {}
        self._makers: dict[str, Callable[[], Column]] = self._usual()
        self.person_in(self.role, self.index)

    @staticmethod
    def of_register(standing: Standing, role: str = "self") -> "Records":
        """Return the records that are handed over of those that stand in a register."""
        return Records(standing.lives, standing.resource, standing.day, standing.rows, role, standing)

    @staticmethod
    def of_list(lives: Lives, resource: str, day: int, listed: Bools) -> "Records":
        """Return everybody who is on a list that is handed over whole."""
        return Records(lives, resource, day, np.flatnonzero(listed))

    @staticmethod
    def of_events(lives: Lives, resource: str, day: int, index: Ints, on: Ints, late: float = 0.02) -> "Records":
        """Return the events that reach the lake on a city day: those of the day before and late ones; day 0 has a year of them.

        Args:
            lives: the people.
            resource: name of the resource.
            day: city day.
            index: whom each event befalls; one person may be there on several days, on each day once.
            on: day of each event. The same events have to be given on every city day; those still to come are left out.
            late: share that comes up to ``LATE_DAYS`` days late.
        """
        p, city = lives.people, lives.city
        reached = city.delivered(p.person[index], resource, on, late, p.planted[index])
        due = (reached == day) & (on >= city.first - HISTORY) & (on < city.first + day)
        return Records(lives, resource, day, index[due], on=on[due])

    @property
    def city(self) -> City:
        """The city they live in."""
        return self.lives.city

    @property
    def today(self) -> int:
        """The morning of the delivery, in days since 1970-01-01."""
        return self.city.first + self.day

    @property
    def person(self) -> Ints:
        """Numbers of the people."""
        return self.lives.people.person[self.index]

    @property
    def numbers(self) -> Ints:
        """Numbers of the people."""
        return self.person

    @property
    def keys(self) -> Ints:
        """Values are drawn by person, of events by person and day."""
        return self.person if self.on is None else self.person * 2**20 + self.on + 2**18

    def __len__(self) -> int:
        return len(self.index)

    def of(self, column: N) -> N:
        """Return these people's part of numbers about everybody."""
        return column[self.index]

    def texts(self, column: Text) -> Text:
        """Return these people's part of texts about everybody."""
        return column.take(pa.array(self.index))

    def person_in(self, role: str, index: Ints) -> None:
        """Let rows name somebody in a role: ``<role>_id_no``, ``<role>_name`` and the like are there then, as far as the contract has them.

        Args:
            role: as the contract's ``identity`` says; of the role ``self`` columns have no prefix.
            index: one per row, where in ``lives.people``; −1 for nobody.
        """
        p, prefix = self.lives.people, "" if role == "self" else f"{role}_"
        who = self._known.rows(index, prefix)
        someone = pa.array(np.maximum(index, 0), mask=index < 0)
        self._makers |= {
            f"{prefix}id_kind_code": lambda: who.id_kind,
            f"{prefix}id_no": lambda: who.id_no,
            f"{prefix}name": lambda: who.name,
            f"{prefix}phone": lambda: attributes.phones(p).take(someone),
        }
        self._named[prefix] = index
        if role in self._layout.contract.identity.get("person", {}):
            self._roles[role] = np.where(index < 0, -1, p.person[index])
            self._noted |= who.noted

    def firm_in(self, role: str, place: Ints) -> Employers:
        """Let rows name a legal entity in a role: ``<role>_uscc`` and ``<role>_name`` are there then.

        Args:
            role: as the contract's ``identity`` says.
            place: one per row, where among all firms; −1 for none.
        """
        firm = Employers.of(self.city, self.resource, self.today, place, f"{role}_")
        self._makers |= {f"{role}_uscc": lambda: firm.uscc, f"{role}_name": lambda: firm.name}
        if role in self._layout.contract.identity.get("legal_entity", {}):
            self._firms[role] = firm.number
            self._noted |= firm.noted
        return firm

    def phones_of_agents(self, share: float) -> None:
        """Let the village's agent have left his own telephone number for some."""
        phone, agent = attributes.given_phones(self.lives.people, self.resource, share)
        self._makers["phone"] = lambda: self.texts(phone)
        self._noted["phone", "shared_phone"] = self.of(agent)

    def note(self, field: str, kind: str, rows: Bools) -> None:
        """Note rows whose field is not as it should be."""
        self._noted[field, kind] = rows

    def frame(self, columns: Mapping[str, Column], record: Ints | None = None) -> Frame:
        """Return the rows.

        Args:
            columns: those that are not there by themselves, or are another way here.
            record: numbers of the records, where a person may have several; default: what values are drawn by.

        Raises:
            ContractError: the contract has a column of which nothing is said.
        """
        here, p = self._layout, self.lives.people
        made = here.filled(columns, self._makers)
        noted = {what: rows for what, rows in self._noted.items() if what[0] in made or what[0] == "*"}
        return Frame(
            self.resource, here.contract.key, made, self.keys if record is None else record, self._roles, self.person,
            p.planted[self.index], self._lenders(), self._firms, noted,
        )  # fmt: skip

    def _lenders(self) -> dict[str, Column]:
        """Return the numbers that stand there where somebody else's was borrowed."""
        found: dict[str, Column] = {}
        for rate in self._layout.habits.rates:
            if rate.kind == "borrowed_valid_id":
                index = self._named[rate.field.removesuffix("id_no")]
                someone = pa.array(np.maximum(index, 0), mask=index < 0)
                found[f"_lender_{rate.field}"] = attributes.lender_id(self.lives.people).take(someone)
        return found

    def _usual(self) -> dict[str, Callable[[], Column]]:
        """Return what every department keeps of people, as of today."""
        p = self.lives.people
        moved = p.move <= self.today
        makers: dict[str, Callable[[], Column]] = {
            "sex_code": lambda: self.texts(attributes.sex_code(p)),
            "birth_date": lambda: self.of(p.birth),
            "ethnicity_code": lambda: self.texts(attributes.ethnicity(p)),
            "household_address": lambda: self.texts(attributes.household_address(p, moved)),
            "residence_address": lambda: self.texts(attributes.residence_address(p, moved)),
            "address_code": lambda: self.texts(attributes.address_code(p, moved)),
            "village_code": lambda: self.texts(attributes.village_code(p, moved)),
            "county_code": lambda: number(COUNTY_CODES[self.of(p.county)], 6),
        }
        if (standing := self.standing) is not None:
            makers |= {
                "updated_at": lambda: standing.updated_at(self.index),
                "op_code": lambda: standing.op_code(self.index),
            }
        if (on := self.on) is not None:
            entered = np.full(len(self), self.today - 1) if self.day else on
            makers["entered_at"] = lambda: entered * 86400 + self.count(f"{self.resource}.clock", 17 * 3600, 22 * 3600)
        return makers
