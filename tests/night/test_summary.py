"""What a night's summary says, and when somebody has to look."""

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from citylake.cli.night import is_fine
from citylake.cli.screen import _department_table
from citylake.lake import Lake
from citylake.ledger.nights.nights import Entry, publish, ready
from citylake.night.steps.collect import settle_department
from citylake.night.steps.step import Step
from citylake.read.summary import Summary, TableLine, summarise
from citylake.settings import Settings
from tests.night.given import DAY, a_lake, settle_all, write_everything

GOOD = Summary(
    business_date=date(2026, 11, 22),
    published=True,
    departments=(),
    tables=(TableLine("base.population__person", "人员", 1, 1, True, False),),
    missing=("justice.serving_sentence",),
    dry={},
    refused={"justice.serving_sentence x.xlsx": "文件不完整"},
    withheld={},
    unrecognised={},
    unbalanced=(),
    balanced=1,
    seconds={},
)


@pytest.fixture
def made(settings: Settings) -> Lake:
    return a_lake(settings)


def stray(lake: Lake) -> Path:
    folder = lake.settings.inbox / "civil_affairs"
    folder.mkdir(parents=True)
    path = folder / "随便.csv"
    path.write_text("x", "utf-8")
    return path


def test_a_night_with_a_refused_delivery_is_fine_since_nothing_is_lost() -> None:
    assert is_fine(GOOD, {"fine": True})
    assert is_fine(GOOD, {"reason": "没有对照"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"published": False},
        {"unbalanced": ("a b",)},
        {"withheld": {"base.population__person": "未通过检验"}},
        {"tables": (replace(GOOD.tables[0], stale=True),)},
    ],
)
def test_a_night_is_not_fine_when_accounts_are_open_or_a_library_table_is_held_back(wrong: dict[str, object]) -> None:
    assert not is_fine(replace(GOOD, **wrong), {"fine": True})  # type: ignore[arg-type]


def test_a_night_that_misses_a_target_is_not_fine() -> None:
    assert not is_fine(GOOD, {"fine": False})


def test_what_did_not_come_is_named_by_its_title(made: Lake) -> None:
    settle_all(made, DAY, but=("justice",))
    lines = summarise(made, DAY).departments
    out = io.StringIO()
    Console(file=out, width=200).print(_department_table(lines))
    title = made.catalog.contracts["clean.justice__serving_sentence"].title
    assert f"{title}（未结账）" in out.getvalue()
    assert "serving_sentence" not in out.getvalue()


def test_a_library_table_that_a_night_lacks_is_withheld_and_a_clean_one_is_not(made: Lake) -> None:
    write_everything(made)
    ready(made.ledger, DAY, {}, [])
    publish(made.ledger, DAY, [Entry("base.population__person", 1, 1, stale=False)])
    withheld = summarise(made, DAY).withheld
    assert "special.silent_certification__evidence" in withheld
    assert not any(name.startswith("clean.") for name in withheld)


def test_a_file_that_no_contract_takes_is_counted_by_settle_and_named_in_the_summary(made: Lake) -> None:
    resources = [item.resource for item in made.catalog.of_department("civil_affairs")]
    assert settle_department(Step(DAY, given=made), "civil_affairs", resources).message == ""
    path = stray(made)
    report = settle_department(Step(DAY, given=made), "civil_affairs", resources)
    assert report.message == "未识别的文件 1 个，文件名见 citylake receipts"
    assert summarise(made, DAY).unrecognised == {"civil_affairs": [path.name]}
