"""What is planted: cases that a library must find, and decoys that it must not. One file per library, ``cases/<library>.py``.

Such a file defines ``CASES``. Who is taken is said by slots: places of the pattern that every block follows. No two libraries take
one slot, unless they say that they mean to; so cases of one library never disturb those of another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from city.world.city import BLOCK, City
from city.world.hashing import Bools, Ints
from city.world.people.courses import NEVER
from city.world.people.households import FORCED_ELDER, FORCED_MOTHER, SLOTS, layout
from city.world.texts import take
from citylake.contract.errors import ContractError

if TYPE_CHECKING:
    from city.world.people.lives import Lives

About = Literal["person", "legal_entity"]
FOLDER = Path(__file__).parents[1] / "cases"
LEAST = 3
"""Cases of a kind in the smallest city."""
NAMESAKE_SLOT = 100
"""Slot of a person who died before the first day, and who bears the name of a ``namesake`` of the same block."""
DEATH_SOURCES = ("household_change", "cremation", "death_certificate")
BY_REGISTER, BY_CREMATION, BY_CERTIFICATE = 1, 2, 4
"""Sources that tell of a death; added where several do."""


class PlantingError(ContractError):
    """Two files of cases do not go together; the message says what to change."""


@dataclass(frozen=True)
class Kind:
    """A kind of case: how many per 100,000 people, and whether reporting it is an error."""

    name: str
    per_100_000: int
    decoy: bool = False
    slot: int = -1
    """Of legal entities: their place in the pattern of a block, see ``firms/pattern``; of persons any of the library's slots."""

    def count(self, city: City) -> int:
        """Return how many there are in a city."""
        return max(LEAST, round(city.blocks * 100 * self.per_100_000 / 100_000))


@dataclass(frozen=True)
class Fates:
    """What is planted on people; arrays of one length. Days are days since 1970-01-01, ``NEVER`` where nothing happens."""

    person: Ints
    since: Ints
    """City day on which the sources that prove it are delivered; −1 where nothing is planted."""
    death: Ints
    """Whoever is planted dies then and not otherwise."""
    told_by: Ints
    """Sources that tell of the death, a sum of ``BY_…``; 0: whichever hears of it."""
    wrong_id: Ints
    """How the number is wrong in the record of the cremation: 0 mistyped, 1 missing, 2 transposed; −1 not at all."""
    paid_on: Bools
    """The pension goes on after the death."""
    imprisoned: Ints
    released: Ints
    paused: Bools
    """The pension stops while in prison."""
    visits: Ints
    """−1: no medical visits; 0: as life has it."""
    rides: Ints
    """−1: no bus card; 1: a card that carries name and number; 0: as life has it."""
    rides_on: Bools
    """The card is used after the death."""
    uncertified: Bools
    """Not certified for more than a year."""
    namesake: Bools
    """Somebody of the same name and about the same age has died."""

    @staticmethod
    def of(person: Ints, since: Ints, **known: Ints | Bools) -> "Fates":
        """Return fates of some people; what is not said is as life has it."""
        count = len(person)
        usual = {"death": NEVER, "imprisoned": NEVER, "released": NEVER, "wrong_id": -1}
        rest = {
            item.name: np.full(count, usual.get(item.name, 0), dtype=bool if item.type is Bools else np.int64)
            for item in fields(Fates)
            if item.name not in ("person", "since")
        }
        return Fates(person, since, **(rest | known))

    @property
    def planted(self) -> Bools:
        """Say on whom anything is planted: what identifies them arrives undamaged and in time."""
        return np.asarray(self.since >= 0)

    def rows(self, index: Ints) -> "Fates":
        """Return some of them."""
        return Fates(**{item.name: getattr(self, item.name)[index] for item in fields(self)})


@dataclass(frozen=True)
class Reading:
    """How answers are read from a library's tables, and when they are right; all texts are SQL of DuckDB."""

    tables: Mapping[str, Mapping[str, str]]
    """Published table -> its columns by what they are called in ``answers``; there they are text, in a table of its name without
    the layer."""
    answers: str
    """A SELECT that gives one row per ``subject``, an id of the kind the cases are about, with whatever the conditions look at."""
    found: Mapping[str, str]
    """Kind -> when a case counts as found: over ``e``, the answer, ``c``, the truth, ``h`` and ``o``, the lake's ids (``found``) of
    ``c.number`` and ``c.other``."""
    reported: Mapping[str, str]
    """Decoy -> when it counts as reported."""
    exact: str = "true"
    """When a case that was found is right in every detail."""
    excused: str = "false"
    """When a case cannot be demanded, over ``c``, ``truth_link`` and ``truth_error``: what would prove it was delivered in lines that
    are held back."""
    suspected: str = ""
    """When an answer accuses anybody: who is accused and is no case counts against the precision. Empty: nobody is."""


@dataclass(frozen=True)
class Cases:
    """The planted cases of one library."""

    title: str
    """Chinese name, for the summary of a night."""
    about: About
    kinds: tuple[Kind, ...]
    slots: tuple[int, ...]
    """Slots that are taken for them."""
    truth: pa.Schema
    """Columns of the truth beside ``case`` and ``number`` (of the person or legal entity)."""
    expected: Callable[["Lives", int], pa.Table]
    """The right answers about the cases of some blocks that have come to light by a city day."""
    reading: Reading
    fates: Callable[[City], Fates] | None = None
    """What is planted on people."""
    shares: tuple[str, ...] = ()
    """Libraries whose slots it takes as well, on purpose."""

    def kind(self, name: str) -> Kind:
        """Return a kind by its name."""
        return next(item for item in self.kinds if item.name == name)


@lru_cache(maxsize=1)
def libraries() -> Mapping[str, Cases]:
    """Return the planted cases of every library that has a file of them.

    Raises:
        PlantingError: two files take the same slot, or one has no cases.
    """
    found = {path.stem: _cases(path.stem) for path in sorted(FOLDER.glob("[!_]*.py"))}
    check(found)
    return found


def _cases(library: str) -> Cases:
    found = getattr(import_module(f"city.cases.{library}"), "CASES", None)
    if not isinstance(found, Cases):
        raise PlantingError(f"city/cases/{library}.py: it needs CASES = Cases(…), see city/world/planting.py")
    return found


def check(found: Mapping[str, Cases]) -> None:
    """Refuse files of cases that would disturb each other."""
    taken: dict[tuple[About, int], str] = {}
    for library, cases in found.items():
        for slot in cases.slots:
            other = taken.setdefault((cases.about, slot), library)
            if other != library and other not in cases.shares and library not in found[other].shares:
                free = f" such as {free_slots(found)[:2]}" if cases.about == "person" else ""
                raise PlantingError(
                    f"city/cases/{library}.py takes slot {slot} of each block, as {other}.py does:"
                    f" take another{free}, or say shares=('{other}',) if the cases are to meet"
                )
        answered = {True: set(cases.reading.reported), False: set(cases.reading.found)}
        if unread := [kind.name for kind in cases.kinds if kind.name not in answered[kind.decoy]]:
            raise PlantingError(
                f"city/cases/{library}.py: reading does not say when {', '.join(unread)} is right:"
                " found= is for cases, reported= for decoys"
            )
        if strange := {kind.slot for kind in cases.kinds} - {-1, *cases.slots}:
            raise PlantingError(f"city/cases/{library}.py: slots={cases.slots} does not name {sorted(strange)}")


def free_slots(found: Mapping[str, Cases]) -> list[int]:
    """Return slots of grown-up inhabitants, married before the first day, that no file of cases has taken."""
    taken = {slot for cases in found.values() if cases.about == "person" for slot in cases.slots}
    grown = {slot for couple in layout().couples for slot in couple} - {FORCED_MOTHER, FORCED_ELDER}
    return sorted(grown - taken, reverse=True)


def placed(city: City, kinds: tuple[Kind, ...], slots: tuple[int, ...]) -> tuple[Ints, Ints]:
    """Return the cases of persons that are there from the first day: index into ``kinds``, and person."""
    kind = np.repeat(np.arange(len(kinds), dtype=np.int64), [one.count(city) for one in kinds])
    return kind, spread(city, slots, len(kind))


def planted_as(lives: "Lives", kinds: tuple[Kind, ...], slots: tuple[int, ...], name: str) -> Bools:
    """Say who is such a case of those ``placed``: for a generator in whose rows it shows."""
    kind, person = placed(lives.city, kinds, slots)
    return np.isin(lives.people.person, person[kind == [one.name for one in kinds].index(name)])


def told(
    lives: "Lives", kinds: tuple[Kind, ...], slots: tuple[int, ...], answers: Mapping[str, pa.Array] | None = None
) -> pa.Table:
    """Return the right answers about those ``placed`` who live here: ``case``, ``number``, and ``answers``, one each in their order."""
    kind, person = placed(lives.city, kinds, slots)
    whole = pa.table({"case": take(tuple(one.name for one in kinds), kind), "number": person, **(answers or {})})
    return whole.filter(pa.array(np.isin(person // BLOCK, lives.people.block))).sort_by("number")


def spread(city: City, slots: tuple[int, ...], count: int) -> Ints:
    """Return the numbers of so many people: one slot of every block is filled before the next, so that the smallest city holds all."""
    place = np.arange(count, dtype=np.int64)
    block = (place % city.blocks + city.pick(0, "case_rotation", city.blocks)) % city.blocks
    return np.asarray(block * BLOCK + np.array(slots)[place // city.blocks], dtype=np.int64)


def blocks_with(city: City, kinds: tuple[Kind, ...], name: str, blocks: Ints) -> Ints:
    """Return the blocks that hold a kind of case of legal entities: kinds of one slot take them one after the other, by hash.

    Args:
        city: the city.
        kinds: of one library.
        name: a kind of these.
        blocks: blocks it may be in.
    """
    kind = next(item for item in kinds if item.name == name)
    order = blocks[np.argsort(city.mix(blocks, f"firm_case.{kind.slot}"), kind="stable")]
    before = sum(item.count(city) for item in kinds[: kinds.index(kind)] if item.slot == kind.slot)
    return np.asarray(order[before : before + kind.count(city)], dtype=np.int64)


@lru_cache(maxsize=4)
def _all_fates(city: City) -> Fates:
    """Return what all libraries plant on people, by person."""
    some = [cases.fates(city) for cases in libraries().values() if cases.fates is not None]
    joined = Fates(**{item.name: np.concatenate([getattr(one, item.name) for one in some]) for item in fields(Fates)})
    joined = joined.rows(np.argsort(joined.person, kind="stable"))
    _, first, count = np.unique(joined.person, return_index=True, return_counts=True)
    return _met(joined, first, count) if (count > 1).any() else joined


def _met(joined: Fates, first: Ints, count: Ints) -> Fates:
    """Return one fate for those whom several libraries took: what one says where the others say nothing."""
    usual = Fates.of(joined.person, joined.since)
    merged = {}
    for item in fields(Fates):
        values = getattr(joined, item.name)
        said = values != getattr(usual, item.name)
        spoken = np.add.reduceat(said.astype(np.int64), first)
        if item.name not in ("person", "since") and (spoken > 1).any():
            raise PlantingError(f"two files of cases say '{item.name}' of one person: let one of them take other slots")
        place = np.array([low + int(np.argmax(said[low : low + size])) for low, size in zip(first, count, strict=True)])
        merged[item.name] = values[place]
    merged["since"] = np.maximum.reduceat(joined.since, first)
    return Fates(**merged)


def fates(city: City, blocks: Ints) -> Fates:
    """Return what is planted on the people of some consecutive blocks, one entry per slot, block after block."""
    person = (blocks[:, None] * BLOCK + np.arange(SLOTS)[None, :]).ravel()
    known = _all_fates(city)
    low, high = np.searchsorted(known.person, [blocks[0] * BLOCK, (blocks[-1] + 1) * BLOCK])
    chosen = known.rows(np.arange(low, high))
    place = (chosen.person // BLOCK - blocks[0]) * SLOTS + chosen.person % BLOCK
    out = Fates.of(person, np.full(len(person), -1, dtype=np.int64))
    for item in fields(Fates):
        column = getattr(out, item.name).copy()
        column[place] = getattr(chosen, item.name)
        out = replace(out, **{item.name: column})
    return out
