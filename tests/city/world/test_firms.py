from collections import Counter
from datetime import date

import numpy as np
import pytest
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_10

from city.cases.legal_entity import CASES
from city.kit.view import View
from city.world.city import FIRM_BLOCK, City
from city.world.firms.codes import ALPHABET, is_valid_uscc, mistyped_uscc
from city.world.firms.firms import EXISTING, Firms, firms
from city.world.firms.names import written_differently
from city.world.firms.pattern import KINDS, SHOP, case_blocks, is_case
from city.world.firms.truth import firm_table
from city.world.people.courses import NEVER
from city.world.people.lives import Lives
from city.world.people.population import people

START = date(2026, 11, 22)
CITY = City(10_000, 3707, START)
SMALL = City(400, 3707, START)
EVERY = tuple(range(len(KINDS)))


@pytest.fixture(scope="module")
def known() -> Firms:
    return firms(CITY)


def lives(city: City) -> Lives:
    return Lives(people(city, np.arange(city.blocks, dtype=np.int64)))


def cases(city: City, day: int) -> list[dict[str, object]]:
    return list(CASES.expected(lives(city), day).to_pylist())


def test_every_credit_code_passes_its_check_and_holds_its_organisation_code(known: Firms) -> None:
    last = CITY.first - 1
    codes, inner = known.uscc(last).to_pylist(), known.org_code(last).to_pylist()
    some = [(code, inside) for code, inside in zip(codes, inner, strict=True) if code]
    assert len(some) > 900
    assert all(is_valid_uscc(code) and code[8:17] == inside for code, inside in some)
    # python-stdnum takes digits only where GB 32100 has N and A as well
    assert all(uscc.is_valid(code) for code, _ in some if code[0] != "N")


def test_no_two_legal_entities_ever_have_one_code(known: Firms) -> None:
    first, second = (codes.to_pylist() for codes in known.usccs)
    given = [code for code in first if code] + [new for old, new in zip(first, second, strict=True) if old != new]
    assert len(set(given)) == len(given)
    numbers = [number for number in known.registration_no.to_pylist() if number]
    assert len(set(numbers)) == len(numbers) > 400
    assert all(mod_11_10.is_valid(number) for number in numbers)


def test_a_mistyped_code_never_passes_the_check(known: Firms) -> None:
    codes = [code for code in known.uscc(0).to_pylist() if code]
    wrong = [mistyped_uscc(code, 7919 * word) for word, code in enumerate(codes)]
    assert all(set(code) <= set(ALPHABET) and not is_valid_uscc(code) for code in wrong)


def test_about_ninety_firms_stand_for_a_thousand_people(known: Firms) -> None:
    last = CITY.first - 1
    standing = known.known(last) & (known.state(last) == EXISTING)
    assert 85 < standing.sum() / 10 < 105
    kinds = Counter(np.array(known.kind.to_pylist())[standing].tolist())
    assert set(kinds) == set(KINDS)
    assert kinds["92"] > kinds["91"] > kinds["93"] > kinds["53"]


def test_the_largest_tenth_employs_more_than_half(known: Firms) -> None:
    staff = np.sort(known.staff)[::-1]
    assert staff[: len(staff) // 10].sum() > staff.sum() / 2
    people_ = np.arange(20_000)
    shares = Counter(known.employer(people_).tolist())
    first = int(known.index(np.array([shares.most_common(1)[0][0]]))[0])
    assert known.staff[first] >= staff[len(staff) // 100]


def test_names_within_a_county_are_given_once(known: Firms) -> None:
    planted = is_case(CITY, "same_trade_name", known.block, known.slot)
    others = ~planted & (known.predecessor < 0)
    shop = known.sort == SHOP
    last = CITY.first - 1
    names = [
        (int(county) if of_shop else -1, name)
        for county, name, of_shop, counts in zip(known.county, known.name(last).to_pylist(), shop, others, strict=True)
        if counts
    ]
    assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.parametrize("city", [SMALL, City(1000, 8, START)])
def test_every_kind_of_case_is_there_at_any_scale(city: City) -> None:
    found = Counter(str(row["case"]) for row in cases(city, 5))
    assert set(found) == {kind.name for kind in CASES.kinds}
    for kind in CASES.kinds:
        few = kind.name in ("revoked_or_cancelled", "village_collective")
        assert found[kind.name] >= (1 if few else 3), kind.name


def test_cases_are_as_many_as_catalogued() -> None:
    for kind in CASES.kinds:
        assert len(case_blocks(CITY, kind.name)) == max(3, round(CITY.blocks * kind.per_100_000 / 1000)), kind.name


def test_every_case_is_what_it_is_called(known: Firms) -> None:
    last = CITY.first + 40
    names, codes = known.name(last).to_pylist(), known.uscc(last).to_pylist()
    who, state = known.representative(last), known.state(last)
    seen = set()
    for row in cases(CITY, 20):
        case, at = row["case"], int(known.index(np.array([row["number"]]))[0])
        other = int(known.index(np.array([row["other"]]))[0])
        seen.add(case)
        if case == "renamed":
            assert known.names[0][at].as_py() != known.names[1][at].as_py()
        elif case == "code_reissued":
            assert known.usccs[0][at].as_py() != known.usccs[1][at].as_py()
        elif case == "merged":
            assert (state[at], state[other]) == (2, EXISTING)
        elif case == "old_numbers_only":
            assert codes[at] is None
            assert known.turns.ended[at] < CITY.first
        elif case == "branch_and_parent":
            assert names[at].endswith("分公司")
            assert codes[at] != codes[other]
            assert known.names[0][other].as_py() in names[at]
        elif case == "same_trade_name" and other >= 0:
            assert names[at] == names[other]
            assert codes[at] != codes[other]
        elif case == "village_collective":
            assert (who[at], known.village[at]) == (who[other], known.village[other])
            assert codes[at] != codes[other]
        elif case == "registered_again":
            assert (names[at], who[at], known.premises[at]) == (names[other], who[other], known.premises[other])
            assert codes[at] != codes[other]
            assert known.established[at] > known.turns.ended[other]
    assert seen == {kind.name for kind in CASES.kinds}


def test_something_happens_to_legal_entities_on_every_one_of_the_first_days() -> None:
    here = lives(City(2000, 3707, START))
    for day in range(1, 11):
        table = firm_table(here, day)
        assert table.num_rows > 0


def test_what_a_register_hears_late_is_noted_and_what_it_knows_is_not(known: Firms) -> None:
    here = lives(CITY)
    register = View.of(here, 30, EVERY, "market_regulation.enterprise", registers=True)
    office = View.of(here, 30, EVERY, "tax.taxpayer")
    assert not register.noted["entity_name", "company_renamed"].any()
    late = office.noted["entity_name", "company_renamed"]
    assert late.any()
    true, believed = known.name(office.today).to_pylist(), office.name.to_pylist()
    assert [a != b for a, b in zip(true, believed, strict=True)] == late.tolist()


def test_legal_entities_do_not_depend_on_how_many_blocks_are_made_at_a_time() -> None:
    whole = firm_table(lives(SMALL), 0).to_pylist()
    parts = [firm_table(Lives(people(SMALL, np.array([block]))), 0).to_pylist() for block in range(SMALL.blocks)]
    assert whole == [row for part in parts for row in part]


def test_another_way_of_writing_a_name_is_another_text_for_the_same_name(known: Firms) -> None:
    for word, name in enumerate(known.name(0).to_pylist()[:300]):
        other = written_differently(name, word)
        assert other != name
        assert set(other) & set(name)


def test_whoever_represents_a_firm_is_a_grown_inhabitant(known: Firms) -> None:
    here = lives(CITY).people
    born = dict(zip(here.person.tolist(), here.birth.tolist(), strict=True))
    ages = [(CITY.first - born[int(person)]) / 365.25 for who in known.representatives for person in who]
    assert min(ages) >= 18
    assert (known.turns.replaced < NEVER).any()
    assert (known.number // FIRM_BLOCK == known.representatives[0] // 128).all()
