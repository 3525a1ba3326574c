"""What a delivery's lines mean: each line gets exactly one outcome, so that accounting closes by construction."""

from collections.abc import Sequence
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window, WindowSpec

from citylake.contract.model import CollectedContract
from citylake.engine.clean.conform import REASON, reason
from citylake.engine.clean.hashes import row_hash
from citylake.standards.signs import folded

OUTCOMES = (
    "inserted",
    "updated",
    "deleted",
    "unchanged",
    "repeated",
    "superseded",
    "quarantined",
    "unreadable",
)
"""What can become of a line."""


_WORKING = ("_rank", "_first_hash", "_differs", "_known_hash", "_known_deleted", "_known_held", "_known_order")
"""Columns that only the decision needs."""


def decide(
    judged: DataFrame,
    current: DataFrame | None,
    contract: CollectedContract,
    *,
    keys_differ: bool = False,
    spread: bool = False,
) -> DataFrame:
    """Give every line its ``_outcome``, its ``_row_hash``, and say with ``_rewrite`` whether its clean row is written.

    Args:
        judged: checked lines with ids (``_reasons``, ``_unreadable``, typed columns).
        current: the clean table, tombstones included; None before anything was ever written to it.
        contract: mode, key and order.
        keys_differ: no two lines share a key, so that they need not be ranked.
        spread: the clean table's keys fit into every worker's memory, so that the lines need not be sorted to meet them.
    """
    lines = judged.withColumn("_row_hash", row_hash(contract))
    lines = lines.withColumn("_is_delete", _is_delete(contract)).withColumn("_good", _good(contract))
    ranked = _unranked(lines) if keys_differ else _ranked(lines, contract)
    compared = _meeting_nothing(ranked) if current is None else _meeting(ranked, current, contract, spread=spread)
    decided = compared.withColumn("_outcome", _OUTCOME[contract.mode](contract))
    # A tombstone takes the newest delete's order, lest a change from between the two bring the record back.
    is_later = F.col("_known_hash").isNull() | (F.col("_known_order") < order_of(contract))
    rewritten = (
        F.col("_outcome").isin("inserted", "updated", "deleted")
        | ((F.col("_outcome") == "unchanged") & F.col("_known_held").isNotNull())
        | (F.col("_is_delete") & (F.col("_outcome") == "unchanged") & is_later)
    )
    late = F.when(
        (F.col("_outcome") == "quarantined") & F.col("_good"),
        F.array(reason(*_REWRITTEN[contract.mode])),
    )
    said = decided.withColumns(
        {
            "_rewrite": F.coalesce(rewritten, F.lit(False)),
            "_reasons": F.concat("_reasons", F.coalesce(late, F.array().cast(f"array<{REASON}>"))),
        }
    )
    return said.drop(*_WORKING, *[f"_key_{name}" for name in contract.key])


def _meeting(lines: DataFrame, current: DataFrame, contract: CollectedContract, *, spread: bool) -> DataFrame:
    """Return the lines beside what is known under their keys."""
    known = current.select(
        *[F.col(f"`{name}`").alias(f"_key_{name}") for name in contract.key],
        F.col("_row_hash").alias("_known_hash"),
        F.col("_deleted").alias("_known_deleted"),
        F.col("_held_since").alias("_known_held"),
        order_of(contract).alias("_known_order"),
    )
    same_key = [F.col(f"`{name}`") == F.col(f"`_key_{name}`") for name in contract.key]
    return lines.join(F.broadcast(known) if spread else known, [F.col("_good"), *same_key], "left")


def _meeting_nothing(lines: DataFrame) -> DataFrame:
    kinds = {"_known_hash": "bigint", "_known_deleted": "boolean", "_known_held": "date"}
    unknown = {name: F.lit(None).cast(kind) for name, kind in kinds.items()}
    return lines.withColumns({**unknown, "_known_order": F.lit(None)})


def order_of(contract: CollectedContract) -> Column:
    """Return what says which of two rows of a key is newer; NULL where the mode knows no order."""
    if contract.change is None:
        return F.lit(None).cast("string")
    return F.struct(*[F.col(f"`{name}`") for name in contract.change.order])


def _is_delete(contract: CollectedContract) -> Column:
    if contract.change is None or contract.change.operation is None:
        return F.lit(False)
    return F.coalesce(folded(F.col("_operation")).isin(*contract.change.delete), F.lit(False))


def _good(contract: CollectedContract) -> Column:
    """Return whether a line can be taken; a delete needs its key, what rightly says when it was so, and nothing else."""
    keyed = _all_said(contract.key)
    order = contract.change.order if contract.change is not None else ()
    ahead = [f"not_in_future:{name}" for name in order]
    deletes = F.col("_is_delete") & _all_said(order) & ~F.exists("_reasons", lambda one: one["rule"].isin(*ahead))
    return F.col("_unreadable").isNull() & keyed & ((F.size("_reasons") == 0) | deletes)


def _all_said(names: Sequence[str]) -> Column:
    return reduce(and_, [F.col(f"`{name}`").isNotNull() for name in names], F.lit(True))


def _ranked(lines: DataFrame, contract: CollectedContract) -> DataFrame:
    """Number the lines of each key, the one that counts first, and keep what its content is."""
    of_key = Window.partitionBy(*[F.col(f"`{name}`") for name in contract.key], F.col("_good"))
    ordered = of_key.orderBy(*_preference(contract))
    return lines.withColumns(
        {
            "_rank": F.row_number().over(ordered),
            "_first_hash": F.first("_row_hash").over(ordered),
            "_differs": _differs(of_key),
        }
    )


def _unranked(lines: DataFrame) -> DataFrame:
    """Return what ``_ranked`` would for lines of which no two share a key."""
    return lines.withColumns({"_rank": F.lit(1), "_first_hash": F.col("_row_hash"), "_differs": F.lit(False)})


def _preference(contract: CollectedContract) -> list[Column]:
    if contract.change is not None:
        return [*[F.col(f"`{name}`").desc_nulls_last() for name in contract.change.order], F.col("_line").desc()]
    if contract.mode == "event" and contract.corrections == "replace":
        return [F.col("_line").desc()]
    return [F.col("_line").asc()]


def _differs(of_key: WindowSpec) -> Column:
    return F.min("_row_hash").over(of_key) != F.max("_row_hash").over(of_key)


def _refused() -> Column:
    return F.when(F.col("_unreadable").isNotNull(), "unreadable").when(~F.col("_good"), "quarantined")


def _change(contract: CollectedContract) -> Column:
    known = F.col("_known_hash").isNotNull()
    same = F.col("_row_hash") == F.col("_first_hash")
    return (
        _refused()
        .when((F.col("_rank") > 1) & same, "repeated")
        .when(F.col("_rank") > 1, "superseded")
        .when(known & (order_of(contract) < F.col("_known_order")), "superseded")
        .when(F.col("_is_delete") & known & ~F.col("_known_deleted"), "deleted")
        .when(F.col("_is_delete"), "unchanged")
        .when(~known | F.col("_known_deleted"), "inserted")
        .when(F.col("_row_hash") == F.col("_known_hash"), "unchanged")
        .otherwise("updated")
    )


def _snapshot(contract: CollectedContract) -> Column:
    known = F.col("_known_hash").isNotNull()
    return (
        _refused()
        .when(F.col("_differs"), "quarantined")
        .when(F.col("_rank") > 1, "repeated")
        .when(~known | F.col("_known_deleted"), "inserted")
        .when(F.col("_row_hash") == F.col("_known_hash"), "unchanged")
        .otherwise("updated")
    )


def _event(contract: CollectedContract) -> Column:
    replaces = contract.corrections == "replace"
    known = F.col("_known_hash").isNotNull()
    same_as_first = F.col("_row_hash") == F.col("_first_hash")
    return (
        _refused()
        .when((F.col("_rank") > 1) & same_as_first, "repeated")
        .when(F.col("_rank") > 1, "superseded" if replaces else "quarantined")
        .when(~known, "inserted")
        .when(F.col("_row_hash") == F.col("_known_hash"), "repeated")
        .otherwise("updated" if replaces else "quarantined")
    )


_OUTCOME = {"change": _change, "snapshot": _snapshot, "event": _event}
_REWRITTEN = {
    "change": ("order", "", "同一主键的顺序无法判断"),
    "snapshot": ("duplicate_key", "", "同一快照中同一主键出现多行且内容不同"),
    "event": ("event_rewritten", "", "同一流水号此前已报送且内容不同"),
}
