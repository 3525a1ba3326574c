from collections.abc import Iterable

import duckdb
import pytest

from city.score.cases import LibraryScore, score_cases
from city.score.golden import FIELDS, score_golden
from city.score.holders import find_holders
from city.score.persons import Persons
from city.score.persons import score_persons as compare
from city.world.planting import libraries

REGISTER, VISIT = "public_security.household_register", "health.medical_visit"


GOLDEN = ", ".join(f"{name} VARCHAR" for name in FIELDS)


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute(
        "CREATE TABLE record (resource VARCHAR, record_key VARCHAR, kind VARCHAR, role VARCHAR, found VARCHAR)"
    )
    made.execute(
        "CREATE TABLE truth_link (resource VARCHAR, record_key VARCHAR, kind VARCHAR, role VARCHAR, person BIGINT)"
    )
    made.execute(
        "CREATE TABLE mistake (resource VARCHAR, record_key VARCHAR, kind VARCHAR, role VARCHAR, mistake VARCHAR)"
    )
    made.execute(f"CREATE TABLE truth_person (person BIGINT, {GOLDEN})")
    made.execute(f"CREATE TABLE person (person_id VARCHAR, {GOLDEN})")
    made.execute(
        'CREATE TABLE truth_silent_certification ("case" VARCHAR, decoy BOOLEAN, number BIGINT,'
        " status VARCHAR, event_date VARCHAR, months BIGINT,"
        " amount VARCHAR, source VARCHAR)"
    )
    made.execute(
        "CREATE TABLE silent_certification__evidence (person_id VARCHAR, pay_month VARCHAR, state VARCHAR, death_date VARCHAR,"
        " contradiction VARCHAR,"
        " last_trace_source VARCHAR, overpaid_amount VARCHAR, reason VARCHAR)"
    )
    return made


def score_persons(connection: duckdb.DuckDBPyConnection) -> Persons:
    find_holders(connection)
    return compare(connection)


def score_certification(connection: duckdb.DuckDBPyConnection) -> LibraryScore:
    return score_cases(connection, "silent_certification", libraries()["silent_certification"])


def fill(connection: duckdb.DuckDBPyConnection, rows: Iterable[tuple[str, str, int, str | None]]) -> None:
    """Add records: (resource, key, true person, the lake's person)."""
    for resource, key, person, person_id in rows:
        connection.execute("INSERT INTO record VALUES (?, ?, 'person', 'self', ?)", [resource, key, person_id])
        connection.execute("INSERT INTO truth_link VALUES (?, ?, 'person', 'self', ?)", [resource, key, person])


def test_a_perfect_resolution_scores_one(connection: duckdb.DuckDBPyConnection) -> None:
    fill(connection, [(REGISTER, "a", 1, "P1"), (VISIT, "b", 1, "P1"), (REGISTER, "c", 2, "P2")])
    persons = score_persons(connection)
    assert (persons.precision, persons.recall, persons.fine) == (1.0, 1.0, True)


def test_a_record_put_to_somebody_else_costs_precision_and_recall(connection: duckdb.DuckDBPyConnection) -> None:
    fill(connection, [(REGISTER, "a", 1, "P1"), (VISIT, "b", 1, "P2"), (REGISTER, "c", 2, "P2"), (VISIT, "d", 2, "P2")])
    persons = score_persons(connection)
    assert persons.precision == pytest.approx(1 / 3)
    assert persons.recall == pytest.approx(1 / 2)
    assert (persons.by_source[VISIT].right, persons.by_source[VISIT].wrong) == (1, 1)
    assert not persons.fine


def test_an_unresolved_record_costs_recall_only(connection: duckdb.DuckDBPyConnection) -> None:
    fill(connection, [(REGISTER, "a", 1, "P1"), (VISIT, "b", 1, None), (VISIT, "c", 1, "P1")])
    persons = score_persons(connection)
    assert persons.precision == 1.0
    assert persons.recall == pytest.approx(1 / 3)


def test_mistakes_are_scored_by_kind(connection: duckdb.DuckDBPyConnection) -> None:
    fill(connection, [(REGISTER, "a", 1, "P1"), (VISIT, "b", 1, "P1"), (VISIT, "c", 1, None)])
    connection.execute(
        "INSERT INTO mistake VALUES (?, 'b', 'person', 'self', 'typo_id'), (?, 'c', 'person', 'self', 'missing')",
        [VISIT, VISIT],
    )
    rates = score_persons(connection).by_mistake
    assert (rates["typo_id"].recall, rates["missing"].recall) == (1.0, 0.0)


def test_a_held_back_record_is_counted_as_missing(connection: duckdb.DuckDBPyConnection) -> None:
    fill(connection, [(REGISTER, "a", 1, "P1")])
    connection.execute("INSERT INTO truth_link VALUES (?, 'gone', 'person', 'self', 1)", [VISIT])
    assert score_persons(connection).missing_records == 1


def certify(
    connection: duckdb.DuckDBPyConnection, case: str, decoy: bool, rows: list[tuple[str, str, str, str | None]]
) -> None:
    """Plant one case of person 1 (P1) and let the lake say ``rows``: (month, state, amount, reason)."""
    fill(connection, [(REGISTER, "a", 1, "P1")])
    score_persons(connection)
    connection.execute(
        "INSERT INTO truth_silent_certification VALUES (?, ?, 1, 'dead', '2026-08-05', 2, '400.00', 'medical_visit')",
        [case, decoy],
    )
    for month, state, amount, reason in rows:
        connection.execute(
            "INSERT INTO silent_certification__evidence VALUES ('P1', ?, ?, '2026-08-05', NULL, 'health.medical_visit', ?, ?)",
            [month, state, amount, reason],
        )


def test_a_dead_recipient_found_with_months_and_amount_is_exact(connection: duckdb.DuckDBPyConnection) -> None:
    paid = [
        ("2026-08", "dead", "0", None),
        ("2026-09", "dead", "200.00", "after_death"),
        ("2026-10", "dead", "200.00", "after_death"),
    ]
    certify(connection, "dead_one_source", False, paid)
    result = score_certification(connection)
    kind = result.kinds["dead_one_source"]
    assert (kind.found, kind.exact, result.fine, result.others) == (1, 1, True, 0)


def test_a_dead_recipient_said_to_be_alive_is_missed(connection: duckdb.DuckDBPyConnection) -> None:
    certify(connection, "dead_one_source", False, [("2026-10", "alive", "0", None)])
    result = score_certification(connection)
    assert (result.kinds["dead_one_source"].found, result.fine) == (0, False)


def test_a_wrong_amount_is_found_but_not_exact(connection: duckdb.DuckDBPyConnection) -> None:
    certify(connection, "dead_all_sources", False, [("2026-10", "dead", "200.00", "after_death")])
    kind = score_certification(connection).kinds["dead_all_sources"]
    assert (kind.found, kind.exact) == (1, 0)


@pytest.mark.parametrize("decoy", ["stopped_in_time", "dead_namesake"])
def test_a_reported_decoy_fails_the_score(connection: duckdb.DuckDBPyConnection, decoy: str) -> None:
    certify(connection, decoy, True, [("2026-10", "dead", "200.00", "after_death")])
    result = score_certification(connection)
    assert (result.kinds[decoy].reported, result.fine) == (1, False)
    assert result.precision == 0.0


def test_a_decoy_left_alone_is_fine(connection: duckdb.DuckDBPyConnection) -> None:
    certify(connection, "stopped_in_time", True, [("2026-08", "dead", "0", None)])
    assert score_certification(connection).fine


def test_somebody_reported_who_is_no_case_is_counted(connection: duckdb.DuckDBPyConnection) -> None:
    certify(connection, "no_trace", False, [("2026-10", "to_be_checked", "0", None)])
    connection.execute(
        "INSERT INTO silent_certification__evidence VALUES ('P9', '2026-10', 'dead', '2026-01-01', NULL, NULL, '5.00', 'after_death')"
    )
    result = score_certification(connection)
    assert (result.others, result.fine) == (1, True)


def test_golden_fields_are_compared_with_the_truth(connection: duckdb.DuckDBPyConnection) -> None:
    fill(connection, [(REGISTER, "a", 1, "P1"), (REGISTER, "b", 2, "P2")])
    score_persons(connection)
    connection.execute(
        "INSERT INTO truth_person VALUES (1, '1', '1950-01-01', NULL, '10', '40'), (2, '2', '1960-01-01', '2026-03-01', '30', '20')"
    )
    connection.execute(
        "INSERT INTO person VALUES ('P1', '1', '1950-01-02', NULL, '10', '10'), ('P2', '2', '1960-01-01', '2026-03-01', '30', '20')"
    )
    golden = score_golden(connection)
    assert (golden["sex_code"].share, golden["birth_date"].share, golden["death_date"].share) == (1.0, 0.5, 1.0)
    assert (golden["life_state_code"].share, golden["marital_code"].share) == (1.0, 0.5)
