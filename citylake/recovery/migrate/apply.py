"""Files that follow a destructive change, by one overwrite under the table's lease; old versions stay readable.

The table gets its new shape without rows, and the next run makes it anew: a clean table from landing, a derived one from
its inputs. Until then what was accepted of it last stays published and read. A resolver's table carries its rows over:
ids live on in them.
"""

import json
from datetime import date
from typing import TypeGuard

import structlog
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from citylake.contract.model import Contract, DerivedContract
from citylake.delta.errors import TableError
from citylake.delta.log import newest_version
from citylake.delta.shape import shape_of
from citylake.delta.sql_text import literal, quoted
from citylake.delta.tables import COUNTED, Physical, at_version, columns_of, marks_of
from citylake.engine.run.context import Context
from citylake.engine.run.dress import dress_up
from citylake.engine.run.record import sole_writer
from citylake.lake import Lake
from citylake.ledger.nights.restorations import check_none_open
from citylake.ledger.people.decisions import note
from citylake.ledger.runs.reshaping import reshaped
from citylake.recovery.migrate.plan import TablePlan

log = structlog.get_logger()

_METADATA = "spark.databricks.delta.commitInfo.userMetadata"


def apply(
    lake: Lake, spark: SparkSession, plans: list[TablePlan], business_date: date, *, actor: str, destructive: bool
) -> list[str]:
    """Let the tables follow their contracts; columns that were only added are added by the next run.

    Args:
        lake: the lake.
        spark: a session.
        plans: what differs.
        business_date: for runs that a kill left open.
        actor: user name of who decides.
        destructive: whether destructive differences are carried out too.

    Returns:
        The tables that were changed.

    Raises:
        LeaseHeldError: somebody is writing one of the tables.
        RestorationOpenError: the lake is on its way back to an earlier night.
        TableError: a resolver's table cannot carry its rows over.
    """
    check_none_open(lake.ledger)
    changed: list[str] = []
    for one in plans:
        if one.destructive:
            if destructive:
                _reshape(Context(lake, spark, business_date), one)
                note(lake.ledger, actor=actor, action="migrate", subject=one.table, reason="；".join(one.sentences))
                changed.append(one.table)
        elif one.contract is not None:
            changed += dress_up(lake, spark, one.contract)
    return changed


def _reshape(context: Context, one: TablePlan) -> None:
    uri, spark = context.lake.location(one.table), context.spark
    carried = _carries(one.contract)
    with sole_writer(context, one.table):
        said = json.dumps({"migration": one.sentences}, ensure_ascii=False)
        if one.contract is None:
            _delete_all(spark, uri, said)
        else:
            rows = _carried_rows(context, one.contract) if _carries(one.contract) else _no_rows(spark, one.contract)
            _overwrite(rows, uri, one.contract, said)
        version = newest_version(uri)
        assert version is not None, f"{one.table} has files"
        reshaped(context.lake.ledger, one.table, version=version, emptied=not carried)
    if one.contract is not None:
        dress_up(context.lake, spark, one.contract)
    log.info("migrated", table=one.table, version=version, kinds=sorted({item.kind for item in one.differences}))


def _carries(contract: Contract | None) -> TypeGuard[DerivedContract]:
    return isinstance(contract, DerivedContract) and contract.made_by == "resolver"


def _delete_all(spark: SparkSession, uri: str, said: str) -> None:
    spark.conf.set(_METADATA, said)
    try:
        spark.sql(f"DELETE FROM delta.{quoted(uri)}").collect()
    finally:
        spark.conf.unset(_METADATA)


def _overwrite(rows: DataFrame, uri: str, contract: Contract, said: str) -> None:
    """Put rows in the place of everything, in the contract's shape; then say which columns rows are found by."""
    where = f"delta.{quoted(uri)}"
    # The old marks may name a column that goes; a table must not be found by one that it does not have.
    rows.sparkSession.sql(f"ALTER TABLE {where} UNSET TBLPROPERTIES IF EXISTS ('{COUNTED}')").collect()
    writer = rows.write.format("delta").mode("overwrite").options(overwriteSchema="true", userMetadata=said)
    if isinstance(contract, DerivedContract) and contract.partition:
        writer = writer.partitionBy(*contract.partition)
    writer.save(uri)
    marks = ", ".join(f"{literal(key)} = {literal(value)}" for key, value in marks_of(contract).items())
    rows.sparkSession.sql(f"ALTER TABLE {where} SET TBLPROPERTIES ({marks})").collect()


def _no_rows(spark: SparkSession, contract: Contract) -> DataFrame:
    return spark.createDataFrame([], ", ".join(f"{quoted(item.name)} {item.type}" for item in columns_of(contract)))


def _carried_rows(context: Context, contract: DerivedContract) -> DataFrame:
    uri = context.lake.location(contract.name)
    shape, version = shape_of(uri), newest_version(uri)
    assert shape is not None, f"{contract.name} has files"
    assert version is not None
    if new := [name for name in dict.fromkeys((*contract.key, *contract.unit)) if name not in shape.types]:
        raise TableError(
            contract.name,
            f"its rows cannot be carried over: {', '.join(new)} of the new key is not among its columns; "
            "keep the old key, or rename the table",
        )
    rows = at_version(context.spark, uri, version)
    return rows.select(*[_carried(item, present=item.name in shape.types) for item in columns_of(contract)])


def _carried(item: Physical, *, present: bool) -> Column:
    value = F.col(quoted(item.name)).try_cast(item.type) if present else F.lit(None).cast(item.type)
    return value.alias(item.name)
