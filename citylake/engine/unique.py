"""``unique``: how many rows bear values that another row bears as well. A row that lacks one of them is not asked."""

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from citylake.contract.model import CollectedContract
from citylake.contract.rules import Rule
from citylake.delta.sql_text import quoted
from citylake.delta.tables import as_frame
from citylake.delta.write import Rows
from citylake.engine.clean.staged import project, rewritten


def repeated(rows: DataFrame, others: DataFrame | None, columns: Sequence[str]) -> int:
    """Return by how many the rows outnumber the values in their columns.

    Args:
        rows: of a table.
        others: the table's other rows, None when there are none.
        columns: those that must name one row.
    """
    names = [quoted(name) for name in columns]
    told = rows.select(*names)
    every = told if others is None else told.unionAll(others.select(*names))
    counted = every.dropna().agg(F.count(F.lit(1)), F.count_distinct(F.struct(*names))).collect()[0]
    return int(counted[0]) - int(counted[1])


def repeated_few(rows: pa.Table, columns: Sequence[str]) -> int:
    """Return what :func:`repeated` would of rows held in this process."""
    told = rows.select(list(columns)).drop_null()
    return int(told.num_rows - told.group_by(list(columns)).aggregate([]).num_rows)


def repeated_after(
    spark: SparkSession, contract: CollectedContract, staged: Rows, absent: Rows | None, current: DataFrame | None
) -> dict[str, int]:
    """Return what each ``unique`` rule finds among the rows that are live after a delivery, before it is written.

    Args:
        spark: session.
        contract: the clean table.
        staged: the delivery's judged lines.
        absent: clean rows that change although no good line bears their key, None when there are none.
        current: the clean table, None before anything was written to it.
    """
    key = list(contract.key)
    rules = _unique(contract)
    if not rules:
        return {}
    read = dict.fromkeys((*key, *(name for rule in rules for name in rule.arguments["columns"])))
    written = as_frame(spark, project(rewritten(staged), {name: name for name in read} | {"_deleted": "_is_delete"}))
    stay = None
    if current is not None:
        moved = written.select(*key)
        if absent is not None:
            gone = as_frame(spark, project(absent, {name: name for name in (*key, "_deleted")}))
            moved = moved.unionAll(gone.where("_deleted").select(*key))
        stay = current.where("NOT _deleted").join(moved, key, "left_anti")
    live = written.where("NOT _deleted")
    return {rule.id: repeated(live, stay, rule.arguments["columns"]) for rule in rules}


def _unique(contract: CollectedContract) -> list[Rule]:
    return [rule for rule in (*contract.rules.gate, *contract.rules.warn) if rule.name == "unique"]
