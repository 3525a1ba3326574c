"""Clean rows that change although no line bears their key: found in this process, and as Spark finds them."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from citylake.engine.clean import absent
from citylake.engine.clean.absent import absent_rows, few_absent

KEY = ("office", "number")
TODAY, BEFORE = date(2026, 11, 22), date(2026, 11, 1)
CLEAN = [
    # office, number, deleted, held since
    ("a", 1, False, None),
    ("a", 2, False, None),
    ("a", 3, False, BEFORE),
    ("a", 4, True, None),
    ("b", 1, False, None),
    ("b", 2, False, None),
]
LINES = [
    # office, number, outcome, good
    ("a", 1, "unchanged", True),
    ("a", 2, "quarantined", False),
    ("a", 3, "quarantined", False),
    ("b", 1, "quarantined", False),
    ("b", 1, "updated", True),
    ("c", 9, "inserted", True),
    (None, 2, "quarantined", False),
]


def table(columns: list[str], rows: list[tuple[object, ...]]) -> pa.Table:
    types = {"_deleted": pa.bool_(), "_held_since": pa.date32(), "_good": pa.bool_(), "number": pa.int64()}
    values = zip(*rows, strict=True)
    return pa.table([pa.array(v, types.get(c, pa.string())) for c, v in zip(columns, values, strict=True)], columns)


@pytest.fixture
def uri(tmp_path: Path) -> str:
    write_deltalake(str(tmp_path / "t"), table([*KEY, "_deleted", "_held_since"], list(CLEAN)))
    return str(tmp_path / "t")


@pytest.fixture(scope="module")
def lines() -> pa.Table:
    return table([*KEY, "_outcome", "_good"], list(LINES))


@pytest.mark.parametrize("vanish", [True, False])
def test_both_ways_find_the_same_rows(spark: SparkSession, uri: str, lines: pa.Table, vanish: bool) -> None:
    few = few_absent(lines, uri, KEY, TODAY, vanish=vanish)
    assert few is not None
    assert few.rows is not None
    found = {tuple(row.values()) for row in few.rows.to_pylist()}
    gone = {("b", 2, True, None)} if vanish else set()
    assert found == gone | {("a", 2, False, TODAY)}
    assert (few.vanished, few.count) == (len(gone), len(gone) + 1)
    current = spark.read.format("delta").load(uri)
    told = spark.createDataFrame(lines)
    asked = absent_rows(told, told, current, KEY, TODAY, vanish=vanish, hold=True)
    assert {tuple(row) for row in asked.collect()} == found


def test_a_snapshot_that_tells_everything_changes_nothing(uri: str) -> None:
    told = table([*KEY, "_outcome", "_good"], [(office, number, "unchanged", True) for office, number, *_ in CLEAN])
    few = few_absent(told, uri, KEY, TODAY, vanish=True)
    assert few is not None
    assert (few.rows, few.vanished, few.count) == (None, 0, 0)


def test_more_than_can_be_listed_is_left_to_spark(uri: str, lines: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(absent, "LISTED_UNITS", 1)
    assert few_absent(lines, uri, KEY, TODAY, vanish=True) is None
    assert few_absent(lines, f"{uri}-nowhere", KEY, TODAY, vanish=True) is None
