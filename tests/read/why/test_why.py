"""Why: records, rules, competing values, hidden identifiers, down to file and line, from a published night without Spark."""

import json
from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner

from citylake.cli import app
from citylake.lake import Lake
from citylake.ledger.people.decisions import entries
from citylake.spelling import table_of
from tests.night.given import DAY
from tests.read.why.given import create_and_move, delivered, published, put

PERSON, OTHER = "P" + "a" * 24, "P" + "b" * 24
REGISTER, CREMATION = "public_security.household_register", "civil_affairs.cremation"
NAME, ALIAS = "测试甲", "测试乙"


@pytest.fixture
def night(own_lake: Lake) -> Lake:
    return a_night(own_lake)


def a_night(lake: Lake, *, is_standing: bool = True) -> Lake:
    """One person: two records that differ in day of birth and in name, and an id that another person's record left.

    ``is_standing``: the second of them is neither deleted nor cancelled.
    """
    hukou = delivered(lake, REGISTER, "hukou_20261121.csv", date(2026, 11, 21))
    ashes = delivered(lake, CREMATION, "bhxx_20261120.xlsx", date(2026, 11, 20))
    engine = {"_row_hash": 1, "_deleted": False}
    put(lake, table_of(REGISTER), [
        {"_record_id": "r1", "_self_subject": "s1", "_delivery_id": hukou, "_line": 17, "_as_of": date(2026, 11, 21),
         "name": NAME, **engine},
    ])  # fmt: skip
    put(lake, table_of(CREMATION), [
        {"_record_id": "r2", "_self_subject": "s2", "_delivery_id": ashes, "_line": 4, "_as_of": date(2026, 11, 20),
         "name": ALIAS, **engine},
    ])  # fmt: skip
    put(lake, "base.population__crosswalk", [
        {"source": REGISTER, "role": "self", "subject_id": "s1", "person_id": PERSON, "rule": "anchor", "guard": "agrees",
         "id_state": "ok", "valid_from": DAY},
        {"source": CREMATION, "role": "self", "subject_id": "s2", "person_id": PERSON, "rule": "id_exact", "guard": "agrees",
         "id_state": "upgraded", "valid_from": DAY},
    ])  # fmt: skip
    put(lake, "base.population__subject", [
        {"subject_id": "s1", "source": REGISTER, "role": "self", "since": date(2026, 11, 21), "name": NAME,
         "is_standing": True},
        {"subject_id": "s2", "source": CREMATION, "role": "self", "since": date(2026, 11, 20), "name": ALIAS,
         "is_standing": is_standing},
    ])  # fmt: skip
    put(lake, "base.population__event", create_and_move("person_id", PERSON, OTHER, DAY))
    put(lake, table_of(REGISTER, "linked"), [
        {"_record_id": "r1", "_as_of": date(2026, 11, 21), "person_id": PERSON, "birth_date": date(1950, 1, 2), "sex_code": "1",
         "village_code": "370702001001"},
    ])  # fmt: skip
    put(lake, table_of(CREMATION, "linked"), [
        {"_record_id": "r2", "_as_of": date(2026, 11, 20), "person_id": PERSON, "birth_date": date(1950, 2, 2), "sex_code": "1"},
    ])  # fmt: skip
    put(lake, "base.population__person", [
        {"person_id": PERSON, "birth_date": date(1950, 1, 2), "sex_code": "2", "county_code": "370702"},
    ])  # fmt: skip
    put(lake, "base.population__identity", [{"person_id": PERSON, "name": NAME}])
    published(lake, DAY, "base.population__person", table_of(REGISTER, "linked"), table_of(CREMATION, "linked"))
    return lake


def ask(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["why", *arguments])
    return done.exit_code, done.stdout, done.stderr


def document(*arguments: str) -> dict[str, Any]:
    code, out, _ = ask(*arguments, "--json")
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


def test_a_value_is_explained_down_to_file_and_line(night: Lake) -> None:
    (field,) = document("person", PERSON, "birth_date")["fields"]
    assert (field["published"], field["rule"], field["agreeing"], field["conflicts"]) == (
        "1950-01-02", "source_rank", 1, 1,
    )  # fmt: skip
    winner, loser = field["said"]
    assert (winner["value"], winner["wins"], winner["source"], winner["rank"]) == ("1950-01-02", True, REGISTER, 1)
    assert (loser["value"], loser["wins"], loser["source"], loser["rank"]) == ("1950-02-02", False, CREMATION, None)
    assert [(one["file"], one["line"]) for one in (*winner["origins"], *loser["origins"])] == [
        ("hukou_20261121.csv", 17), ("bhxx_20261120.xlsx", 4),
    ]  # fmt: skip


def test_every_record_is_shown_with_the_rule_that_linked_it(night: Lake) -> None:
    found = document("person", PERSON)
    assert [(link["source"], link["rule"], link["guard"], link["id_state"]) for link in found["links"]] == [
        (CREMATION, "id_exact", "agrees", "upgraded"), (REGISTER, "anchor", "agrees", "ok"),
    ]  # fmt: skip
    assert [record["line"] for link in found["links"] for record in link["records"]] == [4, 17]
    assert [(event["kind"], event["other"]) for event in found["events"]] == [("CREATE", None), ("MOVE", OTHER)]


def test_a_published_value_that_the_rules_would_not_choose_is_told(night: Lake) -> None:
    (field,) = document("person", PERSON, "sex_code")["fields"]
    assert (field["published"], field["said"][0]["value"], field["is_explained"]) == ("2", "1", False)
    assert "citylake verify" in ask("person", PERSON, "sex_code")[1]


def test_direct_identifiers_stay_hidden_and_still_say_who_disagrees(night: Lake) -> None:
    code, out, _ = ask("person", PERSON)
    assert code == 0
    assert NAME not in out
    assert ALIAS not in out
    (field,) = document("person", PERSON, "name")["fields"]
    assert [(said["value"], said["wins"]) for said in field["said"]] == [(None, True), (None, False)]
    assert entries(night.ledger) == []


def test_direct_identifiers_are_shown_for_a_reason_and_the_ledger_knows_who_asked(night: Lake) -> None:
    code, _, error = ask("person", PERSON, "name", "--identified")
    assert (code, "--reason" in error) == (2, True)
    (field,) = document("person", PERSON, "name", "--identified", "--reason", "核对异议")["fields"]
    assert [said["value"] for said in field["said"]] == [NAME, ALIAS]
    (noted,) = entries(night.ledger)
    assert (noted.action, noted.subject, noted.reason) == ("identify", f"person {PERSON}", "核对异议")


def test_a_cancelled_record_is_no_rival_of_one_that_stands(own_lake: Lake) -> None:
    a_night(own_lake, is_standing=False)
    (field,) = document("person", PERSON, "name")["fields"]
    assert ([said["source"] for said in field["said"]], field["conflicts"], field["is_explained"]) == (
        [REGISTER],
        0,
        True,
    )


def test_an_id_without_records_says_where_they_went(night: Lake) -> None:
    code, _, error = ask("person", OTHER)
    assert (code, PERSON in error) == (2, True)


def test_a_kind_that_nobody_resolves_names_those_there_are(night: Lake) -> None:
    code, _, error = ask("ship", PERSON)
    assert (code, "entity、person" in error) == (2, True)


def test_a_field_that_nobody_chooses_names_those_there_are(night: Lake) -> None:
    code, _, error = ask("person", PERSON, "birthday")
    assert (code, "birth_date" in error) == (2, True)
