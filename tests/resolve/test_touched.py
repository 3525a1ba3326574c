"""Night after night, what is resolved of changed subjects alone equals what resolving everybody gives; DuckDB only."""

import os
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citylake.contract.resolve_spec import Anchor
from tests.resolve.town import DAY, Row, Town, firm, groups, person, spec_of

EXAMPLES = int(os.environ.get("CITYLAKE_EXAMPLES", "15"))
COUNT = 10
BIRTHS = [None, date(1980, 1, 15), date(1980, 1, 16), date(1951, 12, 1)]
NUMBERS = ["370702198001153025", "370702198001153026", "370702195112010019"]
EXPLAINED = ("rule", "guard", "review_reason", "candidates", "part_key", "other_key", "evidence", "score")


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


@st.composite
def persons(draw: st.DrawFn, subject: str) -> Row | None:
    if draw(st.integers(0, 7)) == 0:
        return None
    number = draw(one_of(None, None, *NUMBERS))
    other = draw(one_of(None, None, None, "home_travel:H1", "passport:E1", "passport:E2", "permit:8"))
    said = {"id_no": number or other, "id_class": "resident" if number else other and other.split(":")[0]}
    born = date(int(number[6:10]), int(number[10:12]), int(number[12:14])) if number else None
    text = draw(one_of(*NUMBERS, None)) if number is None and other is None else number or other
    return person(
        subject, **said, id_text=text, id_birth=born, birth_digits=text[6:14] if text and len(text) == 18 else None,
        name_key=draw(one_of(None, "张伟", "张威", "李伟")), birth=draw(one_of(*BIRTHS)), sex=draw(one_of(None, "1", "2")),
        phone=draw(one_of(None, "1", "2")), village=draw(one_of(None, "v", "w")), context=draw(one_of(None, None, "东关街一号")),
        former_key=draw(one_of(None, None, None, "李伟")), former_no=draw(one_of(None, None, None, NUMBERS[2])),
        is_anchor=draw(st.integers(0, 3)) == 0, since=DAY + timedelta(days=draw(st.integers(0, 1))),
    )  # fmt: skip


@st.composite
def firms(draw: st.DrawFn, subject: str) -> Row | None:
    if draw(st.integers(0, 7)) == 0:
        return None
    return firm(
        subject, id_no=draw(one_of(None, None, "MA3X12345", "MA3X12353")), name=draw(one_of(None, "恒昌机械", "恒丰", "恒昌")),
        name_key=draw(one_of(None, "恒昌", "恒丰")), representative=draw(one_of(None, "张伟", "李伟")),
        registration_no=draw(one_of(None, "370700200012345", "370700200012346")), phone=draw(one_of(None, "1")),
        address=draw(one_of(None, "东关街一号")), former_key=draw(one_of(None, None, None, "恒丰")),
        former_no=draw(one_of(None, None, None, "MA3X12353")), is_anchor=draw(st.integers(0, 3)) == 0,
    )  # fmt: skip


@st.composite
def histories(draw: st.DrawFn, library: str) -> list[tuple[dict[str, Row | None], dict[tuple[str, str], str]]]:
    """Return nights: what changes, and which decisions people have made by then."""
    made = persons if library == "population" else firms
    names = [f"s{number}" for number in range(COUNT)]
    nights = []
    for number in range(draw(st.integers(2, 4))):
        changing = names if number == 0 else draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
        pairs = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=2))
        said = {pair: draw(one_of("must_link", "cannot_link")) for pair in pairs if pair[0] < pair[1]}
        nights.append(({name: draw(made(name)) for name in changing}, said if draw(st.booleans()) else {}))
    return nights


@pytest.mark.parametrize("library", ["population", "legal_entity"])
def test_resolving_what_changed_equals_resolving_everybody(library: str) -> None:
    spec = spec_of(library).model_copy(update={"successions": (Anchor(source="office.thing", role="self"),)})

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize="CITYLAKE_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    @given(histories(library))
    def play(nights: list[tuple[dict[str, Row | None], dict[tuple[str, str], str]]]) -> None:
        town = Town(spec)
        for number, (changes, decided) in enumerate(nights):
            day = DAY + timedelta(days=number)
            town.withdrawn |= {name for pair in town.decided for name in pair}
            town.decided = decided
            town.night(day, changes, whole=number == 0)
            anew = Town(spec, subjects=town.subjects, decided=decided).resolved(day, None)
            assert groups(anew) == town.groups()
            told = [{name: row[name] for name in ("subject_id", *EXPLAINED)} for row in anew]
            kept = [{name: row[name] for name in ("subject_id", *EXPLAINED)} for row in town.rows]
            assert sorted(told, key=str) == sorted(kept, key=str)
            whole = Town(spec, subjects=town.subjects, decided=decided, rows=town.rows).resolved(day, None)
            assert sorted(whole, key=str) == sorted(town.rows, key=str)
            assert town.night(day) == set()

    play()


def test_whoever_says_too_little_now_is_gone_though_the_holder_it_named_has_another_id() -> None:
    spec, code = spec_of("legal_entity"), "MA3X12353"
    town = Town(spec)
    borrower = firm("borrower", id_no=code, registration_no="370700200012345", name_key="恒丰")
    holder = firm("holder", id_no=code, name="恒昌机械", is_anchor=True)
    silent = [firm(f"silent{number}", id_no=code) for number in range(2)]
    town.night(DAY, {row["subject_id"]: row for row in (borrower, holder, *silent)}, whole=True)
    assert town.of("borrower")["other_key"] == "holder"
    changes: dict[str, Row | None] = {
        "borrower": firm("borrower", name="恒昌", name_key=None, representative="张伟"),
        "holder": firm("holder", name="恒丰", is_anchor=True),
    }
    town.night(DAY + timedelta(days=1), changes)
    assert groups(Town(spec, subjects=town.subjects).resolved(DAY, None)) == town.groups()
