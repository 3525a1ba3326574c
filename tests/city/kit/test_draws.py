"""What a generator is made with: draws, people with whom else they name, events."""

from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from city.delivery.written import written
from city.kit import layouts
from city.kit.draws import Draws
from city.kit.layouts import layout
from city.kit.people import Records
from city.kit.standing import Standing
from city.world.city import City
from city.world.frames import Frame
from city.world.hashing import Ints
from city.world.people import attributes
from city.world.people.courses import NEVER
from city.world.people.lives import Lives
from city.world.people.population import people
from city.world.people.work import Work
from city.world.texts import NONE
from citylake.contract.catalog import load_catalog
from citylake.contract.errors import ContractError
from citylake.contract.model import CollectedContract
from citylake.settings import PROJECT_ROOT

CITY = City(4000, 3707, date(2026, 11, 22))
LIVES = Lives(people(CITY, np.arange(CITY.blocks)))
P = LIVES.people
DISABLED = "disabled_persons_federation.disabled_person"


class Keyed(Draws):
    """Rows of nothing but keys."""

    resource = DISABLED
    city = CITY
    numbers = np.arange(3000)


ROWS = Keyed()


def test_a_choice_takes_everything_of_its_pool_and_what_stands_twice_twice_as_often() -> None:
    found = Counter(ROWS.choice("x", ("a", "b", "b")).to_pylist())
    assert set(found) == {"a", "b"}
    assert 1.7 < found["b"] / found["a"] < 2.3


def test_a_code_is_one_of_the_contracts_list() -> None:
    codes = set(load_catalog().codes[str(layout(DISABLED).contract.columns["disability_kind_code"].codes)])
    assert set(ROWS.code("disability_kind_code").to_pylist()) == codes


def test_a_code_without_a_list_says_what_to_do() -> None:
    with pytest.raises(
        ContractError, match=r"no code list for name, but for .*disability_kind_code.*: draw it with choice\(\)"
    ):
        ROWS.code("name")


def test_numbers_lie_between_their_bounds_and_reach_them() -> None:
    counts, amounts = ROWS.count("n", 3, 7), ROWS.amount("a", 100, 200, step=50)
    assert set(counts.tolist()) == {3, 4, 5, 6, 7}
    assert set(amounts.tolist()) == {10000, 15000, 20000}
    assert set((ROWS.days("d", 1000, -2, 0) - 1000).tolist()) == {-2, -1, 0}


def test_a_serial_is_nobody_elses_and_digits_may_be() -> None:
    serials = ROWS.serial("s", "AB", 10).to_pylist()
    assert len(set(serials)) == len(serials)
    assert {len(text) for text in serials} == {12}
    digits = ROWS.digits("s", 2, "X").to_pylist()
    assert len(set(digits)) == 100


def test_only_leaves_a_column_empty_where_its_condition_does_not_hold() -> None:
    where = ROWS.numbers < 1
    days, texts = ROWS.only(where, np.full(3000, 7)), ROWS.only(where, ROWS.constant("a"))
    assert isinstance(days, np.ndarray)
    assert (days[0], days[1], texts[0].as_py(), texts[1].as_py()) == (7, NONE, "a", None)
    assert ROWS.nothing().null_count == 3000
    assert ROWS.flag(where).to_pylist()[:2] == ["1", "0"]


def disabled(**other: Any) -> Records:
    rows = Records.of_list(LIVES, DISABLED, 0, P.slot < 3, **other)
    rows.person_in("guardian", np.where(rows.of(P.slot) == 2, rows.of(P.mother), -1))
    return rows


def columns(rows: Records) -> dict[str, Any]:
    texts = ("disability_kind_code", "disability_level_code", "licence_state_code")
    return {name: rows.constant("1") for name in texts} | {
        "disability_cert_no": rows.serial("c"),
        "issue_date": rows.count("i", 0, 9),
        "valid_to_date": rows.count("v", 0, 9),
    }


def test_who_the_rows_are_about_and_whom_they_name_is_there_by_itself() -> None:
    rows = disabled()
    frame = rows.frame(columns(rows))
    assert frame.key == ("disability_cert_no",)
    assert set(frame.columns) == layout(DISABLED).canonical
    assert list(frame.columns["name"])[:3] == list(P.name)[:3]
    assert set(frame.roles) == {"self", "guardian"}
    child = int(np.flatnonzero(rows.of(P.slot) == 2)[0])
    mother = int(P.mother[rows.index[child]])
    assert frame.columns["guardian_name"][child].as_py() == P.name[mother].as_py()
    assert frame.roles["guardian"][child] == P.person[mother]
    adult = int(np.flatnonzero(rows.of(P.slot) == 0)[0])
    assert (frame.columns["guardian_name"][adult].as_py(), frame.roles["guardian"][adult]) == (None, -1)


def test_a_column_of_which_nothing_is_said_is_named() -> None:
    rows = disabled()
    said = columns(rows)
    del said["issue_date"], said["licence_state_code"]
    with pytest.raises(
        ContractError,
        match=r"disabled_person.py: nothing is said of issue_date, licence_state_code: give frame\(\)",
    ):
        rows.frame(said)


def test_a_column_that_the_contract_does_not_have_is_named() -> None:
    rows = disabled()
    said = columns(rows)
    said["isue_date"] = said.pop("issue_date")
    with pytest.raises(
        ContractError, match=r"nothing is said of issue_date: .* it is given isue_date, which the contract"
    ):
        rows.frame(said)


def test_what_a_module_says_of_a_column_goes_before_what_is_usual() -> None:
    rows = disabled()
    frame = rows.frame(columns(rows) | {"phone": rows.nothing()})
    assert not any(phone.is_valid for phone in frame.columns["phone"])


def test_borrowed_numbers_are_those_of_the_role_they_stand_in() -> None:
    standing = Standing(LIVES, "education.pupil", 0, np.where(P.mother >= 0, CITY.first - 100, NEVER))
    rows = Records.of_register(standing)
    rows.person_in("guardian", rows.of(P.mother))
    mothers = attributes.lender_id(P).take(pa.array(rows.of(P.mother)))
    assert {name: list(column) for name, column in rows._lenders().items()} == {"_lender_guardian_id_no": list(mothers)}


def visits() -> tuple[Ints, Ints]:
    """Return who is seen on which day, from before the first day until after the last."""
    index = np.repeat(np.flatnonzero(P.slot < 40), 3)
    return index, CITY.first - 400 + CITY.pick(np.arange(len(index)), "on", 460)


def test_every_event_is_delivered_once_and_none_before_it_happened() -> None:
    index, on = visits()
    named = {(int(P.person[who]), int(day)) for who, day in zip(index, on, strict=True)}
    seen: list[tuple[int, int]] = []
    late = 0
    for day in range(90):
        rows = Records.of_events(LIVES, "health.vaccination", day, index, on, late=0.1)
        assert rows.on is not None
        assert (rows.on < CITY.first + day).all()
        seen += zip(rows.person.tolist(), rows.on.tolist(), strict=True)
        late += int((rows.on < CITY.first + day - 1).sum()) if day else 0
    wanted = {(who, day) for who, day in named if day >= CITY.first - 365}
    assert set(seen) == wanted
    assert late > 20


def test_values_of_events_differ_from_day_to_day() -> None:
    index = np.zeros(30, dtype=np.int64)
    rows = Records.of_events(LIVES, "health.vaccination", 0, index, CITY.first - 1 - np.arange(30), late=0.0)
    assert len(set(rows.count("anything", 0, 10**9).tolist())) == 30
    assert len(set(rows.keys.tolist())) == 30


def test_the_example_of_the_readme_delivers(monkeypatch: pytest.MonkeyPatch) -> None:
    names = (
        "card_no", "id_no", "name", "residence_address", "guardian_name", "guardian_phone", "employer_name", "issue_date",
        "allowance_amount", "card_kind_code", "card_state_code", "updated_at",
    )  # fmt: skip
    types = {"issue_date": "date", "allowance_amount": "decimal(12,2)", "updated_at": "timestamp"}
    columns = {name: {"label": name, "grade": "L2", "type": types.get(name, "string")} for name in names}
    columns["card_kind_code"]["codes"] = "card_kind"
    contract = CollectedContract.model_validate({
        "name": "clean.civil_affairs__card", "title": "证", "grain": "一证", "owner": "civil_affairs", "mode": "change",
        "source": {"form": "csv", "files": "card_*.csv", "as_of": {"received": True}}, "due": {"every": "day"},
        "key": ["card_no"], "change": {"order": ["updated_at"], "operation": "OP"}, "columns": columns,
        "identity": {"person": {"self": {"id_no": "id_no", "name": "name"}, "guardian": {"name": "guardian_name"}}},
    })  # fmt: skip
    made = layouts.Layout("civil_affairs.card", contract, layouts.Said())
    monkeypatch.setattr(layouts, "layouts", lambda: {"civil_affairs.card": made})
    text = (PROJECT_ROOT / "city" / "README.md").read_text("utf-8")
    example = text.split("```python\n")[1].split("```")[0]
    names_of = {item.__name__: item for item in (Lives, Frame, Standing, Records, Work)}
    module: dict[str, Any] = {"np": np, "NEVER": NEVER, **names_of}
    exec(example, module)
    first, *later = (written(module["project"](LIVES, day)) for day in range(60))
    assert first.column_names == [*names, "OP"]
    assert 50 < first.num_rows < 200
    assert 0 < sum(table.num_rows for table in later) < first.num_rows / 5
    assert set(first.column("OP").to_pylist()) == {"I"}
    assert set(first.column("card_state_code").to_pylist()) == {"1"}
