"""What maintenance may remove: never a file that a publication, a reader or a restore still needs."""

import json
from pathlib import Path

from jobs.maintenance import OPTIMIZE_AFTER, commits_since_optimize, hours_to_keep

DAY_MS = 24 * 3_600_000.0
NOW = 1_800_000_000_000.0


def table(folder: Path, commits: list[tuple[str, float]]) -> str:
    log = folder / "_delta_log"
    log.mkdir(parents=True)
    for version, (operation, days_ago) in enumerate(commits):
        said = {"commitInfo": {"operation": operation, "timestamp": int(NOW - days_ago * DAY_MS)}}
        (log / f"{version:020d}.json").write_text(json.dumps(said) + "\n", "utf-8")
    return folder.as_uri()


def test_nothing_is_removed_from_a_table_younger_than_the_restore_promise(tmp_path: Path) -> None:
    assert hours_to_keep(table(tmp_path, [("CREATE TABLE", 20), ("WRITE", 1)]), 1, 1, NOW) is None


def test_files_older_than_the_promise_go_when_only_the_newest_version_is_needed(tmp_path: Path) -> None:
    assert hours_to_keep(table(tmp_path, [("CREATE TABLE", 90), ("WRITE", 60), ("WRITE", 2)]), 2, 2, NOW) == 30 * 24


def test_a_needed_version_superseded_long_ago_keeps_its_files(tmp_path: Path) -> None:
    uri = table(tmp_path, [("CREATE TABLE", 90), ("WRITE", 80), ("WRITE", 60), ("WRITE", 2)])
    hours = hours_to_keep(uri, 1, 3, NOW)
    assert hours is not None
    assert hours > 60 * 24, "files of version 1 were removed by the commit of 60 days ago"


def test_a_log_file_that_is_gone_makes_maintenance_keep_everything(tmp_path: Path) -> None:
    uri = table(tmp_path, [("CREATE TABLE", 90), ("WRITE", 80), ("WRITE", 2)])
    (tmp_path / "_delta_log" / f"{2:020d}.json").unlink()
    hours = hours_to_keep(uri, 1, 2, NOW)
    assert hours is not None
    assert hours > 365 * 24


def test_commits_are_counted_from_the_last_optimize(tmp_path: Path) -> None:
    writes = [("WRITE", 1.0)] * (OPTIMIZE_AFTER - 1)
    uri = table(tmp_path, [("CREATE TABLE", 3), *writes, ("OPTIMIZE", 1), ("VACUUM END", 1), ("WRITE", 0.5)])
    assert commits_since_optimize(uri, OPTIMIZE_AFTER + 2) == 1
    assert commits_since_optimize(uri, OPTIMIZE_AFTER - 1) == OPTIMIZE_AFTER - 1
