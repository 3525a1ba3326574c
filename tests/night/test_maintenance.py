"""What maintenance finds to do; which old files go is asked in ``test_old_files``."""

import json
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlparse

import pytest

from citylake.delta.log import newest_version
from citylake.night.maintenance import OPTIMIZE_AFTER, commits_since_optimize, tables_of_lines, tidy
from citylake.night.steps.step import Step
from citylake.night.steps.tidy import forget_runs
from citylake.settings import Settings
from citylake.spark.session import session
from citylake.supervisor import ServiceError
from tests.night.given import a_lake

DAY_MS = 24 * 3_600_000.0
NOW = 1_800_000_000_000.0


def table(folder: Path, commits: list[tuple[str, float]]) -> str:
    log = folder / "_delta_log"
    log.mkdir(parents=True)
    for version, (operation, days_ago) in enumerate(commits):
        said = {"commitInfo": {"operation": operation, "timestamp": int(NOW - days_ago * DAY_MS)}}
        (log / f"{version:020d}.json").write_text(json.dumps(said) + "\n", "utf-8")
    return folder.as_uri()


def test_airflows_history_is_cleaned_on_sundays_only(settings: Settings) -> None:
    days = [date(2026, 11, 22) + timedelta(days=number) for number in range(1, 7)]
    for day in days:
        assert forget_runs(Step(day, given=a_lake(settings))).state == "nothing", day
    with pytest.raises(ServiceError, match="citylake up"):
        forget_runs(Step(date(2026, 11, 29), given=a_lake(settings)))


def test_commits_are_counted_from_the_last_optimize(tmp_path: Path) -> None:
    writes = [("WRITE", 1.0)] * (OPTIMIZE_AFTER - 1)
    uri = table(tmp_path, [("CREATE TABLE", 3), *writes, ("OPTIMIZE", 1), ("VACUUM END", 1), ("WRITE", 0.5)])
    assert commits_since_optimize(uri, OPTIMIZE_AFTER + 2) == 1
    assert commits_since_optimize(uri, OPTIMIZE_AFTER - 1) == OPTIMIZE_AFTER - 1


def test_raw_and_quarantine_tables_that_exist_are_found_with_the_clean_table_whose_lease_they_need(
    settings: Settings,
) -> None:
    lake = a_lake(settings)
    assert tables_of_lines(lake) == []
    for name in ("raw.hrss__pension_payment", "quarantine.hrss__pension_payment"):
        table(Path(urlparse(lake.location(name)).path), [("CREATE TABLE", 1)])
    assert tables_of_lines(lake) == [
        ("raw.hrss__pension_payment", "clean.hrss__pension_payment"),
        ("quarantine.hrss__pension_payment", "clean.hrss__pension_payment"),
    ]


def test_a_raw_table_of_many_commits_is_put_together_and_keeps_every_row(lake: Settings) -> None:
    made, name = a_lake(lake), "raw.hrss__pension_payment"
    uri = made.location(name)
    with session(lake) as spark:
        for number in range(OPTIMIZE_AFTER + 1):
            spark.range(number, number + 1).write.format("delta").mode("append").save(uri)
        done = tidy(made, spark, date(2026, 11, 22))
        assert spark.read.format("delta").load(uri).count() == OPTIMIZE_AFTER + 1
    assert [(one.table, one.optimised, one.removed) for one in done] == [(name, True, 0)]
    newest = newest_version(uri)
    assert newest is not None
    assert commits_since_optimize(uri, newest) == 0
