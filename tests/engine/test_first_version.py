"""The first version of a table is the same whether Spark makes it or this process, and is made once."""

import json
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from citylake.contract.catalog import load_catalog
from citylake.delta.log import newest_version
from citylake.delta.tables import Physical, columns_of, ensure, quarantine_columns

MARKS = {"citylake.key": "a,b", "citylake.unit": "a"}


def every_type() -> list[Physical]:
    """Return a column of each type that any table has."""
    catalog = load_catalog()
    columns = [column for contract in catalog.contracts.values() for column in columns_of(contract)]
    columns += [column for contract in catalog.collected for column in quarantine_columns(contract)]
    types = sorted({column.type for column in columns})
    assert len(types) > 5
    return [
        Physical("source", "string", "来源"),
        Physical("id", "string", "标识"),
        *[Physical(f"c{n}", kind, f"第“{n}”列") for n, kind in enumerate(types)],
    ]


def make(spark: SparkSession, uri: str) -> dict[str, Any]:
    ensure(spark, uri, every_type(), comment="表's 名", found_by=["id", "source"], partition=["source"], marks=MARKS)
    lines = (Path(uri) / "_delta_log" / f"{0:020d}.json").read_text("utf-8").splitlines()
    actions: dict[str, Any] = {}
    for line in lines:
        actions |= json.loads(line)
    metadata, protocol = actions["metaData"], actions["protocol"]
    told = {name: value for name, value in metadata.items() if name not in {"id", "createdTime"}}
    return {
        **told,
        "schemaString": json.loads(metadata["schemaString"]),
        "protocol": {name: sorted(value) if isinstance(value, list) else value for name, value in protocol.items()},
        "operation": actions["commitInfo"]["operation"],
    }


def test_spark_makes_the_same_table(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = make(spark, str(tmp_path / "here"))
    monkeypatch.setattr("citylake.delta.tables.takes", lambda uri: False)
    assert make(spark, str(tmp_path / "spark")) == here
    assert [field.dataType for field in spark.read.format("delta").load(str(tmp_path / "here")).schema.fields] == [
        field.dataType for field in spark.read.format("delta").load(str(tmp_path / "spark")).schema.fields
    ]


def test_a_table_that_is_there_stays_as_it_is(spark: SparkSession, tmp_path: Path) -> None:
    uri = (tmp_path / "t").as_uri()
    ensure(spark, uri, every_type(), comment="一", found_by=["id"])
    first = (tmp_path / "t" / "_delta_log" / f"{0:020d}.json").read_text("utf-8")
    ensure(spark, uri, every_type(), comment="二", found_by=["id"])
    assert newest_version(uri) == 0
    assert (tmp_path / "t" / "_delta_log" / f"{0:020d}.json").read_text("utf-8") == first
    assert [item.name for item in (tmp_path / "t" / "_delta_log").iterdir()] == [f"{0:020d}.json"]
