"""Putting rows in the place of many units without Spark: Spark, Delta's Rust library and the change feed see the same rows."""

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from citylake.delta.deletion_vectors import VectorError, decoded, encoded, read_vector, write_vectors
from citylake.delta.errors import CommitLostError
from citylake.delta.log import commit
from citylake.delta.lookup import hits, rows_of_keys
from citylake.delta.small_write import CHECKPOINT
from citylake.delta.snapshot import snapshot
from citylake.delta.tables import Physical, ensure, feed
from citylake.delta.unit_write import replace_units

COLUMNS = [
    Physical(name, kind, "")
    for name, kind in (
        ("k", "string"), ("j", "int"), ("n", "bigint"), ("d", "date"), ("ts", "timestamp"), ("m", "decimal(12,2)"),
        ("b", "boolean"), ("l", "array<struct<rule:string,column:string>>"),
    )
]  # fmt: skip
REASONS = pa.list_(pa.struct([("rule", pa.string()), ("column", pa.string())]))
SCHEMA = pa.schema(
    [
        ("k", pa.string()), ("j", pa.int32()), ("n", pa.int64()), ("d", pa.date32()), ("ts", pa.timestamp("us", "UTC")),
        ("m", pa.decimal128(12, 2)), ("b", pa.bool_()), ("l", REASONS),
    ]
)  # fmt: skip
BY = ("k", "j")
Row = dict[str, Any]


def made(draw: random.Random, k: str, j: int) -> Row:
    """A row with whatever a table of the lake may hold."""
    moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(microseconds=draw.randrange(10**15))
    return {
        "k": k, "j": j, "n": draw.choice([None, draw.randrange(10**12)]),
        "d": draw.choice([None, date(2024, 1, 1) + timedelta(draw.randrange(900))]),
        "ts": draw.choice([None, moment]),
        "m": draw.choice([None, Decimal(draw.randrange(-(10**9), 10**9)).scaleb(-2)]),
        "b": draw.choice([None, True, False]),
        "l": draw.choice([None, [], [{"rule": "r", "column": "c"}, {"rule": None, "column": "中"}]]),
    }  # fmt: skip


def told(rows: Sequence[Row]) -> Counter[str]:
    return Counter(json.dumps(row, default=str, sort_keys=True) for row in rows)


def by_library(uri: str, version: int | None = None) -> Counter[str]:
    return told(pa.table(DeltaTable(uri, version=version).scan()).cast(SCHEMA).to_pylist())


def by_spark(spark: SparkSession, uri: str) -> Counter[str]:
    return told(spark.read.format("delta").load(uri).toArrow().cast(SCHEMA).to_pylist())


def replayed(before: Counter[str], changes: pa.Table) -> Counter[str]:
    """What a change feed makes of the rows before it."""
    kinds = changes.column("_change_type").cast(pa.string()).to_pylist()
    after = Counter(before)
    for row, kind in zip(changes.select(SCHEMA.names).cast(SCHEMA).to_pylist(), kinds, strict=True):
        after.update({key: 1 if kind == "insert" else -1 for key in told([row])})
    return Counter({key: count for key, count in after.items() if count})


def units(keys: Sequence[tuple[str, int]]) -> pa.Table:
    return pa.table({"k": pa.array([k for k, _ in keys], pa.string()), "j": pa.array([j for _, j in keys], pa.int32())})


def put(uri: str, run: int, rows: Sequence[Row], keys: Sequence[tuple[str, int]], *, stream: str = "s") -> bool:
    return replace_units(
        "base.t", uri, pa.Table.from_pylist(list(rows), SCHEMA), BY, units(keys),
        metadata=json.dumps({"run": run, "step": 1}), stream=stream, run_id=run,
    )  # fmt: skip


@pytest.fixture
def uri(spark: SparkSession, tmp_path: Path) -> str:
    """A table of two thousand rows in several files."""
    uri, draw = str(tmp_path / "t"), random.Random(3)
    ensure(spark, uri, COLUMNS, comment="表", found_by=["k", "d"])
    rows = [made(draw, f"{draw.choice(['', '甲'])}{number}", number % 3) for number in range(2_000)]
    spark.createDataFrame(pa.Table.from_pylist(rows, SCHEMA)).repartition(3).write.format("delta").mode("append").save(
        uri
    )
    return uri


class Model:
    """What the table must hold, by unit."""

    def __init__(self, uri: str) -> None:
        self.rows: dict[tuple[str, int], list[Row]] = {}
        for row in pa.table(DeltaTable(uri).scan()).cast(SCHEMA).to_pylist():
            self.rows.setdefault((row["k"], row["j"]), []).append(row)

    def replace(self, keys: Sequence[tuple[str, int]], rows: Sequence[Row]) -> None:
        for key in keys:
            self.rows.pop(key, None)
        for row in rows:
            self.rows.setdefault((row["k"], row["j"]), []).append(row)

    @property
    def content(self) -> Counter[str]:
        return told([row for rows in self.rows.values() for row in rows])


def steps(count: int, draw: random.Random) -> Iterator[str]:
    yield from ("here", "here", "spark", "here", "optimized", "here", "deleted", "here", "restored", "here")
    for _ in range(count - 10):
        yield draw.choices(["here", "spark", "optimized", "deleted", "restored"], [6, 2, 1, 1, 1])[0]


def by_spark_replaced(spark: SparkSession, uri: str, rows: Sequence[Row]) -> None:
    frame = spark.createDataFrame(pa.Table.from_pylist(list(rows), SCHEMA))
    frame.write.format("delta").mode("overwrite").option("replaceUsing", ",".join(BY)).save(uri)


@pytest.mark.timeout(900)
def test_whoever_writes_and_tidies_up_in_between_everybody_reads_the_same_rows(spark: SparkSession, uri: str) -> None:
    draw, model = random.Random(11), Model(uri)
    for run, step in enumerate(steps(12, draw), 1):
        before, version = model.content, DeltaTable(uri).version()
        if step in ("here", "spark"):
            keys = draw.sample(list(model.rows), draw.choice([1, 5, 200, 900]))
            gone = set(draw.sample(keys, len(keys) // 4)) if step == "here" else set()
            new = [made(draw, *key) for key in keys if key not in gone for _ in range(draw.choice([1, 1, 2]))]
            new += [made(draw, f"N{run}_{number}", 0) for number in range(draw.randrange(20))]
            keys += [(row["k"], row["j"]) for row in new]
            if step == "here":
                assert put(uri, run, new, list(dict.fromkeys(keys)))
            else:
                by_spark_replaced(spark, uri, new)
            model.replace(keys, new)
        elif step == "optimized":
            spark.sql(f"OPTIMIZE delta.`{uri}`").collect()
        elif step == "deleted":
            spark.sql(f"DELETE FROM delta.`{uri}` WHERE j = 1 AND n % 7 = 3").collect()
            model = Model(uri)
        else:
            spark.sql(f"RESTORE delta.`{uri}` TO VERSION AS OF {version - 2}").collect()
            model = Model(uri)
        assert by_library(uri) == model.content
        assert by_spark(spark, uri) == model.content
        if step == "here":
            changes = feed(spark, "base.t", uri, version, version + 1)
            assert replayed(before, changes.toArrow()) == model.content
            assert replayed(before, pa.table(DeltaTable(uri).load_cdf(version + 1, version + 1))) == model.content


def test_units_that_have_vanished_leave_and_nothing_is_added(spark: SparkSession, uri: str) -> None:
    model = Model(uri)
    keys = list(model.rows)
    assert put(uri, 1, [], keys)
    assert by_library(uri) == by_spark(spark, uri) == Counter()
    assert put(uri, 2, [made(random.Random(1), "甲1", 1)], [("甲1", 1)])
    assert len(by_library(uri)) == len(by_spark(spark, uri)) == 1


def test_a_commit_names_its_run_and_an_older_run_is_refused(uri: str) -> None:
    row = made(random.Random(1), "甲1", 1)
    assert put(uri, 5, [row], [("甲1", 1)])
    assert commit(uri, 2).metadata == {"run": 5, "step": 1}
    for run in (4, 5):
        with pytest.raises(CommitLostError, match="a newer run has been here"):
            put(uri, run, [row], [("甲1", 1)])


@pytest.mark.parametrize("theirs", ["s", "other"])
def test_somebody_who_was_faster_is_not_written_over(uri: str, monkeypatch: pytest.MonkeyPatch, theirs: str) -> None:
    """Of the same stream of transactions nothing is written, of another behind it; either way nothing is left lying about."""
    one, other = list(Model(uri).rows)[:2]
    mine, yours, overtaken = made(random.Random(1), *one), made(random.Random(2), *other), False

    def slow(*given: Any) -> Any:
        nonlocal overtaken
        found = hits(*given)
        if not overtaken:
            overtaken = True
            put(uri, 1, [yours], [other], stream=theirs)
        return found

    monkeypatch.setattr("citylake.delta.unit_write.hits", slow)
    if theirs == "s":
        with pytest.raises(CommitLostError):
            put(uri, 1, [mine], [one])
    else:
        assert put(uri, 1, [mine], [one])
    version = DeltaTable(uri).version()
    assert version == (2 if theirs == "s" else 3)
    logged = "".join(path.read_text("utf-8") for path in (Path(uri) / "_delta_log").glob("*.json"))
    named = [path.name for path in Path(uri).glob("part-*") if path.name not in logged]
    vectors = list(Path(uri).glob("deletion_vector_*"))
    assert (named, len(vectors)) == ([], version - 1)


def change_metadata(uri: str, change: Mapping[str, Any]) -> None:
    """Write a commit in which the table's metadata or protocol says something else."""
    table = snapshot(uri)
    assert table is not None
    kind = next(iter(change))
    action = {kind: (table.metadata if kind == "metaData" else table.protocol) | change[kind]}
    (Path(uri) / "_delta_log" / f"{table.version + 1:020d}.json").write_text(json.dumps(action) + "\n", "utf-8")


@pytest.mark.parametrize(
    "change",
    [
        {
            "protocol": {
                "writerFeatures": ["appendOnly", "changeDataFeed", "deletionVectors", "invariants", "rowTracking"]
            }
        },
        {"protocol": {"minReaderVersion": 2}},
        {"metaData": {"configuration": {"delta.enableDeletionVectors": "false"}}},
        {"metaData": {"configuration": {"delta.enableDeletionVectors": "true", "delta.appendOnly": "true"}}},
        {"metaData": {"configuration": {"delta.enableDeletionVectors": "true", "delta.constraints.a": "n > 0"}}},
        {"metaData": {"partitionColumns": ["k"]}},
    ],
)
def test_a_table_with_rules_that_are_not_known_here_is_left_to_spark(uri: str, change: Mapping[str, Any]) -> None:
    change_metadata(uri, change)
    files = sorted(path.name for path in Path(uri).rglob("*"))
    assert not put(uri, 1, [made(random.Random(1), "甲1", 1)], [("甲1", 1)])
    assert sorted(path.name for path in Path(uri).rglob("*")) == files


def test_a_log_that_lacks_a_commit_is_left_to_spark(uri: str) -> None:
    (Path(uri) / "_delta_log" / f"{0:020d}.json").unlink()
    assert snapshot(uri) is None
    assert rows_of_keys(uri, ["k"], BY, units([("甲1", 1)])) is None


def test_rows_are_found_behind_a_checkpoint_at_a_version_and_without_those_that_are_gone(uri: str) -> None:
    model, draw = Model(uri), random.Random(5)
    for run in range(1, CHECKPOINT + 3):
        keys = draw.sample(list(model.rows), 30)
        new = [made(draw, *key) for key in keys[:20]]
        assert put(uri, run, new, keys)
        model.replace(keys, new)
    assert (Path(uri) / "_delta_log" / "_last_checkpoint").exists()
    wanted = [*draw.sample(list(model.rows), 100), ("nobody", 0)]
    found = rows_of_keys(uri, SCHEMA.names, BY, units(wanted))
    assert found is not None
    assert told(found.cast(SCHEMA).to_pylist()) == told([row for key in wanted for row in model.rows.get(key, [])])
    older = rows_of_keys(uri, ["k"], BY, units([("甲1", 1), ("1", 1)]), 1)
    assert older is not None
    assert older.num_rows == 1
    assert by_library(uri) == model.content


@pytest.mark.parametrize("most", [1, 50, 70_000, 3_000_000])
def test_positions_come_back_from_a_vector_as_they_went_in(tmp_path: Path, most: int) -> None:
    draw = np.random.default_rng(most)
    vectors = [np.unique(draw.integers(0, most, count).astype(np.uint32)) for count in (1, 300, 9_000, 200_000)]
    descriptors = write_vectors(tmp_path, vectors)
    for vector, said in zip(vectors, descriptors, strict=True):
        assert np.array_equal(read_vector(tmp_path, said), vector)
        assert said["cardinality"] == len(vector)


def test_runs_are_read_as_others_write_them() -> None:
    """Three containers: a run of three rows and one of a single row, a list, and a run that fills its container."""
    header = (12347 | 2 << 16).to_bytes(4, "little") + bytes([0b101])
    keys = b"".join(part.to_bytes(2, "little") for part in (0, 3, 1, 0, 2, 65_535))
    values = b"".join(part.to_bytes(2, "little") for part in (2, 5, 2, 9, 0, 7, 1, 0, 65_535))
    whole = (1681511377).to_bytes(4, "little") + (1).to_bytes(8, "little") + bytes(4) + header + keys + values
    assert decoded(whole).tolist() == [5, 6, 7, 9, 65_543, *range(131_072, 196_608)]


@pytest.mark.parametrize("spoilt", [b"", b"\x00" * 40, encoded(np.arange(9, dtype=np.uint32))[:-3]])
def test_a_damaged_vector_is_no_vector(spoilt: bytes) -> None:
    with pytest.raises(VectorError):
        decoded(spoilt)


def test_a_vector_that_is_not_what_its_checksum_says_is_refused(tmp_path: Path) -> None:
    said = write_vectors(tmp_path, [np.arange(9, dtype=np.uint32)])[0]
    file = next(tmp_path.iterdir())
    held = bytearray(file.read_bytes())
    held[-6] ^= 1
    file.write_bytes(bytes(held))
    with pytest.raises(VectorError):
        read_vector(tmp_path, said)
    with pytest.raises(VectorError):
        read_vector(tmp_path, said | {"storageType": "i"})
