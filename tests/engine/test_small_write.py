"""Writing a few rows without Spark: as Spark would have it, fenced against an older run, and only where that is safe."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, QueryBuilder, Transaction, write_deltalake
from pyspark.sql import SparkSession

from citylake.delta.errors import CommitLostError
from citylake.delta.log import commit
from citylake.delta.small_write import CHECKPOINT, is_small, takes, units_predicate, write_few
from citylake.delta.tables import Physical, at_version, ensure, feed
from citylake.delta.write import LISTED_UNITS, Writer

COLUMNS = [Physical("id", "string", ""), Physical("day", "date", ""), Physical("n", "bigint", "")]
STREAM = "citylake/ledger/t/1"


def rows(*values: tuple[str, int, int]) -> pa.Table:
    return pa.table(
        {
            "n": pa.array([n for _, _, n in values], pa.int32()),
            "id": pa.array([name for name, _, _ in values], pa.large_string()),
            "day": [date(2026, 11, day) for _, day, _ in values],
        }
    )


def content(uri: str) -> list[tuple[object, ...]]:
    found = QueryBuilder().register("t", DeltaTable(uri)).execute("SELECT id, day, n FROM t ORDER BY id, day, n")
    return [tuple(row.values()) for row in pa.RecordBatchReader.from_stream(found).read_all().to_pylist()]


def days(*values: tuple[str, int, int]) -> list[tuple[object, ...]]:
    return [(name, date(2026, 11, day), n) for name, day, n in values]


@pytest.fixture
def uri(tmp_path: Path) -> str:
    write_deltalake(str(tmp_path / "t"), rows(("a", 1, 1), ("a", 2, 2), ("b", 1, 3)).cast(
        pa.schema([("n", pa.int64()), ("id", pa.string()), ("day", pa.date32())])))  # fmt: skip
    return str(tmp_path / "t")


def put(uri: str, run: int, *values: tuple[str, int, int], predicate: str | None = None, append: bool = False) -> None:
    write_few(
        "base.t", uri, rows(*values), metadata=f'{{"run": {run}, "step": 1}}', stream=STREAM, run_id=run,
        predicate=predicate, append=append,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("by", "units", "left"),
    [
        (("id",), [("a",)], [("b", 1, 3)]),
        (("n",), [(2,), (3,)], [("a", 1, 1)]),
        (("day",), [(date(2026, 11, 1),)], [("a", 2, 2)]),
        (("id", "day"), [("a", date(2026, 11, 2)), ("b", date(2026, 11, 2))], [("a", 1, 1), ("b", 1, 3)]),
        (("id",), [("a') OR ('1'='1",)], [("a", 1, 1), ("a", 2, 2), ("b", 1, 3)]),
    ],
)
def test_the_rows_of_the_listed_units_are_replaced_and_no_others(
    uri: str, by: tuple[str, ...], units: list[tuple[object, ...]], left: list[tuple[str, int, int]]
) -> None:
    predicate = units_predicate(by, units)
    assert predicate is not None
    write_deltalake(uri, DeltaTable(uri).to_pyarrow_table().slice(0, 0), mode="overwrite", predicate=predicate)
    assert content(uri) == days(*left)


def test_units_of_other_types_and_texts_with_the_separator_are_left_to_spark() -> None:
    assert units_predicate(("a",), [(Decimal("1.5"),)]) is None
    assert units_predicate(("a", "b"), [("x\x1fy", "z")]) is None


def test_a_thousand_units_of_two_columns_are_found_in_a_moment(uri: str) -> None:
    units = [(f"id{number}", date(2026, 11, 1)) for number in range(LISTED_UNITS)]
    predicate = units_predicate(("id", "day"), units)
    assert predicate is not None
    put(uri, 1, ("id7", 1, 9), predicate=predicate)
    assert content(uri) == days(("a", 1, 1), ("a", 2, 2), ("b", 1, 3), ("id7", 1, 9))


def test_a_commit_says_which_run_made_it_and_what_it_wrote(uri: str) -> None:
    put(uri, 5, ("c", 3, 4), append=True)
    made = commit(uri, 1)
    assert made.metadata == {"run": 5, "step": 1}
    assert made.bytes_written > 0
    assert content(uri) == days(("a", 1, 1), ("a", 2, 2), ("b", 1, 3), ("c", 3, 4))


@pytest.mark.parametrize("run", [4, 5])
def test_a_run_that_is_not_newer_than_the_last_one_writes_nothing(uri: str, run: int) -> None:
    put(uri, 5, ("c", 3, 4))
    with pytest.raises(CommitLostError, match="a newer run has been here"):
        put(uri, run, ("d", 3, 4), append=True)
    assert content(uri) == days(("c", 3, 4))


def test_a_writer_that_looked_before_a_newer_run_committed_writes_nothing(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(*given: Any, **said: Any) -> None:
        newer = CommitProperties(app_transactions=[Transaction(STREAM, 9)])
        write_deltalake(uri, DeltaTable(uri).to_pyarrow_table(), mode="append", commit_properties=newer)
        write_deltalake(*given, **said)

    monkeypatch.setattr("citylake.delta.small_write.write_deltalake", overtaken)
    with pytest.raises(CommitLostError):
        put(uri, 8, ("d", 3, 4), append=True)
    assert DeltaTable(uri).version() == 1


def test_a_table_gets_a_checkpoint_every_tenth_version(uri: str) -> None:
    for run in range(1, CHECKPOINT + 1):
        put(uri, run, ("c", 3, run), append=True)
    assert (Path(uri) / "_delta_log" / "_last_checkpoint").exists()


def test_only_tables_of_this_file_system_are_written_here(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert takes(uri)
    assert takes(f"file://{uri}")
    assert not takes("s3a://lake/base/t")
    assert is_small(uri)
    monkeypatch.setattr("citylake.delta.small_write.SMALL_BYTES", 100)
    assert not is_small(uri)


def test_what_spark_made_is_written_here_and_read_by_spark_again(spark: SparkSession, tmp_path: Path) -> None:
    uri = str(tmp_path / "made")
    ensure(spark, uri, COLUMNS, comment="表", found_by=["id"])
    first = Writer(spark, "base.t", uri, "ledger", 1)
    first.overwrite(rows(("a", 1, 1), ("b", 1, 2), ("c", 1, 3)))
    spark.sql(f"DELETE FROM delta.`{uri}` WHERE id = 'c'").collect()
    second = Writer(spark, "base.t", uri, "ledger", 2)
    second.replace_listed(rows(("a", 1, 4)), ("id",), [("a",)])
    assert sorted(tuple(row) for row in at_version(spark, uri, 3).collect()) == days(("a", 1, 4), ("b", 1, 2))
    told = feed(spark, "base.t", uri, 2, 3).select("id", "n", "_change_type").collect()
    assert sorted(tuple(row) for row in told) == [("a", 1, "delete"), ("a", 4, "insert")]
    assert second.commits[0].metadata["run"] == 2
    with pytest.raises(CommitLostError):
        Writer(spark, "base.t", uri, "ledger", 2).append(rows(("x", 1, 1)))
