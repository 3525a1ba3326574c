"""Why, of legal entities: codes that are worth something, addresses that stay hidden, and events in the words of firms."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from stdnum.cn import uscc
from typer.testing import CliRunner

from citylake.cli import app
from citylake.lake import Lake
from citylake.ledger.people.decisions import entries
from citylake.spelling import table_of
from tests.night.given import DAY
from tests.read.why.given import create_and_move, delivered, published, put

FIRM, OTHER = "E" + "a" * 24, "E" + "b" * 24
REGISTER, TAXES = "market_regulation.enterprise", "tax.taxpayer"
CODE = "91370702" + "MA0000007"
CODE += uscc.calc_check_digit(CODE)
WRONG = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
NAME, SHORT = "潍坊测试甲有限公司", "测试甲公司"
STREET, SHOP = "测试街 1 号", "测试街 2 号"
LINES = {REGISTER: ("QY_JBXX", 17), TAXES: ("DJ_NSRXX", 4)}


@pytest.fixture
def night(own_lake: Lake) -> Lake:
    """One firm: the register and the tax office, which writes the name short, the code wrong, and another address."""
    lake = own_lake
    said = {
        REGISTER: {"entity_name": NAME, "uscc": CODE, "registered_capital_amount": Decimal("500000.00"), "county_code": "370702",
                   "updated_at": datetime(2024, 5, 6, 8)},
        TAXES: {"entity_name": SHORT, "uscc": WRONG, "county_code": "370703", "updated_at": datetime(2025, 5, 6, 8)},
    }  # fmt: skip
    direct = {
        REGISTER: {"registered_address": STREET, "phone": "0536-8000001"},
        TAXES: {"registered_address": SHOP, "phone": "0536-8000002"},
    }
    for number, (source, columns) in enumerate(said.items(), start=1):
        name, line = LINES[source]
        delivery = delivered(lake, source, name, DAY)
        engine = {"_record_id": f"r{number}", "_self_subject": f"s{number}", "_delivery_id": delivery, "_line": line,
                  "_as_of": DAY, "_row_hash": 1, "_deleted": False}  # fmt: skip
        key = {"entity_no": "ZT1"} if source == REGISTER else {"taxpayer_no": "NS1"}
        put(lake, table_of(source), [{**engine, **key, **columns, **direct[source]}])
        put(
            lake,
            table_of(source, "linked"),
            [{"_record_id": f"r{number}", "_as_of": DAY, "entity_id": FIRM, **key, **columns}],
        )
    put(lake, "base.legal_entity__crosswalk", [
        {"source": REGISTER, "role": "self", "subject_id": "s1", "entity_id": FIRM, "rule": "anchor", "guard": "agrees",
         "id_state": "ok", "valid_from": DAY},
        {"source": TAXES, "role": "self", "subject_id": "s2", "entity_id": FIRM, "rule": "name_representative", "guard": "none",
         "id_state": "checksum_wrong", "valid_from": DAY, "review_reason": "two_codes_one_entity", "other_entity_id": OTHER},
    ])  # fmt: skip
    put(lake, "base.legal_entity__event", create_and_move("entity_id", FIRM, OTHER, DAY))
    put(lake, "base.legal_entity__entity", [
        {"entity_id": FIRM, "uscc": CODE, "entity_name": NAME, "registered_capital_amount": Decimal("500000.00"),
         "county_code": "370703"},
    ])  # fmt: skip
    put(
        lake, "base.legal_entity__contact", [{"entity_id": FIRM, "registered_address": STREET, "phone": "0536-8000002"}]
    )
    published(lake, DAY, "base.legal_entity__entity", table_of(REGISTER, "linked"), table_of(TAXES, "linked"))
    return lake


def ask(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["why", "entity", *arguments])
    return done.exit_code, done.stdout, done.stderr


def field(name: str, *more: str) -> dict[str, Any]:
    code, out, _ = ask(FIRM, name, *more, "--json")
    assert code == 0
    (found,) = json.loads(out)["fields"]
    return dict(found)


def test_a_value_of_a_firm_is_explained_down_to_file_and_line(night: Lake) -> None:
    found = field("entity_name")
    assert (found["published"], found["rule"], found["agreeing"], found["conflicts"], found["is_explained"]) == (
        NAME, "source_rank", 1, 1, True,
    )  # fmt: skip
    assert [(one["value"], one["wins"], one["source"], one["rank"], one["said_on"]) for one in found["said"]] == [
        (NAME, True, REGISTER, 1, "2024-05-06"), (SHORT, False, TAXES, None, "2025-05-06"),
    ]  # fmt: skip
    origins = [origin for one in found["said"] for origin in one["origins"]]
    assert [(one["file"], one["line"], one["record"]) for one in origins] == [
        ("QY_JBXX", 17, "ZT1"), ("DJ_NSRXX", 4, "NS1"),
    ]  # fmt: skip


def test_a_code_with_a_wrong_check_character_is_no_rival(night: Lake) -> None:
    found = field("uscc")
    assert (found["published"], found["rule"], found["conflicts"], found["is_explained"]) == (CODE, "agreed", 0, True)
    assert [one["source"] for one in found["said"]] == [REGISTER]


def test_an_amount_is_explained_as_it_was_published(night: Lake) -> None:
    found = field("registered_capital_amount")
    assert (found["published"], found["is_explained"]) == ("500000.00", True)


def test_a_published_value_of_a_firm_that_the_rules_would_not_choose_is_told(night: Lake) -> None:
    found = field("county_code")
    assert (found["published"], found["said"][0]["value"], found["is_explained"]) == ("370703", "370702", False)
    assert "citylake verify" in ask(FIRM, "county_code")[1]


def test_every_record_of_a_firm_is_shown_with_its_rule_and_what_is_to_be_reviewed(night: Lake) -> None:
    code, out, _ = ask(FIRM, "--json")
    assert code == 0
    answer = json.loads(out)
    assert [(link["source"], link["rule"], link["id_state"], link["other"]) for link in answer["links"]] == [
        (REGISTER, "anchor", "ok", None), (TAXES, "name_representative", "checksum_wrong", OTHER),
    ]  # fmt: skip
    assert [record["line"] for link in answer["links"] for record in link["records"]] == [17, 4]
    assert {one["table"] for one in answer["fields"]} == {"base.legal_entity__entity", "base.legal_entity__contact"}


def test_what_happened_to_a_firm_is_told_in_words(night: Lake) -> None:
    code, out, _ = ask(FIRM)
    kinds = night.catalog.codes["id_event_kind"]
    assert code == 0
    assert f"法人 {FIRM}" in out
    assert kinds["CREATE"] in out
    assert f"{kinds['MOVE']}（1 个主体，另一标识 {OTHER}）" in out


def test_addresses_and_phones_of_firms_stay_hidden_without_a_reason(night: Lake) -> None:
    _, out, _ = ask(FIRM)
    assert NAME in out
    assert not [text for text in (STREET, SHOP, "0536-8000001", "0536-8000002") if text in out]
    assert [(one["value"], one["wins"]) for one in field("registered_address")["said"]] == [(None, True), (None, False)]
    assert entries(night.ledger) == []
    shown = field("phone", "--identified", "--reason", "核对异议")
    assert (shown["published"], shown["rule"]) == ("0536-8000002", "most_recent")
    (noted,) = entries(night.ledger)
    assert (noted.action, noted.subject) == ("identify", f"entity {FIRM}")


def test_an_id_of_a_firm_without_records_says_where_they_went(night: Lake) -> None:
    code, _, error = ask(OTHER)
    assert (code, FIRM in error) == (2, True)


def test_a_field_that_firms_do_not_have_names_those_they_have(night: Lake) -> None:
    code, _, error = ask(FIRM, "birth_date")
    assert (code, "establish_date" in error, "registered_address" in error) == (2, True, True)
