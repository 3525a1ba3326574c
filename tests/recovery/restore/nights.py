"""A small lake that runs whole nights: two resources, a crosswalk, a linked table, a base table."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from pyspark.sql import SparkSession

from citylake.engine.run.run import run_table
from citylake.ledger.nights.nights import ready
from citylake.night.judging.layer import judge_layer
from citylake.night.publication.publish import Published, publish
from citylake.night.steps.ready import pinned_now
from citylake.settings import Settings
from tests.engine.small_lake import SmallLake, contract

CHANGE = "clean.office__change"
SNAPSHOT = "clean.office__snapshot"
CROSSWALK = "base.population__crosswalk"
LINKED = "linked.office__change"
PLAIN = "linked.office__snapshot"
TALLY = "base.demo__tally"
Files = Mapping[str, Sequence[Mapping[str, str]]]


def make(settings: Settings, spark: SparkSession, root: Path) -> SmallLake:
    """Make the lake; a second resource says whose each record of the first is."""
    spark.conf.set("spark.sql.adaptive.enabled", "false")
    spark.conf.set("spark.sql.shuffle.partitions", "1")
    small = SmallLake.make(settings, spark, root)
    identity = {"person": {"self": {"name": "name"}}}
    columns = contract("change")["columns"] | {"name": {"from": "MC", "direct": True}}
    small.write("clean/office/change.yml", contract("change", columns=columns, identity=identity))
    small.write("clean/office/snapshot.yml", contract("snapshot"))
    small.write("base/population/resolve.yml", {"kind": "person", "noun": "人员"})
    inputs = {
        "c": {"table": CHANGE, "on": ["_self_subject"]},
        "a": {"table": SNAPSHOT, "via": "c", "via_on": ["record_no"], "on": ["record_no"]},
    }
    names = {"source": "来源", "subject_id": "主体标识", "person_id": "人员标识"}
    said = {
        "title": "交叉索引", "grain": "一个主体一行", "owner": "office", "made_by": "resolver", "restricted": True,
        "key": ["subject_id"], "partition": ["source"], "inputs": inputs,
        "columns": {name: {"label": label, "grade": "L2"} for name, label in names.items()},
    }  # fmt: skip
    small.write("base/population/crosswalk.yml", said)
    small.select(
        "base/population/crosswalk.sql",
        "SELECT 'office.change' AS source, c._self_subject AS subject_id, a.owner_no AS person_id "
        "FROM c JOIN a ON a.record_no = c.record_no WHERE NOT c._deleted AND NOT a._deleted",
    )
    tally = {
        "title": "每人合计", "grain": "一人一行", "owner": "office", "key": ["person_id"],
        "inputs": {"l": {"table": LINKED, "on": ["person_id"]}},
        "columns": {
            "person_id": {"label": "人员标识", "grade": "L2"},
            "total_amount": {"label": "合计(元)", "type": "decimal(22,2)", "grade": "L2"},
            "count": {"label": "笔数", "type": "bigint", "grade": "L2"},
        },
    }  # fmt: skip
    small.write("base/demo/tally.yml", tally)
    small.select(
        "base/demo/tally.sql",
        "SELECT l.person_id, sum(l.amount) AS total_amount, count(*) AS count FROM l "
        "WHERE l.person_id IS NOT NULL GROUP BY l.person_id",
    )
    return small


def night(small: SmallLake, day: date, files: Files) -> Published:
    """Collect, make, judge and publish one date."""
    for name, rows in files.items():
        small.drop(name, rows)
    small.day = day
    for table in (CHANGE, SNAPSHOT):
        small.collect(table)
    lake = small.lake
    made = ready(lake.ledger, day, pinned_now(lake), [])
    for derived in lake.catalog.derived:
        run_table(lake, small.spark, derived.name, day, pinned=made.vector)
    judge_layer(lake, small.spark, "base", day, session_id="")
    return publish(lake, small.spark, day)


def content_hash(uri: str, version: int | None = None) -> str:
    """Return the hash of a table's rows at a version, without what says which delivery a row came from."""
    rows = _rows(uri, version)
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def _rows(uri: str, version: int | None) -> list[tuple[object, ...]]:
    opened = DeltaTable(uri, version=version)
    found = pa.table(QueryBuilder().register("t", opened).execute("SELECT * FROM t").read_all())
    kept = [name for name in found.column_names if name not in ("_delivery_id", "_line")]
    return sorted((tuple(row[name] for name in kept) for row in found.to_pylist()), key=repr)
