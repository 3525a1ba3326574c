"""What stands in for tables no SELECT makes: reference SELECTs have cases that hold them, invariants find what breaks them."""

from collections.abc import Iterator
from datetime import date

import pytest

from citylake.contract.catalog import load_catalog
from citylake.contract.model import DerivedContract
from citylake.verify import identifiers
from citylake.verify.compare import Shape, compare
from citylake.verify.invariants import broken, of_crosswalk, of_events, subjects
from citylake.verify.store import Store, opened
from citylake.verify.translate import input_schema
from citylake.verify.verify import how_verified
from tests.tables.cases import JOBS, all_cases
from tests.verify.given import types_of

CATALOG = load_catalog()
SPEC = CATALOG.spec("population")
DAY = date(2026, 11, 22)


def maker(table: str) -> str | None:
    contract = CATALOG.contract(table)
    return contract.maker if isinstance(contract, DerivedContract) else None


@pytest.fixture
def store() -> Iterator[Store]:
    with opened("Asia/Shanghai") as made:
        identifiers.install(made)
        yield made


def test_every_sort_of_table_that_a_reference_stands_in_for_has_cases_that_hold_it() -> None:
    assert {maker(case.table) for case in all_cases()} >= {"golden", "identity", "comparison"}


PERSON, OTHER = "P" + "a" * 24, "P" + "b" * 24
NUMBER, NEIGHBOUR = "370702196001021236", "370702196001021244"


def crosswalk(store: Store, *rows: str) -> str:
    """Return a crosswalk of rows given as VALUES: subject, person, rule, guard, id_state."""
    given = ", ".join(rows)
    return store.keep(
        "SELECT 'office' AS source, 'self' AS role, *, person_id AS own_person_id, CAST(NULL AS VARCHAR) AS other_person_id, "
        f"DATE '2026-11-01' AS valid_from "
        f"FROM (VALUES {given}) AS x(subject_id, person_id, rule, guard, id_state)"
    )


def named(store: Store, *rows: str) -> str:
    """Return subjects given as VALUES: subject, is_anchor, id_no, id_state, says_enough."""
    return store.keep(
        f"SELECT 'office' AS source, 'self' AS role, 'resident' AS id_class, * FROM (VALUES {', '.join(rows)}) "
        "AS s(subject_id, is_anchor, id_no, id_state, says_enough)"
    )


ANCHOR = f"('s1', '{PERSON}', 'anchor', 'agrees', 'ok')"
LINKED = f"('s2', '{PERSON}', 'id_exact', 'agrees', 'ok')"
SAID = (f"('s1', true, '{NUMBER}', 'ok', true)", f"('s2', false, '{NUMBER}', 'ok', true)")


@pytest.mark.parametrize(
    ("rows", "said", "finds"),
    [
        ((ANCHOR, LINKED), SAID, {}),
        ((ANCHOR, LINKED, LINKED), SAID, {"subject_more_than_once": 1}),
        ((ANCHOR,), SAID, {"subject_lost": 1}),
        ((ANCHOR, LINKED), SAID[:1], {"subject_invented": 1}),
        ((ANCHOR, f"('s2', '{PERSON}', 'name_phone', 'none', 'ok')"), (SAID[0], f"('s2', false, '{NEIGHBOUR}', 'ok', true)"),
         {"two_numbers_in_one": 1}),
        ((ANCHOR, f"('s2', '{PERSON}', 'name_phone', 'borrowed', 'ok')"), (SAID[0], f"('s2', false, '{NEIGHBOUR}', 'ok', true)"), {}),
        ((ANCHOR, f"('s2', '{OTHER}', 'id_exact', 'agrees', 'ok')"), SAID,
         {"linked_by_a_number_it_lacks": 1, "nobody_to_begin_with": 1}),
        ((ANCHOR, LINKED), (SAID[0], f"('s2', false, '{NUMBER}', 'upgraded', true)"), {"number_state_differs": 1}),
        ((ANCHOR.replace("anchor", "single"), LINKED), SAID, {"anchor_by_another_rule": 1, "linked_by_a_number_it_lacks": 1}),
        ((ANCHOR.replace(PERSON, "P1"), LINKED.replace(PERSON, "P1")), SAID, {"id_shape": 2}),
    ],
)  # fmt: skip
def test_what_breaks_a_crosswalk_is_found_and_nothing_else(
    rows: tuple[str, ...], said: tuple[str, ...], finds: dict[str, int], store: Store
) -> None:
    counts, found = broken(store, of_crosswalk(crosswalk(store, *rows), named(store, *said), SPEC, DAY))
    assert counts == finds
    assert {item.kind for item in found} == set(finds)
    assert all(NUMBER not in item.key and NEIGHBOUR not in item.key for item in found)


@pytest.mark.parametrize(
    ("events", "finds"),
    [
        ([("e1", "CREATE", PERSON, None, 2)], {}),
        ([("e1", "CREATE", PERSON, None, 1), ("e2", "ABSORB", PERSON, None, 1)], {}),
        ([("e1", "CREATE", PERSON, None, 3), ("e2", "MOVE", OTHER, PERSON, 1)], {"events_do_not_add_up": 1}),
        ([("e1", "CREATE", PERSON, None, 1)], {"events_do_not_add_up": 1}),
        ([("e1", "ABSORB", PERSON, None, 2)], {"id_without_beginning": 1}),
        ([("e1", "CREATE", PERSON, None, 1), ("e1", "CREATE", PERSON, None, 1)], {"event_more_than_once": 1, "created_twice": 1}),
    ],
)  # fmt: skip
def test_what_breaks_the_events_is_found_and_nothing_else(
    events: list[tuple[str, str, str, str | None, int]], finds: dict[str, int], store: Store
) -> None:
    made = store.name()
    store.run(
        f"CREATE TABLE {made} (event_id VARCHAR, event_kind_code VARCHAR, person_id VARCHAR, other_person_id VARCHAR, "
        "subject_count INTEGER, event_date DATE)"
    )
    store.connection.executemany(f"INSERT INTO {made} VALUES (?, ?, ?, ?, ?, DATE '2026-11-22')", events)
    counts, _ = broken(store, of_events(made, crosswalk(store, ANCHOR, LINKED), SPEC, DAY))
    assert counts == finds


def test_subjects_are_judged_by_number_and_by_what_is_said_beside_a_name(store: Store) -> None:
    clean = {}
    for contract in CATALOG.collected:
        types = types_of(CATALOG, contract.name)
        clean[contract.name] = store.name()
        store.run(f"CREATE TABLE {clean[contract.name]} ({input_schema(types)})")
    table = clean["clean.civil_affairs__cremation"]
    for subject, number, name, phone in (
        ("s1", NUMBER, None, None),
        ("s2", NUMBER[:-1] + "0", "张三", None),
        ("s3", None, "张三", None),
        ("s4", None, "张三", "0536 8888888"),
        ("s5", "３７０７０２６００１０２１２３", " · ", "12345"),
    ):
        store.connection.execute(
            f"INSERT INTO {table} (_relative_subject, relative_id_no, relative_name, relative_phone) VALUES (?, ?, ?, ?)",
            [subject, number, name, phone],
        )
    made = subjects(store, CATALOG, SPEC, clean, DAY)
    found = store.run(f"SELECT subject_id, id_no, id_state, says_enough, is_anchor FROM {made} ORDER BY 1").fetchall()
    assert found == [
        ("s1", NUMBER, "ok", False, False),
        ("s2", None, "checksum_wrong", True, False),
        ("s3", None, "missing", False, False),
        ("s4", None, "missing", True, False),
        ("s5", NUMBER, "upgraded", False, False),
    ]


def test_two_tables_are_compared_whatever_the_order_and_every_difference_is_counted(store: Store) -> None:
    shape = Shape({"k": "string", "n": "decimal(9,2)", "s": "string"}, ["k"], ["k"], frozenset({"s"}))
    one = store.keep("SELECT * FROM (VALUES ('a', 1.00, 'x'), ('b', 2.00, NULL), ('c', 3.00, 'z')) AS t(k, n, s)")
    same = store.keep(f"SELECT * FROM {one} ORDER BY k DESC")
    other = store.keep("SELECT * FROM (VALUES ('a', 1.01, 'x'), ('b', 2.00, 'y'), ('d', 3.00, 'z')) AS t(k, n, s)")
    assert compare(store, one, same, shape).is_equal
    found = compare(store, one, other, shape, values=True)
    assert not found.is_equal
    assert dict(found.counts) == {"missing": 1, "extra": 1, "differs:n": 1, "differs:s": 1}
    told = {(item.kind, item.key, item.column, item.published, item.expected) for item in found.differences}
    assert told == {
        ("missing", "k=d", None, None, None),
        ("extra", "k=c", None, None, None),
        ("differs", "k=a", "n", "1.00", "1.01"),
        ("differs", "k=b", "s", None, None),
    }


def test_somebody_has_said_how_every_table_of_the_catalog_is_verified() -> None:
    assert [name for name, of in CATALOG.contracts.items() if how_verified(CATALOG, of, JOBS) is None] == []
