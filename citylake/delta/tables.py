"""Delta tables as files: how one is made, read at a version and asked for its changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from deltalake import DeltaTable
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.connect.dataframe import DataFrame as ConnectFrame
from pyspark.sql.connect.plan import LocalRelation
from pyspark.sql.pandas.types import from_arrow_schema

from citylake.contract.engine_columns import engine_columns
from citylake.contract.model import CollectedContract, Contract, DerivedContract
from citylake.delta.errors import FeedLostError
from citylake.delta.first_version import write_first_version
from citylake.delta.log import newest_version
from citylake.delta.small_read import held_changes
from citylake.delta.small_write import takes
from citylake.delta.sql_text import literal, quoted
from citylake.spark.local import NotHereError, by_its_clock, is_local
from citylake.spelling import table_of

RESTORE_PROMISE = "interval 30 days"
"""How far back any table can be restored; files and logs are cleaned by maintenance only."""

PROPERTIES = {
    "delta.enableDeletionVectors": "true",
    "delta.enableChangeDataFeed": "true",
    "delta.enableExpiredLogCleanup": "false",
    "delta.deletedFileRetentionDuration": RESTORE_PROMISE,
    "delta.logRetentionDuration": RESTORE_PROMISE,
}

_WHOLE_BYTES = 1024 * 1024
"""Rows that go to this process's own server in one piece; PySpark cuts more of them into pieces."""

COUNTED = "delta.dataSkippingStatsColumns"
"""The property that names the columns rows are found by: statistics are kept of these only."""


@dataclass(frozen=True)
class Physical:
    """One column as the table stores it."""

    name: str
    type: str
    comment: str


def clean_columns(contract: CollectedContract) -> list[Physical]:
    """Return the columns of a clean table: the contract's, then the engine's."""
    added = engine_columns(contract).items()
    return [*contract_columns(contract), *[Physical(name, kind, label) for name, (kind, label) in added]]


def raw_columns(contract: CollectedContract) -> list[Physical]:
    """Return the columns of a raw table: every delivered column as text."""
    operation = [Physical("_operation", "string", "操作标志")] if contract.mode == "change" else []
    texts = [Physical(name, "string", column.label) for name, column in contract.columns.items()]
    return [*texts, *operation, Physical("_delivery_id", "bigint", "交付编号"), Physical("_line", "bigint", "行号")]


def lines_of(contract: CollectedContract) -> dict[str, list[Physical]]:
    """Return the raw and the quarantine table beside a clean one, each with its columns."""
    columns = {"raw": raw_columns(contract), "quarantine": quarantine_columns(contract)}
    return {table_of(contract.resource, layer): said for layer, said in columns.items()}


def quarantine_columns(contract: CollectedContract) -> list[Physical]:
    """Return the columns of a quarantine table: those of raw and every reason."""
    reasons = "array<struct<rule:string,column:string,reason:string>>"
    return [*raw_columns(contract), Physical("_reasons", reasons, "问题原因")]


def contract_columns(contract: Contract) -> list[Physical]:
    """Return the columns a contract declares."""
    return [Physical(name, column.spark_type, column.label) for name, column in contract.columns.items()]


def ensure(
    spark: SparkSession,
    uri: str,
    columns: Sequence[Physical],
    *,
    comment: str,
    found_by: Sequence[str],
    partition: Sequence[str] = (),
    marks: Mapping[str, str] | None = None,
) -> None:
    """Make the table at ``uri`` unless it is there.

    Args:
        spark: session.
        uri: where it lies.
        columns: all of them.
        comment: title, in Chinese.
        found_by: columns that rows are looked up by; statistics of all others would cost more than they spare.
        partition: columns that split it into folders.
        marks: more properties, by which a later change of the contract is noticed.
    """
    if newest_version(uri) is not None:
        return
    said = PROPERTIES | {COUNTED: _counted(found_by, partition)} | dict(marks or {})
    if takes(uri):
        told = [(item.name, item.type, item.comment) for item in columns]
        write_first_version(uri, told, comment=comment, partition=partition, properties=said)
        return
    described = _described(columns)
    properties = ", ".join(f"'{key}' = '{value}'" for key, value in said.items())
    partitioned = f"PARTITIONED BY ({', '.join(quoted(name) for name in partition)})" if partition else ""
    spark.sql(
        f"CREATE TABLE IF NOT EXISTS delta.{quoted(uri)} ({described}) USING delta {partitioned} "
        f"COMMENT {literal(comment)} TBLPROPERTIES ({properties})"
    )


def _described(columns: Sequence[Physical]) -> str:
    return ", ".join(f"{quoted(item.name)} {item.type} COMMENT {literal(item.comment)}" for item in columns)


def add_columns(spark: SparkSession, uri: str, columns: Sequence[Physical]) -> None:
    """Add the columns that a contract has gained to a table that is there; nothing is ever dropped here."""
    if newest_version(uri) is None:
        return
    rows = spark.read.format("delta").load(uri) if not takes(uri) else None
    present = {field.name for field in (DeltaTable(uri).schema() if rows is None else rows.schema).fields}
    if gained := [item for item in columns if item.name not in present]:
        spark.sql(f"ALTER TABLE delta.{quoted(uri)} ADD COLUMNS ({_described(gained)})")


def ensure_clean(spark: SparkSession, uri: str, contract: CollectedContract) -> None:
    """Make a clean table at ``uri`` unless it is there."""
    ensure(
        spark,
        uri,
        clean_columns(contract),
        comment=contract.title,
        found_by=found_by(contract),
        marks=marks_of(contract),
    )


def ensure_derived(spark: SparkSession, uri: str, contract: DerivedContract) -> None:
    """Make a derived table at ``uri`` unless it is there."""
    ensure(
        spark,
        uri,
        derived_columns(contract),
        comment=contract.title,
        found_by=found_by(contract),
        partition=contract.partition,
        marks=marks_of(contract),
    )


def found_by(contract: Contract) -> list[str]:
    """Return the columns that rows of a clean or derived table are looked up by."""
    if isinstance(contract, CollectedContract):
        return [*contract.key, "_record_id", "_as_of"]
    due = [name for name in ("_recheck_on",) if name in contract.columns]
    return [*contract.key, *contract.unit, *due]


def marks_of(contract: Contract) -> dict[str, str]:
    """Return the properties that follow from key, unit and partition: by them a change of these is noticed."""
    key = {"citylake.key": ",".join(contract.key)}
    if isinstance(contract, CollectedContract):
        return key | {COUNTED: _counted(found_by(contract), ())}
    counted = _counted(found_by(contract), contract.partition)
    return key | {COUNTED: counted, "citylake.unit": ",".join(contract.unit)}


def _counted(names: Sequence[str], partition: Sequence[str]) -> str:
    return ",".join(name for name in dict.fromkeys(names) if name not in partition)


def local_frame(spark: SparkSession, rows: pa.Table) -> DataFrame:
    """Return rows held in this process as a frame whose data travel with the plan; no rows keep their columns."""
    if is_local(spark) and rows.nbytes <= _WHOLE_BYTES:
        # As createDataFrame does, which asks the server for five settings first.
        schema = None if rows.num_rows else from_arrow_schema(rows.schema).json()
        given = by_its_clock(rows) if rows.num_rows else None
        return ConnectFrame(LocalRelation(given, schema), spark)  # type: ignore[arg-type]
    if rows.num_rows == 0:
        return spark.createDataFrame([], from_arrow_schema(rows.schema))
    return spark.createDataFrame(rows)


def as_frame(spark: SparkSession, rows: DataFrame | pa.Table) -> DataFrame:
    """Return rows that Spark has, or this process holds, as a frame."""
    return local_frame(spark, rows) if isinstance(rows, pa.Table) else rows


def at_version(spark: SparkSession, uri: str, version: int) -> DataFrame:
    """Return the table as it stood at a version."""
    return spark.read.format("delta").option("versionAsOf", version).load(uri)


def feed(spark: SparkSession, table: str, uri: str, consumed: int, present: int) -> DataFrame:
    """Return the changes after version ``consumed`` up to ``present``: the columns and ``_change_type``.

    Raises:
        FeedLostError: the feed does not reach back that far, or its columns no longer fit.
        NotHereError: it is more than this process should hold.
    """
    if is_local(spark):
        if (rows := held_changes(uri, consumed, present)) is None:
            raise NotHereError("a change feed that is not read here")
        return local_frame(spark, rows)
    options = {"readChangeFeed": "true", "startingVersion": str(consumed + 1), "endingVersion": str(present)}
    changes = spark.read.format("delta").options(**options).load(uri)
    try:
        columns = changes.columns
    except AnalysisException as error:
        raise FeedLostError(table, f"change feed {consumed + 1}..{present} cannot be read; rebuilding") from error
    return changes.select([quoted(name) for name in columns if name not in {"_commit_version", "_commit_timestamp"}])


def columns_of(contract: Contract) -> list[Physical]:
    """Return the physical columns of a clean or derived table."""
    return clean_columns(contract) if isinstance(contract, CollectedContract) else derived_columns(contract)


def derived_columns(contract: DerivedContract) -> list[Physical]:
    """Return the columns of a derived table."""
    return contract_columns(contract)
