"""Reading changes without Spark: the units that Spark's feed names, whoever wrote, or nothing at all."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from citylake.contract.model import Input
from citylake.delta import small_feed, small_read
from citylake.delta.first_version import write_first_version
from citylake.delta.input_version import InputVersion
from citylake.delta.small_feed import due, named_by
from citylake.delta.tables import PROPERTIES, Physical, ensure, feed
from citylake.delta.unit_write import replace_units
from citylake.delta.write import Writer

COLUMNS = [Physical("id", "string", ""), Physical("source", "string", ""), Physical("_recheck_on", "date", "")]
Write = Callable[[SparkSession, str, int], None]


def rows(*names: str, source: str = "office.a", on: date | None = None) -> pa.Table:
    count = len(names)
    return pa.table(
        {
            "id": pa.array(names, pa.string()),
            "source": [source] * count,
            "_recheck_on": pa.array([on] * count, pa.date32()),
        }
    )


def here(spark: SparkSession, uri: str, run: int) -> Writer:
    return Writer(spark, "base.t", uri, "ledger", run)


def replaced_here(spark: SparkSession, uri: str, run: int) -> None:
    here(spark, uri, run).replace_listed(rows("a"), ("id",), [("a",), ("b",)])


def overwritten_here(spark: SparkSession, uri: str, run: int) -> None:
    here(spark, uri, run).overwrite(rows("a", "z", source="office.b"))


def overwritten_by_spark(spark: SparkSession, uri: str, run: int) -> None:
    here(spark, uri, run).overwrite(spark.createDataFrame(rows("a", "z", source="office.b")))


def appended_by_spark(spark: SparkSession, uri: str, run: int) -> None:
    here(spark, uri, run).append(spark.createDataFrame(rows("x")))


def compacted(spark: SparkSession, uri: str, run: int) -> None:
    spark.sql(f"OPTIMIZE delta.`{uri}`").collect()


def hidden_by_spark(spark: SparkSession, uri: str, run: int) -> None:
    spark.sql(f"DELETE FROM delta.`{uri}` WHERE id = '{'ab'[run % 2]}'").collect()


def replaced_by_spark(spark: SparkSession, uri: str, run: int) -> None:
    here(spark, uri, run).replace_using(spark.createDataFrame(rows("abc"[run % 3], "y")), ("id",))


def marked_and_removed(spark: SparkSession, uri: str, run: int) -> None:
    hidden_by_spark(spark, uri, run)
    here(spark, uri, run + 10).overwrite(spark.createDataFrame(rows("c", str(run))))


def replaced_by_vectors(spark: SparkSession, uri: str, run: int) -> None:
    units = pa.table({"id": ["a", "d", f"new{run}"]})
    assert replace_units("base.t", uri, rows("a", f"new{run}"), ("id",), units, metadata="{}", stream="s", run_id=run)


def with_another_column(spark: SparkSession, uri: str, run: int) -> None:
    spark.sql(f"ALTER TABLE delta.`{uri}` ADD COLUMN (more STRING)").collect()


@pytest.fixture
def uri(spark: SparkSession, tmp_path: Path) -> str:
    made = str(tmp_path / "t")
    ensure(spark, made, COLUMNS, comment="表", found_by=["id"])
    here(spark, made, 1).overwrite(rows("a", "b", "c"))
    here(spark, made, 2).append(rows("d", source="office.b"))
    return made


def version_of(uri: str, **said: Any) -> dict[str, InputVersion]:
    version = DeltaTable(uri).version()
    return {"t": InputVersion("t", Input(table="base.t", on=("id",), **said), 1, version, uri)}


@pytest.mark.parametrize(
    "write",
    [
        replaced_here,
        overwritten_here,
        overwritten_by_spark,
        appended_by_spark,
        hidden_by_spark,
        replaced_by_spark,
        compacted,
        marked_and_removed,
        replaced_by_vectors,
    ],
)
@pytest.mark.parametrize("part", [None, "office.a"])
def test_the_changes_name_the_units_that_sparks_feed_names(
    spark: SparkSession, uri: str, write: Write, part: str | None
) -> None:
    write(spark, uri, 3)
    write(spark, uri, 4)
    versions = version_of(uri, part=part)
    changes = feed(spark, "base.t", uri, 2, versions["t"].version)
    wanted = changes.where("true" if part is None else f"source = '{part}'").select("id").distinct().collect()
    assert named_by(versions, "t", 2) == {tuple(row) for row in wanted}


def test_new_columns_are_left_to_spark(spark: SparkSession, uri: str) -> None:
    with_another_column(spark, uri, 3)
    assert named_by(version_of(uri), "t", 2) is None


def test_a_version_whose_log_is_gone_is_left_to_spark(uri: str) -> None:
    (Path(uri) / "_delta_log" / f"{2:020d}.json").unlink()
    assert named_by(version_of(uri), "t", 1) is None


def test_more_than_this_process_should_hold_is_left_to_spark(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_feed, "HELD_ROWS", 0)
    assert named_by(version_of(uri), "t", 1) is None


def test_changes_of_what_is_carried_name_the_units_of_the_carrier(spark: SparkSession, uri: str) -> None:
    carrier = f"{uri}-carrier"
    ensure(spark, carrier, [*COLUMNS, Physical("unit", "bigint", "")], comment="表", found_by=["id"])
    carried = rows("d", "d", "e", "d").append_column("unit", pa.array([7, 8, 9, None], pa.int64()))
    here(spark, carrier, 1).overwrite(carried)
    mine = Input(table="base.carrier", on=("unit",))
    versions = {
        "t": InputVersion("t", Input(table="base.t", on=("id",), via="c"), 1, 2, uri),
        "c": InputVersion("c", mine, 1, 1, carrier),
    }
    assert named_by(versions, "t", 1) == {(7,), (8,)}


def test_units_that_are_due_are_found(spark: SparkSession, uri: str) -> None:
    here(spark, uri, 3).append(rows("e", "f", on=date(2026, 3, 1)))
    here(spark, uri, 4).append(rows("g", on=date(2026, 3, 2)))
    assert due(uri, 4, ["id"], date(2026, 3, 1)) == {("e",), ("f",)}
    assert small_read.earliest(uri, "_recheck_on") == (date(2026, 3, 1),)


@pytest.mark.parametrize("group", [2, 100])
def test_a_new_deletion_vector_of_a_file_with_several_row_groups_is_read(tmp_path: Path, group: int) -> None:
    uri = str(tmp_path / "t")
    told = [(item.name, item.type, "") for item in COLUMNS]
    write_first_version(uri, told, comment="", partition=[], properties=PROPERTIES)
    pq.write_table(rows(*"abcdef"), tmp_path / "t" / "one.parquet", row_group_size=group)
    add = {
        "path": "one.parquet", "partitionValues": {}, "size": (tmp_path / "t" / "one.parquet").stat().st_size,
        "modificationTime": 0, "dataChange": True, "stats": '{"numRecords": 6}',
    }  # fmt: skip
    (tmp_path / "t" / "_delta_log" / f"{1:020d}.json").write_text(json.dumps({"add": add}) + "\n", "utf-8")
    units = pa.table({"id": ["a", "e"]})
    assert replace_units("base.t", uri, rows("a"), ("id",), units, metadata="{}", stream="s", run_id=1)
    assert named_by(version_of(uri), "t", 1) == {("a",), ("e",)}
