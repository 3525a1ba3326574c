from datetime import date

import numpy as np
import pytest
from stdnum.iso7064 import mod_11_2

from city.world.city import City
from city.world.people.courses import NEVER
from city.world.people.documents import shares_number
from city.world.people.identifiers import fifteen, is_valid, mistyped, transposed
from city.world.people.lives import Lives
from city.world.people.population import people

CITY = City(8000, 3707, date(2026, 11, 22))


@pytest.fixture(scope="module")
def inhabitants() -> Lives:
    return Lives(people(CITY, np.arange(CITY.blocks)))


def test_every_id_number_is_valid_and_nobody_shares_one(inhabitants: Lives) -> None:
    p = inhabitants.people
    numbers = p.id_no.to_pylist()
    citizens = [number for number, elsewhere in zip(numbers, p.abroad >= 0, strict=True) if not elsewhere]
    assert all(mod_11_2.is_valid(number) for number in citizens)
    shared = int(shares_number(p).sum()) // 2
    assert shared >= 3
    assert len(set(numbers)) == len(numbers) - shared


def test_id_numbers_carry_birth_date_and_sex(inhabitants: Lives) -> None:
    p = inhabitants.people
    births = [str(day).replace("-", "") for day in p.birth.astype("datetime64[D]")]
    assert [number[6:14] for number in p.citizen_no.to_pylist()] == births
    assert [int(number[16]) % 2 for number in p.citizen_no.to_pylist()] == list(p.sex % 2)


def test_about_a_fifth_of_all_numbers_carry_a_retired_code(inhabitants: Lives) -> None:
    retired = {"370700", "370701", "379001", "379007", *(f"37072{digit}" for digit in "12367 8".replace(" ", ""))}
    numbers = inhabitants.people.id_no.to_pylist()
    share = sum(number[:6] in retired for number in numbers) / len(numbers)
    assert 0.14 < share < 0.24


def test_mothers_are_of_an_age_to_be_mothers(inhabitants: Lives) -> None:
    p = inhabitants.people
    children = np.flatnonzero((p.mother >= 0) & (p.slot < 100))
    years = (p.birth[children] - p.birth[p.mother[children]]) / 365.25
    assert years.min() > 14
    assert years.max() < 56


def test_ages_are_those_of_the_province(inhabitants: Lives) -> None:
    p = inhabitants.people
    age = (CITY.first - p.birth[p.slot < 100]) / 365.25
    assert 0.20 < (age >= 60).mean() < 0.28
    assert 0.10 < (age < 16).mean() < 0.22


def test_the_city_is_the_same_whatever_is_made_at_a_time() -> None:
    whole = people(CITY, np.arange(CITY.blocks))
    parts = [people(CITY, np.arange(low, min(low + 7, CITY.blocks))) for low in range(0, CITY.blocks, 7)]
    assert whole.name.to_pylist() == [name for part in parts for name in part.name.to_pylist()]
    for field in ("birth", "death", "move", "married", "arrive", "leave", "planted"):
        assert np.array_equal(getattr(whole, field), np.concatenate([getattr(part, field) for part in parts]))


def test_another_seed_makes_other_people() -> None:
    other = people(City(4000, 1, CITY.start), np.arange(3))
    assert other.name.to_pylist() != people(CITY, np.arange(3)).name.to_pylist()


def test_twins_have_adjacent_numbers_and_names_one_character_apart(inhabitants: Lives) -> None:
    p = inhabitants.people
    numbers, names = p.id_no.to_pylist(), p.name.to_pylist()
    same_sex = np.flatnonzero(p.twin & (p.sex == np.roll(p.sex, 1)))
    assert len(same_sex)
    for twin in same_sex:
        assert numbers[twin][:14] == numbers[twin - 1][:14]
        assert int(numbers[twin][14:17]) - int(numbers[twin - 1][14:17]) == 2
        assert names[twin] != names[twin - 1]
        assert sum(a != b for a, b in zip(names[twin], names[twin - 1], strict=True)) == 1


def test_a_mistyped_or_transposed_number_fails_its_check_character(inhabitants: Lives) -> None:
    for word, number in enumerate(inhabitants.people.citizen_no.to_pylist()[:500]):
        assert is_valid(number)
        assert not is_valid(mistyped(number, word * 7919))
        assert not is_valid(transposed(number, word * 7919))


def test_an_old_number_is_its_new_one_without_century_and_check_character(inhabitants: Lives) -> None:
    number = next(item for item in inhabitants.people.id_no.to_pylist() if item[6:8] == "19")
    old = fifteen(number)
    assert len(old) == 15
    assert number.startswith(old[:6] + "19" + old[6:])


def test_nobody_is_seen_after_death_or_before_birth_but_for_the_planted(inhabitants: Lives) -> None:
    p = inhabitants.people
    days = np.arange(CITY.first - 365, CITY.first)
    for who, on in (inhabitants.visits(days), inhabitants.taps(days)):
        after = who[on > p.death[who]]
        assert set(after) <= set(np.flatnonzero(p.fate.rides_on))
        assert (on >= p.birth[who]).all()


def test_whoever_is_to_have_no_trace_has_none(inhabitants: Lives) -> None:
    p = inhabitants.people
    silent = set(np.flatnonzero(p.fate.uncertified))
    assert silent
    days = np.arange(CITY.first - 365, CITY.first + 60)
    for who, _ in (inhabitants.visits(days), inhabitants.taps(days)):
        assert not silent & set(who)


def test_every_other_pensioner_leaves_a_trace_each_year(inhabitants: Lives) -> None:
    p = inhabitants.people
    days = np.arange(CITY.first - 365, CITY.first)
    seen = set(inhabitants.visits(days)[0]) | set(inhabitants.taps(days)[0])
    drawing = (
        (inhabitants.retired < CITY.first - 365) & inhabitants.here(np.array(CITY.first)) & inhabitants.here(days[:1])
    )
    silent = set(np.flatnonzero(drawing & ~p.fate.uncertified & (p.fate.imprisoned == NEVER))) - seen
    assert not silent
