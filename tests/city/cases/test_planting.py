"""Cases of different libraries never disturb each other, or do so on purpose; every kind has a right answer."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import duckdb
import numpy as np
import pytest

from city.cases.silent_certification import CASES, planted
from city.world import planting
from city.world.city import BLOCK, City
from city.world.people.courses import NEVER
from city.world.people.population import people
from city.world.planting import Cases, Fates, Kind, PlantingError, check, libraries, spread
from citylake.contract.catalog import load_catalog
from tests.city.cases.given import read_over_nothing

CITY = City(800, 3707, date(2026, 11, 22))


def test_the_cases_there_are_take_slots_of_their_own() -> None:
    check(libraries())
    assert set(libraries()) >= {"silent_certification", "legal_entity"}


@pytest.mark.parametrize("library", libraries())
def test_answers_are_read_from_columns_of_published_tables_by_sql_that_runs(library: str) -> None:
    cases, catalog = libraries()[library], load_catalog()
    for table, columns in cases.reading.tables.items():
        assert set(columns.values()) - set(catalog.contract(table).columns) == set()
    assert read_over_nothing(library, cases).kinds == {}


def test_sql_that_names_a_column_that_is_not_there_is_seen() -> None:
    wrong = replace(CASES, reading=replace(CASES.reading, exact="e.nothing > 0"))
    with pytest.raises(duckdb.Error, match="nothing"):
        read_over_nothing("silent_certification", wrong)


def test_two_libraries_do_not_take_one_slot_unless_they_say_so() -> None:
    other = replace(CASES, slots=(60,))
    with pytest.raises(
        PlantingError,
        match=r"cases/silent_certification.py takes slot 60 of each block, as housing.py does: take another such as \[97",
    ):
        check({"housing": other, "silent_certification": CASES})
    check({"housing": replace(other, shares=("silent_certification",)), "silent_certification": CASES})
    check({"housing": replace(other, slots=(20,)), "silent_certification": CASES})


def test_a_kind_without_a_right_answer_is_refused() -> None:
    more = replace(CASES, kinds=(*CASES.kinds, Kind("vanished", 5)))
    with pytest.raises(PlantingError, match="does not say when vanished is right"):
        check({"silent_certification": more})


def test_a_kind_in_a_slot_that_is_not_claimed_is_refused() -> None:
    firms = libraries()["legal_entity"]
    with pytest.raises(PlantingError, match=r"does not name \[12\]"):
        check({"legal_entity": replace(firms, slots=tuple(slot for slot in firms.slots if slot != 12))})


def test_a_file_without_cases_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planting, "import_module", lambda _: SimpleNamespace())
    with pytest.raises(PlantingError, match=r"city/cases/housing.py: it needs CASES = Cases"):
        planting._cases("housing")


def test_every_block_is_taken_from_before_any_is_taken_from_twice() -> None:
    blocks = spread(CITY, (60, 61), 12) // BLOCK
    assert sorted(blocks[:8]) == list(range(8))
    assert len(set(spread(CITY, (60, 61), 12))) == 12


def test_people_carry_what_is_planted_on_them_and_nobody_else_does() -> None:
    everybody = people(CITY, np.arange(CITY.blocks))
    known = np.concatenate([cases.fates(CITY).person for cases in libraries().values() if cases.fates is not None])
    assert set(planted(CITY).person) <= set(known)
    assert set(everybody.person[everybody.planted]) == set(known)
    dead = everybody.fate.death < NEVER
    assert np.array_equal(everybody.death[dead], everybody.fate.death[dead])
    assert (everybody.death[everybody.planted & ~dead] == NEVER).all()


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> Callable[[Fates], Fates]:
    """Return what two libraries plant on the same people, the second being given."""

    def meet(fates: Fates) -> Fates:
        other = replace(CASES, fates=lambda city: fates, shares=("silent_certification",))
        found: Mapping[str, Cases] = {"housing": other, "silent_certification": CASES}
        monkeypatch.setattr(planting, "libraries", lambda: found)
        return planting._all_fates.__wrapped__(CITY)

    return meet


def test_cases_that_meet_on_purpose_both_hold(together: Callable[[Fates], Fates]) -> None:
    known = planted(CITY)
    silent = known.person[known.kind == 5]
    met = together(Fates.of(silent, np.full(len(silent), 4), imprisoned=np.full(len(silent), 99)))
    assert len(met.person) == len(known.person) == len(set(met.person))
    rows = met.rows(np.searchsorted(met.person, np.sort(silent)))
    assert (rows.imprisoned == 99).all()
    assert (rows.visits == -1).all()
    assert (rows.since == 4).all()


def test_cases_that_meet_and_contradict_each_other_are_refused(together: Callable[[Fates], Fates]) -> None:
    known = planted(CITY)
    dead = known.person[known.kind == 0]
    with pytest.raises(PlantingError, match="two files of cases say 'death' of one person"):
        together(Fates.of(dead, np.zeros(len(dead), dtype=np.int64), death=np.full(len(dead), 99)))
