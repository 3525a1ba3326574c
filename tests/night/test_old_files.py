"""Maintenance of a lake of 420 days: what a kept publication or a reader needs is read afterwards, and what nobody needs is gone."""

import json
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from citylake.delta import old_files as looked
from citylake.delta.log import versions
from citylake.delta.old_files import Needed, old_files
from citylake.delta.tables import PROPERTIES
from citylake.lake import Lake
from citylake.ledger.nights.nights import Entry, Pin, publish, ready
from citylake.ledger.runs.tables import note_version, table_states
from citylake.night import maintenance
from citylake.night.maintenance import needed_versions, tidy_table
from citylake.settings import Settings
from tests.night.given import a_lake, write

TABLE = "base.population__person"
DAY_MS = 24 * 3_600_000
AGES = (430, 420, 410, 400, 60, 60, 45, 40, 2)
"""How many days ago each version was committed."""
NEWEST = len(AGES) - 1


def build(spark: SparkSession, folder: Path) -> None:
    """Write a table of nine versions with deletion vectors, a change feed, an OPTIMIZE and a partition."""
    uri = folder.as_uri()
    said = ", ".join(f"'{name}' = '{value}'" for name, value in PROPERTIES.items())
    spark.sql(
        f"CREATE TABLE delta.`{uri}` (id BIGINT, source STRING) USING delta PARTITIONED BY (source) TBLPROPERTIES ({said})"
    )
    for first in (0, 100):
        rows = spark.range(first, first + 100).selectExpr(
            "id", "CASE id % 2 WHEN 0 THEN '甲 一' ELSE 'b' END AS source"
        )
        rows.coalesce(1).write.format("delta").mode("append").save(uri)
    spark.sql(f"DELETE FROM delta.`{uri}` WHERE id IN (3, 50, 120)")
    spark.sql(f"DELETE FROM delta.`{uri}` WHERE id IN (4, 51)")
    spark.sql(f"UPDATE delta.`{uri}` SET id = id + 1000 WHERE id < 10")
    spark.sql(f"OPTIMIZE delta.`{uri}`")
    spark.sql(f"DELETE FROM delta.`{uri}` WHERE id >= 150")
    spark.range(5).selectExpr("id", "'b' AS source").write.format("delta").mode("overwrite").save(uri)


def aged(built: Path, folder: Path, ages: Sequence[int]) -> None:
    """Copy a table to where no server has seen it, each version as old as said, with a checkpoint that has forgotten."""
    shutil.copytree(built, folder, ignore=shutil.ignore_patterns("*.crc", "*.checkpoint.parquet", "_last_checkpoint"))
    now = time.time()
    for version, days in enumerate(ages):
        moment = now - days * DAY_MS / 1000
        log = folder / "_delta_log" / f"{version:020d}.json"
        actions = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        for action in actions:
            for kind, stamp in (
                ("commitInfo", "timestamp"),
                ("add", "modificationTime"),
                ("remove", "deletionTimestamp"),
            ):
                if stamp in action.get(kind, {}):
                    action[kind][stamp] = int(moment * 1000)
            for kind in ("add", "cdc"):
                for name in looked._files(action[kind]) if kind in action else ():
                    os.utime(folder / name, (moment, moment))
        log.write_text("".join(f"{json.dumps(action)}\n" for action in actions), "utf-8")
        os.utime(log, (moment, moment))
    DeltaTable(folder.as_uri()).create_checkpoint()


def content(spark: SparkSession, uri: str, version: int) -> list[Any]:
    return sorted(tuple(row) for row in spark.read.format("delta").option("versionAsOf", version).load(uri).collect())


def feed(spark: SparkSession, uri: str, first: int, last: int) -> list[Any]:
    read = spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", first)
    rows = read.option("endingVersion", last).load(uri).select("id", "_change_type", "_commit_version")
    return sorted(tuple(row) for row in rows.collect())


def data_files(folder: Path) -> set[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.suffix != ".crc")
    return {str(path) for path in found if path.parts[0] != "_delta_log"}


@pytest.fixture(scope="module")
def built(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "table"
    build(spark, folder)
    assert versions(folder.as_uri()) == list(range(len(AGES)))
    return folder


@pytest.fixture
def placed(lake: Settings, built: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake that has the table, old and never seen by the server; its ledger says that it stands."""
    monkeypatch.setattr(maintenance, "OPTIMIZE_AFTER", 1_000)
    made = a_lake(lake)
    write(made, TABLE)
    note_version(made.ledger, TABLE, NEWEST)
    aged(built, folder_of(made), AGES)
    return made


def folder_of(made: Lake) -> Path:
    return Path(urlparse(made.location(TABLE)).path)


def read_by(folder: Path, versions_read: Iterable[int]) -> set[str]:
    """Return the data files of versions, as another library tells them."""
    return {
        unquote(name.rpartition(f"/{folder.name}/")[2])
        for version in versions_read
        for name in DeltaTable(folder.as_uri(), version=version).file_uris()
    }


@pytest.mark.parametrize("kept", [(), (1,), (3, 6)])
def test_what_kept_publications_name_is_read_after_maintenance_and_the_rest_goes(
    placed: Lake, built: Path, spark: SparkSession, kept: tuple[int, ...]
) -> None:
    folder, uri = folder_of(placed), placed.location(TABLE)
    for place, version in enumerate(kept):
        night = date(2026, 1, 1 + place)
        ready(placed.ledger, night, {TABLE: Pin(1, version)}, [])
        publish(placed.ledger, night, [Entry(TABLE, version, 1, False)])
    of_nobody = folder / "part-00000-of-a-writer-that-died.parquet"
    of_nobody.write_bytes(b"PAR1")
    os.utime(of_nobody, (0, 0))
    before = data_files(folder)
    # What the commit of two days ago removed is within the restore promise.
    wanted = read_by(folder, {*kept, NEWEST - 1, NEWEST})
    expected = {version: content(spark, built.as_uri(), version) for version in (*kept, NEWEST - 1, NEWEST)}
    states = table_states(placed.ledger)
    done = tidy_table(placed, spark, states[TABLE], needed_versions(placed, states)[TABLE], vacuum=True)
    for version, rows in expected.items():
        assert content(spark, uri, version) == rows, version
    left = data_files(folder)
    assert done.removed == len(before - left) > 0
    assert {name for name in left if not name.startswith("deletion_vector")} == wanted


def test_a_reader_gets_all_changes_since_what_it_has_read(placed: Lake, built: Path, spark: SparkSession) -> None:
    expected = feed(spark, built.as_uri(), 6, NEWEST)
    done = tidy_table(
        placed, spark, table_states(placed.ledger)[TABLE], Needed(frozenset({NEWEST}), since=5), vacuum=True
    )
    assert done.removed > 0
    assert feed(spark, placed.location(TABLE), 6, NEWEST) == expected
    for version in range(5, NEWEST + 1):
        assert content(spark, placed.location(TABLE), version) == content(spark, built.as_uri(), version)


def test_nothing_is_old_enough_in_a_table_younger_than_the_restore_promise(built: Path) -> None:
    assert old_files(built.as_uri(), Needed(frozenset({NEWEST})), (time.time() - 30 * 86_400) * 1000) == []


def test_a_log_that_is_not_whole_makes_maintenance_keep_everything(placed: Lake) -> None:
    now = time.time() * 1000
    assert old_files(placed.location(TABLE), Needed(frozenset({NEWEST})), now)
    (folder_of(placed) / "_delta_log" / f"{2:020d}.json").unlink()
    assert old_files(placed.location(TABLE), Needed(frozenset({NEWEST})), now) == []
