"""The score of a resolution: pairs, what became of each record, borrowed numbers, golden fields, targets."""

from collections.abc import Iterator

import duckdb
import pytest

from city.delivery.truth import PERSON
from city.score.golden import score_table
from city.score.report import assess, page, table
from city.score.resolution import Resolution, score_kind
from city.world.firms.truth import FIRM

REGISTER, VISIT = "public_security.household_register", "health.medical_visit"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        made.execute(
            "CREATE TABLE record (resource VARCHAR, record_key VARCHAR, kind VARCHAR, role VARCHAR, subject_id VARCHAR,"
            " found VARCHAR, rule VARCHAR, guard VARCHAR, id_state VARCHAR, review_reason VARCHAR)"
        )
        made.execute(
            "CREATE TABLE truth_link (resource VARCHAR, record_key VARCHAR, kind VARCHAR, role VARCHAR, person BIGINT)"
        )
        made.execute(
            "CREATE TABLE mistake (resource VARCHAR, record_key VARCHAR, kind VARCHAR, role VARCHAR, mistake VARCHAR)"
        )
        for name, schema in (("truth_person", PERSON), ("truth_firm", FIRM)):
            made.register("empty", schema.empty_table())
            made.execute(f"CREATE TABLE {name} AS SELECT * FROM empty")
        yield made


def say(
    connection: duckdb.DuckDBPyConnection,
    key: str,
    number: int,
    found: str | None,
    *,
    resource: str = VISIT,
    rule: str = "id_exact",
    guard: str = "agrees",
    subject: str | None = "",
    mistake: str | None = None,
) -> None:
    """Add a record of one person and what the lake made of it."""
    named = f"s{key}" if subject == "" else subject
    connection.execute(
        "INSERT INTO record VALUES (?, ?, 'person', 'self', ?, ?, ?, ?, 'ok', NULL)",
        [resource, key, named, found, rule if found else None, guard],
    )
    connection.execute("INSERT INTO truth_link VALUES (?, ?, 'person', 'self', ?)", [resource, key, number])
    if mistake is not None:
        connection.execute("INSERT INTO mistake VALUES (?, ?, 'person', 'self', ?)", [resource, key, mistake])


def two_people(connection: duckdb.DuckDBPyConnection) -> Resolution:
    """Score two people: one record of the second is put to the first, one stands apart, one is nobody's."""
    say(connection, "1", 1, "P1", resource=REGISTER, rule="anchor")
    say(connection, "2", 1, "P1")
    say(connection, "3", 2, "P2", resource=REGISTER, rule="anchor")
    say(connection, "4", 2, "P1", mistake="borrowed_valid_id")
    say(connection, "5", 2, "P3", rule="single", mistake="typo_id")
    say(connection, "6", 2, None)
    return score_kind(connection, "person")


def test_every_record_that_is_not_where_it_belongs_is_named_by_what_became_of_it(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    found = two_people(connection)
    assert found.fates == {"wrong": 1, "apart": 1, "nobody": 1}
    assert found.precision == pytest.approx(1 / 3)
    assert found.recall == pytest.approx(1 / 7)
    assert {(one.mistake, one.fate, one.number, one.other) for one in found.examples} >= {
        ("borrowed_valid_id", "wrong", 2, 1), ("typo_id", "apart", 2, 2),
    }  # fmt: skip
    assert (found.by_mistake["borrowed_valid_id"].wrong, found.by_mistake["typo_id"].wrong) == (1, 0)


def test_somebody_whose_only_record_lies_under_another_id_has_none_of_his_own(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    say(connection, "1", 1, "P1", resource=REGISTER, rule="anchor")
    say(connection, "2", 2, "P1")
    assert score_kind(connection, "person").fates == {"wrong": 1}


def test_a_borrowed_number_is_caught_unless_it_leads_to_its_holder(connection: duckdb.DuckDBPyConnection) -> None:
    two_people(connection)
    say(connection, "7", 2, "P2", guard="borrowed", mistake="borrowed_valid_id")
    say(connection, "8", 1, "P1", guard="borrowed")
    borrowed = score_kind(connection, "person").borrowed
    assert (borrowed.records, borrowed.caught, borrowed.share_caught) == (2, 1, 0.5)
    assert (borrowed.own, borrowed.false_alarms) == (6, 1)


def test_many_events_with_the_same_words_count_once_and_records_that_name_nobody_not_at_all(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    say(connection, "1", 1, "P1", resource=REGISTER, rule="anchor")
    for tap in range(50):
        say(connection, f"t{tap}", 1, "P1", subject="card")
    say(connection, "x", 1, None, subject=None)
    found = score_kind(connection, "person")
    assert (found.records, found.silent, found.recall) == (2, 1, 1.0)


def test_a_record_about_nobody_of_the_kind_costs_precision_when_it_is_put_to_somebody(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    say(connection, "1", 1, "P1", resource=REGISTER, rule="anchor")
    say(connection, "2", 1, "P1")
    for key, found in (("3", "P1"), ("4", "P9"), ("5", None)):
        connection.execute(
            "INSERT INTO record VALUES (?, ?, 'person', 'owner', ?, ?, 'name_context', 'agrees', 'missing', NULL)",
            [VISIT, key, f"s{key}", found],
        )
        connection.execute("INSERT INTO truth_link VALUES (?, ?, 'legal_entity', 'owner_entity', 7)", [VISIT, key])
    score = score_kind(connection, "person")
    assert (score.records, score.fates) == (3, {"wrong": 1})
    assert score.precision == pytest.approx(1 / 3)
    assert score.recall == 1.0


def test_a_golden_field_counts_what_is_right_of_what_the_lake_says_and_how_much_it_knows(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    for number in (1, 2, 3):
        say(connection, str(number), number, f"P{number}", resource=REGISTER, rule="anchor")
        connection.execute(
            "INSERT INTO truth_person (person, sex_code, death_date) VALUES (?, '1', '2026-01-01')", [number]
        )
    connection.execute(
        "CREATE TABLE person AS SELECT 'P1' AS person_id, '1' AS sex_code, DATE '2026-01-01' AS death_date"
    )
    connection.execute("INSERT INTO person VALUES ('P2', '2', NULL), ('P3', '1', NULL)")
    score_kind(connection, "person")
    golden = score_table(connection, "person", "person")
    assert set(golden) == {"sex_code", "death_date"}
    assert golden["sex_code"].share == pytest.approx(2 / 3)
    assert golden["death_date"].share == 1.0
    assert golden["death_date"].coverage == pytest.approx(1 / 3)


def test_the_page_shows_every_target_with_its_verdict_and_a_missed_one_is_not_fine(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    two_people(connection)
    connection.execute("INSERT INTO truth_person (person, name) VALUES (1, '测试甲'), (2, '测试乙')")
    found = assess(connection, 1000, 5, [])
    assert not found.fine
    assert any("persons, precision" in line and "missed" in line for line in table(found))
    text = page(found, connection, (7,))
    assert "SEED=5 PEOPLE=1000" in text
    assert "seeds 7" in text
    assert "测试乙" in text


def test_a_city_in_which_everybody_is_found_meets_every_target(connection: duckdb.DuckDBPyConnection) -> None:
    for number in range(1, 4):
        say(connection, f"r{number}", number, f"P{number}", resource=REGISTER, rule="anchor")
        say(connection, f"v{number}", number, f"P{number}", guard="borrowed", mistake="borrowed_valid_id")
    assert assess(connection, 1000, 5, []).fine
    assert not assess(connection, 1000, 5, ["base.population__person"]).fine
