"""Three nights of every kind of delivery: the second engine finds them right, and finds what is planted afterwards."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner

import citylake.cli.verify
from citylake.cli import app
from citylake.contract.catalog import load_catalog
from citylake.settings import Settings
from tests.engine.small_lake import SmallLake
from tests.verify.story import (
    CHANGE,
    EVENT,
    LINKED,
    NIGHTS,
    ODD,
    ODD_TEXTS,
    SNAPSHOT,
    TOTAL,
    Story,
    make_night,
    write_contracts,
)


@pytest.fixture(scope="module")
def story(lake_of_module: Settings, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    small = SmallLake.make(lake_of_module, spark, tmp_path_factory.mktemp("second") / "project")
    write_contracts(small)
    for number in range(len(NIGHTS)):
        make_night(small, number)
    yield Story(small, small.settings)
    load_catalog.cache_clear()


@pytest.mark.parametrize("number", range(len(NIGHTS)))
def test_three_nights_of_every_mode_are_as_the_second_engine_computes_them(story: Story, number: int) -> None:
    found = story.verified(night=NIGHTS[number])
    assert {name: (dict(one.counts), one.reason) for name, one in found.items() if one.is_wrong} == {}
    assert {name: one.state for name, one in found.items()} == dict.fromkeys(
        story.small.lake.catalog.contracts, "equal"
    )
    assert all(one.hash == one.expected_hash and one.rows for one in found.values())


def test_some_of_the_odd_lines_were_taken_and_some_held_back(story: Story) -> None:
    taken = len(story.small.rows(ODD, "record_no"))
    assert 50 < taken < sum(map(len, ODD_TEXTS.values())) - 60


def test_a_changed_value_in_a_clean_table_is_named_by_table_key_and_column(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((record,),) = story.small.rows(CHANGE, "_record_id", where="record_no = '2'")
    story.plant("UPDATE {} SET amount = amount + 1, name = '改动过的人' WHERE record_no = '2'", CHANGE)
    one = story.verified(CHANGE)[CHANGE]
    assert one.state == "different"
    assert dict(one.counts) == {"differs:amount": 1, "differs:name": 1}
    assert {(item.kind, item.key, item.column) for item in one.differences} == {
        ("differs", f"_record_id={record}", "amount"),
        ("differs", f"_record_id={record}", "name"),
    }
    monkeypatch.setattr(citylake.cli.verify, "settings", lambda: story.settings)
    told = CliRunner().invoke(app, ["verify", "--table", CHANGE, "--values"])
    assert told.exit_code == 1
    assert f"_record_id={record} amount　发布 11.00　重算 10.00" in told.output
    assert "改动过的人" not in told.output
    assert "后一行" not in told.output
    as_json = CliRunner().invoke(app, ["verify", "--table", CHANGE, "--json"])
    assert as_json.exit_code == 1
    document = json.loads(as_json.output)
    assert (document["equal"], document["tables"][0]["counts"]) == (False, {"differs:amount": 1, "differs:name": 1})


def test_a_row_that_is_gone_from_a_derived_table_is_missing(story: Story) -> None:
    story.plant("DELETE FROM {} WHERE person_id = 'P1'", TOTAL)
    one = story.verified(TOTAL)[TOTAL]
    assert [(item.kind, item.key, item.column) for item in one.differences] == [("missing", "person_id=P1", None)]
    assert "不在台账中" in one.reason


def test_a_stale_linked_id_is_named(story: Story) -> None:
    ((record,),) = story.small.rows(LINKED, "_record_id", where="person_id = 'P2'")
    story.plant("UPDATE {} SET person_id = 'P9' WHERE person_id = 'P2'", LINKED)
    one = story.verified(LINKED)[LINKED]
    assert [(item.kind, item.key, item.column) for item in one.differences] == [
        ("differs", f"_record_id={record}", "person_id")
    ]


def test_a_row_twice_and_one_nobody_delivered_are_named(story: Story) -> None:
    story.plant("INSERT INTO {0} SELECT * FROM {0} WHERE record_no = '1'", EVENT)
    story.plant("UPDATE {0} SET record_no = 'X' WHERE record_no = '4'", SNAPSHOT)
    assert dict(story.verified(EVENT)[EVENT].counts) == {"repeated": 1}
    assert dict(story.verified(SNAPSHOT)[SNAPSHOT].counts) == {"missing": 1, "extra": 1}


def test_landed_bytes_that_were_changed_leave_a_table_unproven(story: Story) -> None:
    files = [path for path in (story.settings.home / "landing").rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    try:
        for path in files:
            path.chmod(0o600)
            path.write_bytes(before[path] + b"\n")
        one = story.verified(ODD)[ODD]
    finally:
        for path in files:
            path.write_bytes(before[path])
    assert (one.state, one.is_wrong) == ("unproven", True)
    assert "have been changed" in one.reason


def test_landed_bytes_that_are_gone_leave_a_table_unproven(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Path(story.settings.home / "landing")
    moved = kept.rename(kept.with_name("elsewhere"))
    try:
        one = story.verified(ODD)[ODD]
    finally:
        moved.rename(kept)
    assert (one.state, one.is_wrong) == ("unproven", True)
    assert "landing has no" in one.reason


def test_the_command_says_that_no_night_is_published(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(citylake.cli.verify, "settings", lambda: settings)
    assert CliRunner().invoke(app, ["verify"]).exit_code == 2
