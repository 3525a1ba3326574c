"""Where a table stands: engine, night, publication and ``citylake run --explain`` give one answer for one state."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from citylake.engine.derived.explain import explain
from citylake.engine.run.run import run_table
from citylake.engine.run.standing import Reason, standing
from citylake.lake import Lake
from citylake.ledger.nights.nights import Night, ready
from citylake.ledger.runs.runs import Consumed
from citylake.ledger.runs.tables import accept, table_states
from citylake.night.steps.movable import movable
from citylake.night.steps.ready import pinned_now
from citylake.read.entries import candidates
from citylake.settings import Settings
from citylake.spelling import parts_of
from tests.engine.small_lake import SmallLake, contract
from tests.night.given import DAY, write, write_everything
from tests.promises.untouched import Untouched

CLEAN = "clean.office__change"
TOTAL, LARGEST, REPORT = "topic.money__owner_total", "topic.money__largest", "special.money__report"
SELECT = "SELECT owner_no, SUM(amount) AS total_amount FROM {} GROUP BY owner_no"


def derived(**inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": "合计",
        "grain": "一个归属一行",
        "owner": "office",
        "key": ["owner_no"],
        "by": ["owner_no"],
        "inputs": inputs,
        "columns": {"owner_no": {}, "total_amount": {}},
    }


def keyed(table: str) -> dict[str, Any]:
    return {"table": table, "on": ["owner_no"]}


@pytest.fixture
def small(settings: Settings, tmp_path: Path) -> SmallLake:
    """Four tables, each made from the one before, all accepted and on the disk; there is no Spark."""
    made = SmallLake.make(settings, Untouched.session(), tmp_path / "project")
    made.write("clean/office/change.yml", contract("change"))
    for table, said in {
        TOTAL: derived(change=keyed(CLEAN)),
        LARGEST: derived(owner_total=keyed(TOTAL)),
        REPORT: derived(owner_total=keyed(TOTAL)),
    }.items():
        place = "/".join(parts_of(table))
        made.write(f"{place}.yml", said)
        made.select(f"{place}.sql", SELECT.format(*said["inputs"]))
    write_everything(made.lake)
    for table in made.lake.catalog.contracts:
        write_deltalake(made.lake.location(table), pa.table({"owner_no": ["G1"]}))
    return made


def to_run(small: SmallLake, table: str, night: Night) -> dict[str, bool]:
    """Return who says that a table has to run."""
    lake, spark = small.lake, small.spark
    plan = explain(lake, table, DAY)["plan"]
    entry = candidates(lake, table_states(lake.ledger), night).get(table)
    moving = movable(lake, DAY, night.vector)
    try:
        engine = run_table(lake, spark, table, DAY, pinned=night.vector).state != "unchanged"
    except AssertionError:  # Spark was asked
        engine = True
    said = {"engine": engine, "night": table in moving, "explain": not plan.startswith("nothing")}
    return said if entry is None else {**said, "publication": entry.stale}


def pin(lake: Lake) -> Night:
    return ready(lake.ledger, DAY, pinned_now(lake), [])


def again(lake: Lake, table: str, **more: Any) -> None:
    """Say that a table got a new content from what it had consumed."""
    write(lake, table, **{"consumed": table_states(lake.ledger)[table].consumed, **more})


def nothing(small: SmallLake) -> Night:
    return pin(small.lake)


def clean_moved(small: SmallLake) -> Night:
    again(small.lake, CLEAN)
    return pin(small.lake)


def clean_moved_after_the_pin(small: SmallLake) -> Night:
    night = pin(small.lake)
    again(small.lake, CLEAN)
    return night


def total_written(small: SmallLake) -> Night:
    again(small.lake, TOTAL, accepted=False)
    return pin(small.lake)


def total_accepted(small: SmallLake) -> Night:
    again(small.lake, TOTAL, accepted=False)
    accept(small.lake.ledger, [TOTAL], business_date=DAY)
    return pin(small.lake)


def another_select(small: SmallLake) -> Night:
    small.select("special/money/report.sql", SELECT.replace("SUM", "MAX").format("owner_total"))
    return pin(small.lake)


def another_layout(small: SmallLake) -> Night:
    small.select("special/money/report.sql", "-- the same\n" + SELECT.lower().format("owner_total"))
    return pin(small.lake)


def due_today(small: SmallLake) -> Night:
    again(small.lake, REPORT, recheck_on=DAY)
    return pin(small.lake)


def due_tomorrow(small: SmallLake) -> Night:
    again(small.lake, REPORT, recheck_on=DAY + timedelta(days=1))
    return pin(small.lake)


def never_read(small: SmallLake) -> Night:
    lake = small.lake
    consumed = table_states(lake.ledger)[REPORT].consumed
    small.write("special/money/report.yml", derived(owner_total=keyed(TOTAL), largest=keyed(LARGEST)))
    write(small.lake, REPORT, consumed=consumed)
    return pin(small.lake)


def whole(small: SmallLake) -> Night:
    small.write("special/money/report.yml", derived(owner_total={"table": TOTAL, "all": True}))
    again(small.lake, REPORT)
    again(small.lake, TOTAL)
    return pin(small.lake)


CASES: list[tuple[Callable[[SmallLake], Night], str, Reason | None]] = [
    (nothing, TOTAL, None),
    (nothing, REPORT, None),
    (clean_moved, TOTAL, "moved"),
    (clean_moved_after_the_pin, TOTAL, None),
    (total_written, LARGEST, "moved"),
    (total_accepted, LARGEST, "moved"),
    (total_accepted, REPORT, "moved"),
    (another_select, REPORT, "meaning"),
    (another_layout, REPORT, None),
    (due_today, REPORT, "due"),
    (due_tomorrow, REPORT, None),
    (never_read, REPORT, "unread"),
    (whole, REPORT, "whole"),
]


@pytest.mark.parametrize(("change", "table", "reason"), CASES)
def test_all_who_ask_are_given_the_same_answer(
    small: SmallLake, change: Callable[[SmallLake], Night], table: str, reason: Reason | None
) -> None:
    night = change(small)
    lake = small.lake
    derived_contract = next(one for one in lake.catalog.derived if one.name == table)
    assert standing(lake, derived_contract, DAY, night.vector).reason == reason
    said = to_run(small, table, night)
    assert said == dict.fromkeys(("engine", "night", "explain", "publication"), reason is not None)


def test_of_another_layer_only_what_is_accepted_is_taken_though_the_night_holds_its_reader_ready(
    small: SmallLake,
) -> None:
    night = total_written(small)
    # The judge may accept it yet, before the reader's task comes.
    assert to_run(small, REPORT, night) == {"engine": False, "night": True, "explain": False, "publication": False}
    assert to_run(small, TOTAL, night) == {"engine": False, "night": True, "explain": False, "publication": True}
    report = next(one for one in small.lake.catalog.derived if one.name == REPORT)
    taken = standing(small.lake, report, DAY, night.vector).inputs["owner_total"]
    assert (taken.content, taken.version) == (1, 1)
    assert explain(small.lake, REPORT, DAY)["reads"]["owner_total"]["content"] == 1


def test_what_was_never_accepted_is_waited_for(small: SmallLake) -> None:
    small.write("topic/money/other.yml", derived(change=keyed(CLEAN)))
    small.select("topic/money/other.sql", SELECT.format("change"))
    small.write("special/money/waiting.yml", derived(other=keyed("topic.money__other")))
    small.select("special/money/waiting.sql", SELECT.format("other"))
    write(small.lake, "topic.money__other", consumed={"change": Consumed(1, 1)}, accepted=False)
    night = pin(small.lake)
    assert to_run(small, "special.money__waiting", night) == {"engine": True, "night": True, "explain": True}
    assert explain(small.lake, "special.money__waiting", DAY)["plan"].startswith("wait: topic.money__other")
    done = run_table(small.lake, small.spark, "special.money__waiting", DAY, pinned=night.vector)
    assert done.state == "waiting"
    assert "topic.money__other" in done.reason


def test_a_refused_table_is_behind_though_it_has_nothing_to_do(small: SmallLake) -> None:
    night = pin(small.lake)
    report = next(one for one in small.lake.catalog.derived if one.name == REPORT)
    found = standing(small.lake, report, DAY, night.vector)
    assert found.state is not None
    refused = replace(found, state=replace(found.state, refused=True))
    assert not refused.has_to_run
    assert refused.is_behind
    assert not found.is_behind


def test_neither_the_answer_nor_who_reads_it_needs_spark_to_be_imported() -> None:
    modules = ("citylake.engine.run.standing", "citylake.engine.derived.explain", "citylake.read.entries")
    code = f"import sys, {', '.join(modules)}, citylake.night.steps.movable; print('pyspark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
