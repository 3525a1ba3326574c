"""What departments know of who people are, and that the truth says so wherever they are wrong."""

import re
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from city.departments.health.health_record import project as health_record
from city.departments.public_security.household_change import project as household_change
from city.departments.public_security.household_register import project as household_register
from city.kit.layouts import resources
from city.kit.resources import kept, projections
from city.world.city import City
from city.world.frames import Frame
from city.world.mistakes import Damage
from city.world.people import attributes
from city.world.people.courses import NEVER
from city.world.people.documents import FOREIGN, HK_TRAVEL, HKMT_RESIDENCE, PASSPORT, TAIWAN_TRAVEL, identity
from city.world.people.identifiers import is_valid
from city.world.people.lives import Lives
from city.world.people.population import People, people
from city.world.people.truth import differs, golden
from citylake.contract.catalog import load_catalog
from citylake.contract.model import CollectedContract
from citylake.spelling import table_of

CITY = City(8000, 3707, date(2026, 11, 22))
CATALOG = load_catalog()
LIVES = Lives(people(CITY, np.arange(CITY.blocks)))
P = LIVES.people
TRUE = golden(LIVES, 0)
SHAPES = {
    HKMT_RESIDENCE: r"8[123]0000\d{11}[\dX]",
    HK_TRAVEL: r"[HM]\d{10}",
    TAIWAN_TRAVEL: r"\d{8}",
    FOREIGN: r"937\d{14}[\dX]|[A-Z]{3}3707\d{8}",
    PASSPORT: r"M\d{8}",
}


def contract_of(resource: str) -> CollectedContract:
    contract = CATALOG.contract(table_of(resource))
    assert isinstance(contract, CollectedContract)
    return contract


NAMING = sorted(name for name in resources() if "person" in contract_of(name).identity)


def records_damaged(frame: Frame, damages: list[Damage], field: str) -> set[int]:
    return {int(frame.record[row]) for item in damages if item.field == field for row in item.rows}


def place_of(p: People, person: np.ndarray) -> np.ndarray:
    return np.searchsorted(p.person, person)


@pytest.mark.parametrize("resource", NAMING)
def test_a_number_or_name_that_is_not_the_persons_own_is_in_the_truth_about_mistakes(resource: str) -> None:
    frame, damages = kept(LIVES, resource, 0)
    checked = 0
    for name, role in contract_of(resource).identity["person"].items():
        known = np.flatnonzero(frame.roles[name] >= 0)
        at = pa.array(place_of(P, frame.roles[name][known]))
        for field, truth in ((role.id_no, "id_no"), (role.name, "name")):
            if field is None or field not in frame.columns:
                continue
            shown = frame.columns[field].take(pa.array(known))
            differs = pc.fill_null(pc.not_equal(shown, TRUE.column(truth).combine_chunks().take(at)), False)
            wrong = set(frame.record[known[differs.to_numpy(zero_copy_only=False)]].tolist())
            assert wrong <= records_damaged(frame, damages, field), (name, field)
            checked += len(known)
    assert checked


@pytest.mark.parametrize("size", [400, 2000])
def test_every_city_has_every_sort_of_people_who_are_hard_to_tell_apart(size: int) -> None:
    city = City(size, 11, CITY.start)
    said = golden(Lives(people(city, np.arange(city.blocks))), 0).column("traits").to_pylist()
    found = {trait for text in said for trait in text.split(",") if trait}
    assert found >= {
        "same_name_same_birth",
        "two_people_one_id",
        "renamed",
        "renumbered",
        "not_in_register",
        "other_document",
    }


def test_doubles_share_name_and_birth_but_neither_number_nor_household() -> None:
    doubles = np.flatnonzero((P.slot == 56) & (P.like != np.arange(len(P))))
    assert len(doubles) >= 3
    numbers, names = P.id_no.to_pylist(), P.name.to_pylist()
    for one in doubles:
        other = P.like[one]
        assert (names[one], P.birth[one], P.sex[one]) == (names[other], P.birth[other], P.sex[other])
        assert numbers[one] != numbers[other]
        assert P.household[one] != P.household[other]


def test_two_people_of_one_number_have_names_of_their_own_and_both_are_noted() -> None:
    frame, damages = kept(LIVES, "public_security.household_register", 0)
    noted = {int(frame.record[row]) for item in damages if item.kind == "two_people_one_id" for row in item.rows}
    bearers = np.flatnonzero((P.slot == 99) & (P.like != np.arange(len(P))))
    assert len(bearers) >= 3
    numbers, names = P.id_no.to_pylist(), P.name.to_pylist()
    for one in bearers:
        assert numbers[one] == numbers[one - 1]
        assert names[one] != names[one - 1]
        assert {int(P.person[one]), int(P.person[one - 1])} <= noted


def test_a_new_name_reaches_the_register_with_the_old_one_beside_it_and_others_go_on_with_the_old() -> None:
    person = int(np.flatnonzero(P.renamed == CITY.first + 2)[0])
    day = 3
    before, after = (identity(P, "public_security.household_register", CITY.first + at) for at in (2, day))
    assert before.name[person].as_py() == P.former_name[person].as_py() != P.name[person].as_py()
    assert after.name[person].as_py() == P.name[person].as_py()
    register = household_register(LIVES, day)
    row = int(np.flatnonzero(register.record == P.person[person])[0])
    assert register.columns["former_name"][row].as_py() == P.former_name[person].as_py()
    change = household_change(LIVES, day)
    kinds = [kind.as_py() for kind in change.columns["change_kind_code"]]
    told = {(kind, int(who)) for kind, who in zip(kinds, change.owner, strict=True)}
    assert ("08", int(P.person[person])) in told
    later = [identity(P, name, CITY.first + day) for name in ("hrss.insured_person", "education.pupil", "x.a", "x.b")]
    kept = [known for known in later if known.name[person].as_py() == P.former_name[person].as_py()]
    assert 0 < len(kept) < len(later)
    assert all(known.noted[("name", "former_name")][person] for known in kept)


def test_a_number_put_right_was_valid_before_and_nobody_elses() -> None:
    renumbered = np.flatnonzero(P.renumbered < NEVER)
    old = P.former_id_no.take(pa.array(renumbered)).to_pylist()
    assert len(old) >= 3
    assert all(is_valid(number) for number in old)
    assert not set(old) & set(P.id_no.to_pylist())
    assert len(set(old)) == len(old)
    assert [number[6:14] for number in old] == [
        number[6:14] for number in P.id_no.take(pa.array(renumbered)).to_pylist()
    ]


def test_papers_of_people_from_elsewhere_have_the_shape_of_their_kind() -> None:
    abroad = np.flatnonzero(P.abroad >= 0)
    kinds: set[str] = set()
    for resource in ("public_security.residence_permit", "hrss.insured_person", "medical_insurance.medical_insured"):
        who = identity(P, resource, CITY.first).rows(abroad)
        for kind, number in zip(who.id_kind.to_pylist(), who.id_no.to_pylist(), strict=True):
            assert re.fullmatch(SHAPES[kind], number), (kind, number)
            assert len(number) != 18 or is_valid(number)
            kinds.add(kind)
    assert kinds == set(SHAPES)


def test_a_travel_permit_renewed_keeps_its_first_nine_characters() -> None:
    abroad = np.flatnonzero(P.abroad >= 0)
    known = [identity(P, f"x.{turn}", CITY.first).rows(abroad) for turn in range(12)]
    renewed = 0
    for place in range(len(abroad)):
        texts = {who.id_no[place].as_py() for who in known if who.id_kind[place].as_py() == HK_TRAVEL}
        assert len({text[:9] for text in texts}) <= 1
        renewed += len(texts) > 1
    assert renewed


@pytest.mark.parametrize(
    "resource", ["health.medical_visit", "health.vaccination", "medical_insurance.medical_insured"]
)
def test_a_borrowed_number_is_that_of_somebody_else_of_the_city(resource: str) -> None:
    frame, damages = kept(LIVES, resource, 0)
    holder = dict(zip(P.id_no.to_pylist(), P.person.tolist(), strict=True))
    borrowed = [int(row) for item in damages if item.kind == "borrowed_valid_id" for row in item.rows]
    assert borrowed
    for row in borrowed:
        assert holder[frame.columns["id_no"][row].as_py()] != frame.roles["self"][row]


def test_agents_leave_their_own_telephone_numbers() -> None:
    frame, damages = kept(LIVES, "medical_insurance.medical_insured", 0)
    phones = attributes.phones(P)
    rows = [int(row) for item in damages if item.kind == "shared_phone" for row in item.rows]
    assert rows
    for row in rows:
        agent = int(frame.roles["self"][row]) // 128 * 121 + attributes.AGENT_SLOT
        assert frame.columns["phone"][row].as_py() in (phones[agent].as_py(), None)


def test_a_second_record_has_a_number_of_its_own_and_is_the_same_person() -> None:
    frame = health_record(LIVES, 0)
    second = frame.noted[("*", "second_record")]
    keys = frame.key_text().to_pylist()
    assert 0 < second.sum() < 0.05 * len(frame)
    assert len(set(keys)) == len(keys)
    assert set(frame.roles["self"][second]) <= set(frame.roles["self"][~second])


def test_guests_are_in_no_household_register_and_have_permits() -> None:
    register, permits = household_register(LIVES, 0), projections()["public_security.residence_permit"](LIVES, 0)
    assert not P.guest[place_of(P, register.roles["self"])].any()
    assert P.guest[place_of(P, permits.roles["self"])].all()
    assert 0.03 < len(permits) / CITY.people < 0.06


def test_what_is_true_changes_only_for_those_to_whom_something_happens() -> None:
    changed = differs(golden(LIVES, 3), golden(LIVES, 2))
    assert 0 < changed.sum() < 0.01 * len(P)
    renamed = P.renamed == CITY.first + 2
    assert changed[renamed].all()
