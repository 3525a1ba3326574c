"""Who people are on paper: documents of people from elsewhere, names and numbers that changed, and who still has the old ones."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from city.world.city import City
from city.world.hashing import Bools, Ints, weighted
from city.world.people import names
from city.world.people.courses import FORCED_DAYS, NEVER
from city.world.people.households import GUESTS
from city.world.people.identifiers import citizen_ids
from city.world.places import COUNTIES
from city.world.texts import Text, choose, constant, day_number, join, number, take, text_of, ymd

if TYPE_CHECKING:
    from city.world.people.population import People

RESIDENT, TAIWAN_TRAVEL, HK_TRAVEL, FOREIGN, HKMT_RESIDENCE, PASSPORT = "111", "511", "516", "553", "554", "414"
"""Kinds of documents, as the code list ``id_kind`` has them."""


@dataclass(frozen=True)
class Paper:
    """A document people from elsewhere go by, and the other that some departments have of them."""

    weight: int
    main: str
    other: str
    area: int
    """810000, 820000, 830000, or 0 for foreigners."""


PAPERS = (
    Paper(20, HKMT_RESIDENCE, HK_TRAVEL, 810000),
    Paper(8, HKMT_RESIDENCE, HK_TRAVEL, 820000),
    Paper(20, HKMT_RESIDENCE, TAIWAN_TRAVEL, 830000),
    Paper(14, HK_TRAVEL, HK_TRAVEL, 810000),
    Paper(12, TAIWAN_TRAVEL, TAIWAN_TRAVEL, 830000),
    Paper(10, FOREIGN, FOREIGN, 0),
    Paper(16, PASSPORT, FOREIGN, 0),
)
ALONE, FAMILY = 0.2, 0.03
"""How often a block's guest is from abroad, and its family of guests."""
_COUNTRIES = (("KOR", 410), ("JPN", 392), ("USA", 840), ("DEU", 276), ("RUS", 643))
RENAMED, RENUMBERED = 0.004, 0.0006
"""Adults who change their names within sixteen years, and people whose number is put right."""
SHARED_SLOT = 99
"""Somebody who may have been given the number of the person before them; see ``population``."""
KEEPS_NAME, KEEPS_NUMBER = 0.55, 0.5
"""How often a department goes on with the old one."""
_RENAMED_SLOT, _RENUMBERED_SLOT = 76, 78
"""Whose name, or number, changes on one of the first days."""


def abroad(city: City, slot: Ints, block: Ints) -> Ints:
    """Return an index into ``PAPERS``, −1 for citizens of the mainland; families have one kind, and the first blocks each."""
    family = np.isin(slot, GUESTS[:3]) & (city.chance(block, "abroad_family", FAMILY) | (block == 1))
    alone = (slot == GUESTS[3]) & (city.chance(block, "abroad", ALONE) | (block < len(PAPERS)))
    drawn = weighted(block, "paper", city.seed, [paper.weight for paper in PAPERS])
    kind = np.where(block < len(PAPERS), block, drawn)
    return np.where(family | alone, kind, -1)


def area(own: Ints, abroad: Ints) -> Ints:
    """Return the area code in the number: that of Hong Kong, Macao or Taiwan for their residents."""
    areas = np.array([paper.area for paper in PAPERS])[abroad]
    return np.where((abroad >= 0) & (areas > 0), areas, own)


def foreign(abroad: Ints) -> Bools:
    """Say who is no citizen."""
    return np.asarray((abroad >= 0) & (np.array([paper.area for paper in PAPERS])[abroad] == 0))


def main_numbers(p: "People", citizens: Text) -> Text:
    """Return the number of everybody's main document, as the police have it."""
    return _with_papers(p, citizens, np.zeros(len(p), dtype=bool), np.ones(len(p), dtype=bool))[1]


@dataclass(frozen=True)
class Identity:
    """What one department knows of who people are, entry by entry."""

    id_kind: Text
    id_no: Text
    name: Text
    noted: dict[tuple[str, str], Bools]
    """(field, kind) -> who is known by something else than what holds now."""

    def rows(self, index: Ints, prefix: str = "") -> "Identity":
        """Return entries by index, −1 gives nobody; what is noted is noted of fields with a prefix, such as ``wife_``."""
        known = pa.array(np.where(index < 0, 0, index), mask=index < 0)
        noted = {(f"{prefix}{field}", kind): who[index] & (index >= 0) for (field, kind), who in self.noted.items()}
        return Identity(self.id_kind.take(known), self.id_no.take(known), self.name.take(known), noted)


@lru_cache(maxsize=2)
def identity(p: "People", resource: str, today: int) -> Identity:
    """Return how a resource knows people on a day.

    Args:
        p: the people.
        resource: each keeps old names and numbers of other people; the police none.
        today: days since 1970-01-01; what changed before it is known.
    """
    police = resource.startswith("public_security.")
    stays = {
        what: ~np.bool_(police) & p.city.chance(p.person, f"{resource}.keeps_{what}", rate)
        for what, rate in (("name", KEEPS_NAME), ("number", KEEPS_NUMBER), ("paper", 0.5), ("edition", 0.5))
    }
    old_name = (p.renamed < NEVER) & ((p.renamed >= today) | stays["name"])
    old_number = (p.renumbered < NEVER) & ((p.renumbered >= today) | stays["number"])
    numbers = choose(old_number, p.former_id_no, p.citizen_no) if old_number.any() else p.citizen_no
    kinds, numbers = _with_papers(p, numbers, stays["paper"], ~stays["edition"])
    name = choose(old_name, p.former_name, p.name) if old_name.any() else p.name
    noted = {
        ("name", "former_name"): old_name & (p.renamed < today),
        ("id_no", "former_id_no"): old_number & (p.renumbered < today),
        ("id_no", "other_document"): (p.abroad >= 0) & stays["paper"],
        ("id_no", "earlier_edition"): (p.abroad >= 0) & stays["edition"],
    }
    return Identity(kinds, numbers, name, {what: who for what, who in noted.items() if who.any()})


def renamed(p: "People") -> Ints:
    """Return the day on which people change their names, ``NEVER`` for most."""
    city = p.city
    day = city.first - 5000 + city.pick(p.person, "renamed_day", 6000)
    drawn = city.chance(p.person, "renamed", RENAMED) & (p.birth < day - 365)
    forced = (p.slot == _RENAMED_SLOT) & (p.block < FORCED_DAYS)
    day = np.where(forced, city.first + p.block, day)
    return np.where((drawn | forced) & _ordinary(p), day, NEVER)


def renumbered(p: "People") -> Ints:
    """Return the day on which the police put a number right, ``NEVER`` for most; never so long ago that nobody is told."""
    city = p.city
    day = city.first - 350 + city.pick(p.person, "renumbered_day", 900)
    drawn = city.chance(p.person, "renumbered", RENUMBERED) & (p.birth < day - 365) & (p.slot < 100)
    forced = (p.slot == _RENUMBERED_SLOT) & (p.block < FORCED_DAYS)
    day = np.where(forced, city.first + p.block - 2, day)
    return np.where((drawn | forced) & _ordinary(p), day, NEVER)


def former_id_no(p: "People") -> Text:
    """Return the numbers people had before theirs were put right: valid ones, of the half that nobody else has."""
    return text_of(citizen_ids(_area_of(p), p.birth, p.sequence ^ 2))


def former_name(p: "People") -> Text:
    """Return what people were called before they changed their names."""
    given = names.earlier_given_names(p.person, p.sex, ymd(p.birth)[0], p.city.seed)
    return join(names.surnames(p.surname), given)


def shares_number(p: "People") -> Bools:
    """Say who bears a number that is somebody else's as well (重号)."""
    both = (p.slot == SHARED_SLOT) & (p.like != np.arange(len(p)))
    both[p.like[both]] = True
    return np.asarray(both)


def retired_area(p: "People") -> Bools:
    """Say whose number begins with a code that has since been retired."""
    retired = [code for county in COUNTIES for code, _ in county.retired]
    return np.isin(_area_of(p), retired)


def registered_twice(p: "People") -> Bools:
    """Say who has been registered twice, under two valid numbers."""
    drawn = p.city.chance(p.person, "two_ids", 0.0006) & (p.slot < 100) & ~p.planted
    return np.asarray(drawn & (p.birth < p.city.first - 7300))


def second_id_no(p: "People") -> Text:
    """Return the second number of people registered twice."""
    return text_of(citizen_ids(np.full(len(p), 370700, dtype=np.int64), p.birth, p.sequence ^ 2))


def _area_of(p: "People") -> Ints:
    place = p.id_matrix[:, :6].astype(np.int64) - 48
    return np.asarray(place @ 10 ** np.arange(5, -1, -1))


def _ordinary(p: "People") -> Bools:
    """Say who has one number and one name of his own: no planted case, nobody's twin or double, no guest."""
    own = p.like == np.arange(len(p))
    own[p.like[~own]] = False
    return np.asarray(~p.planted & own & ~p.neighbour & ~p.guest)


def _with_papers(p: "People", citizens: Text, other: Bools, newest: Bools) -> tuple[Text, Text]:
    kinds = constant(RESIDENT, len(p))
    rows = np.flatnonzero(p.abroad >= 0)
    if len(rows) == 0:
        return kinds, citizens
    papers = [PAPERS[kind] for kind in p.abroad[rows]]
    shown = [paper.other if second else paper.main for paper, second in zip(papers, other[rows], strict=True)]
    made = _numbers(p, rows, newest[rows])
    own = citizens.take(pa.array(rows)).to_pylist()
    texts = [
        own[place] if kind == HKMT_RESIDENCE else made[f"{kind}{'H' if paper.area != 820000 else 'M'}"][place]
        for place, (kind, paper) in enumerate(zip(shown, papers, strict=True))
    ]
    mask = pa.array(p.abroad >= 0)
    return (
        pc.replace_with_mask(kinds, mask, pa.array(shown, pa.string())),
        pc.replace_with_mask(citizens, mask, pa.array(texts, pa.string())),
    )


def _numbers(p: "People", rows: Ints, newest: Bools) -> dict[str, list[str]]:
    """Return the number of every kind of document for some people; an earlier edition differs in its last characters."""
    city, person = p.city, p.person[rows]
    serial = city.serial(person, "paper_no") % 10**8
    issue = number(city.pick(person, "paper_issue", 8) + newest, 2)
    country = city.pick(person, "country", len(_COUNTRIES))
    birth = day_number(p.birth[rows])
    sequence = city.pick(person, "paper_sequence", 500) * 2 + (p.sex[rows] == 1)
    authority = np.array([937 * 10**3 + code for _, code in _COUNTRIES])[country]
    card = text_of(citizen_ids(authority, p.birth[rows], sequence))
    letters = take([name for name, _ in _COUNTRIES], country)
    old_card = join(letters, "3707", number(birth % 10**6, 6), number(sequence % 100, 2))
    fresh = np.where(newest, serial, (serial * 7 + 12345) % 10**8)
    plain = {
        f"{HK_TRAVEL}H": join("H", number(serial, 8), issue),
        f"{HK_TRAVEL}M": join("M", number(serial, 8), issue),
        f"{TAIWAN_TRAVEL}H": number(serial, 8),
        f"{FOREIGN}H": choose(newest, card, old_card),
        f"{PASSPORT}H": join("M", number(fresh, 8)),
    }
    return {kind: texts.to_pylist() for kind, texts in plain.items()}
