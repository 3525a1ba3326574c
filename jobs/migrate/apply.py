"""Files that follow a destructive change, by one commit under the table's lease; old versions stay readable.

The table gets its new shape without rows, and the next run makes it anew: a clean table from landing, a derived one from
its inputs. Until then what was accepted of it last stays published and read. A resolver's table carries its rows over:
ids live on in them.
"""

import json
from datetime import date
from typing import TypeGuard

import structlog
from pyspark.sql import SparkSession

from jobs.engine.context import Context
from jobs.engine.delta_log import newest_version
from jobs.engine.errors import TableError
from jobs.engine.record import settle_left
from jobs.engine.shape import shape_of
from jobs.engine.tables import PROPERTIES, Physical, columns_of, literal, marks_of, quoted
from jobs.lake import Lake
from jobs.migrate.dress import dress_up
from jobs.migrate.plan import TablePlan
from ledger.audit import note
from ledger.leases import lease
from ledger.reshaping import reshaped
from ledger.restorations import check_none_open
from schemas.contract import Contract, DerivedContract

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
    uri = context.lake.location(one.table)
    carried = _carries(one.contract)
    with lease(context.lake.ledger, one.table):
        settle_left(context, one.table)
        statement = _statement(context.lake, one)
        spark = context.spark
        spark.conf.set(_METADATA, json.dumps({"migration": one.sentences}, ensure_ascii=False))
        try:
            spark.sql(statement).collect()
        finally:
            spark.conf.unset(_METADATA)
        version = newest_version(uri)
        assert version is not None, f"{one.table} has files"
        reshaped(context.lake.ledger, one.table, version=version, emptied=not carried)
    log.info("migrated", table=one.table, version=version, kinds=sorted({item.kind for item in one.differences}))


def _carries(contract: Contract | None) -> TypeGuard[DerivedContract]:
    return isinstance(contract, DerivedContract) and contract.made_by == "resolver"


def _statement(lake: Lake, one: TablePlan) -> str:
    uri = lake.location(one.table)
    if one.contract is None:
        return f"DELETE FROM delta.{quoted(uri)}"
    return _carrying(lake, one.contract) if _carries(one.contract) else _emptying(uri, one.contract)


def _emptying(uri: str, contract: Contract) -> str:
    described = ", ".join(
        f"{quoted(item.name)} {item.type} COMMENT {literal(item.comment)}" for item in columns_of(contract)
    )
    return f"CREATE OR REPLACE TABLE delta.{quoted(uri)} ({described}) {_options(contract)}"


def _carrying(lake: Lake, contract: DerivedContract) -> str:
    uri = lake.location(contract.name)
    shape = shape_of(uri)
    assert shape is not None, f"{contract.name} has files"
    if new := [name for name in dict.fromkeys((*contract.key, *contract.unit)) if name not in shape.types]:
        raise TableError(
            contract.name,
            f"its rows cannot be carried over: {', '.join(new)} of the new key is not among its columns; "
            "keep the old key, or rename the table",
        )
    columns = ", ".join(_carried(item, present=item.name in shape.types) for item in columns_of(contract))
    return (
        f"CREATE OR REPLACE TABLE delta.{quoted(uri)} {_options(contract)} "
        f"AS SELECT {columns} FROM delta.{quoted(uri)} VERSION AS OF {newest_version(uri)}"
    )


def _carried(item: Physical, *, present: bool) -> str:
    value = f"try_cast({quoted(item.name)} AS {item.type})" if present else f"CAST(NULL AS {item.type})"
    return f"{value} AS {quoted(item.name)}"


def _options(contract: Contract) -> str:
    partition = contract.partition if isinstance(contract, DerivedContract) else ()
    properties = ", ".join(f"'{key}' = '{value}'" for key, value in (PROPERTIES | marks_of(contract)).items())
    partitioned = f"PARTITIONED BY ({', '.join(quoted(name) for name in partition)})" if partition else ""
    return f"USING delta {partitioned} COMMENT {literal(contract.title)} TBLPROPERTIES ({properties})"
