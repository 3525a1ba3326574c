"""Business dates through the real Airflow scheduler, as ``make night`` runs them, at small scale.

The first night belongs to ``make test``; the second costs five minutes more and is run with ``CITYLAKE_TWO_NIGHTS=1``.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars
import pytest

from citylake.contract.catalog import load_catalog
from citylake.lake import Lake, open_lake
from citylake.ledger.deliveries.deliveries import receipts, verify_chain
from citylake.ledger.nights.nights import publication
from citylake.ledger.runs.runs import runs
from citylake.read.session import connect
from citylake.services.lake import down
from citylake.settings import Settings

PEOPLE = 1000
COMMAND = str(Path(sys.executable).with_name("citylake"))
SECONDS = 1500
TWO = os.environ.get("CITYLAKE_TWO_NIGHTS") == "1"
second_night = pytest.mark.skipif(not TWO, reason="CITYLAKE_TWO_NIGHTS=1 runs the second night as well")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3 * SECONDS)]


@dataclass(frozen=True)
class Nights:
    """Two nights that were run, and the lake they left."""

    lake: Lake
    own: dict[str, str]
    """What this lake's commands find in their environment."""
    done: list[dict[str, Any]]

    @property
    def first(self) -> dict[str, Any]:
        return self.done[0]

    @property
    def second(self) -> dict[str, Any]:
        return self.done[1]

    def date_of(self, night: dict[str, Any]) -> date:
        return date.fromisoformat(night["summary"]["business_date"])


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    settings = Settings(
        home=tmp_path_factory.mktemp("city") / "home", lake="", landing="", ledger="", spark_remote="", people=PEOPLE
    )
    own = {"CITYLAKE_HOME": str(settings.home), "CITYLAKE_PEOPLE": str(PEOPLE), "CITYLAKE_SPARK_SHORT_LIVED": "1"}
    try:
        done = [one_night(own) for _ in range(2 if TWO else 1)]
        yield Nights(open_lake(settings), own, done)
    finally:
        down(settings)


def one_night(own: dict[str, str]) -> dict[str, Any]:
    command = [COMMAND, "night", "--json", "--minutes", str(SECONDS // 60)]
    done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


@second_night
def test_the_second_night_is_the_day_after_the_first_and_both_are_published(nights: Nights) -> None:
    assert (nights.date_of(nights.second) - nights.date_of(nights.first)).days == 1
    assert nights.first["summary"]["published"]
    assert nights.second["summary"]["published"]


def test_every_department_delivers_on_the_first_night(nights: Nights) -> None:
    departments = nights.first["summary"]["departments"]
    assert len(departments) == 19
    assert all(one["accepted"] >= 1 and not one["absent"] for one in departments), departments


def test_the_accounts_of_every_delivery_close_and_its_receipts_form_a_chain(nights: Nights) -> None:
    for night in nights.done:
        assert night["summary"]["balanced"] > 0
        assert night["summary"]["unbalanced"] == []
    assert verify_chain(nights.lake.ledger) == []


def test_every_night_meets_the_targets_when_held_against_the_truth(nights: Nights) -> None:
    for night in nights.done:
        score = night["score"]
        assert score is not None
        assert score["missing"] == []
        assert score["persons"]["precision"] >= 0.999
        assert score["persons"]["recall"] >= 0.99
        missed = {
            (library, name)
            for library, one in score["cases"].items()
            for name, kind in one["kinds"].items()
            if not kind["fine"]
        }
        assert missed == set()


def test_nothing_is_stale_and_nothing_is_left_out_after_good_nights(nights: Nights) -> None:
    for night in nights.done:
        assert [one["table"] for one in night["summary"]["tables"] if one["stale"]] == []
        assert night["summary"]["refused"] == {}


@second_night
def test_a_repeated_delivery_writes_nothing(nights: Nights) -> None:
    came = receipts(nights.lake.ledger, business_date=nights.date_of(nights.second), limit=1000)
    repeated = [one for one in came if one.verdict == "unchanged"]
    assert repeated, "the city repeats a delivery on its second day"
    written = {run.delivery_id for run in runs(nights.lake.ledger, limit=10_000)}
    assert not written & {one.id for one in repeated}


@second_night
def test_the_second_night_makes_no_table_from_scratch(nights: Nights) -> None:
    made = runs(nights.lake.ledger, business_date=nights.date_of(nights.second), limit=10_000)
    assert {run.table for run in made if run.kind in ("rebuild", "replay")} == set()
    assert any(run.kind == "incremental" and run.version is not None for run in made)
    before = {
        run.table: run for run in runs(nights.lake.ledger, business_date=nights.date_of(nights.first), limit=10_000)
    }
    for run in made:
        if run.kind == "whole" and run.version is not None:
            assert run.metrics["bytes_written"] < 0.5 * before[run.table].metrics["bytes_written"], run.table


def test_an_outside_reader_finds_each_published_table_at_its_version(nights: Nights) -> None:
    published = publication(nights.lake.ledger, nights.date_of(nights.first))
    assert published is not None
    rows = {one["table"]: one["rows"] for one in nights.first["summary"]["tables"]}
    for entry in published.entries:
        if entry.table in rows:
            found = polars.scan_delta(nights.lake.location(entry.table), version=entry.version)
            assert found.select(polars.len()).collect().item() == rows[entry.table], entry.table


@pytest.mark.parametrize("library", load_catalog().libraries)
def test_every_question_of_a_library_has_an_answer(nights: Nights, library: str) -> None:
    with connect(nights.date_of(nights.first), nights.lake.settings) as session:
        asked = nights.lake.catalog.libraries[library].questions
        empty = [question.ask for question in asked if session.sql(question.sql).arrow(1).num_rows == 0]
    assert empty == []


def test_a_library_is_asked_by_its_name(nights: Nights) -> None:
    command = [COMMAND, "ask", "silent_certification", "--json"]
    done = subprocess.run(command, env=os.environ | nights.own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]
    said = json.loads(done.stdout)
    assert (said["library"], said["name"]) == ("special.silent_certification", "静默认证")
    overpaid = said["answers"][1]
    assert overpaid["columns"][:2] == ["pay_month", "overpaid_reason_code"]
    assert {row["overpaid_reason_code"] for row in overpaid["rows"]} == {"after_death", "in_prison"}
    shown = subprocess.run(
        command[:-1] + ["--question", "2"], env=os.environ | nights.own, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr[-1500:]
    for words in ("SELECT pay_month", "发放月份", "死亡后继续发放", "服刑期间继续发放"):
        assert words in shown.stdout
