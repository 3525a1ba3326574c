"""Events: what happened to ids between two crosswalks, read from the crosswalk's change feed, kept for good."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from citylake.contract.linked import kind_id
from citylake.contract.resolve_spec import ResolveSpec
from citylake.engine.derived.evaluate import TransformRun
from citylake.engine.derived.offered import Offer


def transform(_inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return all events: the previous ones and those of the crosswalk's changes since it was last consumed."""
    thing = kind_id(run.catalog.spec(run.contract.domain).kind)
    names = ("event_id", "event_date", "event_kind_code", thing, f"other_{thing}", "subject_count")
    return run.previous.select(*names).unionAll(_fresh(run))


def changes(run: TransformRun) -> Offer | None:
    """Return the new events alone, None when there are none before."""
    if run.is_whole:
        return None
    path = f"{run.scratch}/events"
    _fresh(run).write.mode("overwrite").parquet(path)
    rows = run.spark.read.parquet(path)
    return Offer(rows.select("event_id"), rows)


def _fresh(run: TransformRun) -> DataFrame:
    """Return the events of the crosswalk's changes since it was last consumed that are not known yet.

    One event per day, kind and pair of ids: CREATE (a new id), ABSORB (new subjects of a known id), MOVE (subjects went
    to another known id), SPLIT (subjects left for a new id), RELEASE (subjects are gone), MERGE_PROPOSED (two ids may
    be one); by people's decisions MERGE_APPROVED (all of one id went to another), UNMERGE (they have their own again) and
    OVERRIDE (subjects were taken out of an id).
    """
    spec = run.catalog.spec(run.contract.domain)
    id_name = kind_id(spec.kind)
    known = run.previous.where("event_kind_code IN ('CREATE', 'SPLIT')").select(
        F.col(id_name).alias("new_id"), F.lit(True).alias("is_known")
    )
    sides = _sides(run.feed("crosswalk"), spec, id_name).join(known.distinct(), "new_id", "left")
    same_part = F.col("old_own") == F.col("new_own")
    kind = (
        F.when(F.col("new_id").isNull(), "RELEASE")
        .when(F.col("old_id").isNull() & F.col("is_known").isNull(), "CREATE")
        .when(F.col("old_id").isNull(), "ABSORB")
        .when(F.col("is_known").isNull(), "SPLIT")
        .when(same_part & (F.col("new_id") != F.col("new_own")), "MERGE_APPROVED")
        .when(same_part, "UNMERGE")
        .otherwise("MOVE")
    )
    moved = ~F.col("old_id").eqNullSafe(F.col("new_id"))
    left = F.when(F.col("new_id").isNotNull(), F.col("old_id"))
    suspected = F.col("rival").isNotNull() & ~F.col("rival").eqNullSafe(F.col("old_rival"))
    decided = (F.col("new_rule") == "override") & ~F.col("old_rule").eqNullSafe(F.lit("override"))
    # One array per subject: a union of three readings of the feed would be planned and run three times.
    happened = F.array(
        _event(moved, kind, F.coalesce("new_id", "old_id"), left),
        _event(suspected, F.lit("MERGE_PROPOSED"), F.col("new_id"), F.col("rival")),
        _event(decided, F.lit("OVERRIDE"), F.col("new_id"), F.col("old_id")),
    )
    told = sides.select(F.explode(F.array_compact(happened)).alias("event")).select("event.*")
    counted = told.groupBy("event_kind_code", "own", "other").agg(F.count(F.lit(1)).cast("int").alias("subject_count"))
    day = F.lit(run.business_date)
    text = F.concat_ws("\u001f", day.cast("string"), "event_kind_code", "own", F.coalesce("other", F.lit("")))
    fresh = counted.select(
        F.concat(F.lit("e"), F.substring(F.sha2(text, 256), 1, 32)).alias("event_id"),
        day.alias("event_date"),
        "event_kind_code",
        F.col("own").alias(id_name),
        F.col("other").alias(f"other_{id_name}"),
        "subject_count",
    )
    return fresh.join(run.previous.select("event_id"), "event_id", "left_anti")


def _event(happened: Column, kind: Column, own: Column, other: Column) -> Column:
    # A literal is never NULL, and Sail puts no structs side by side of which only some can lack a field.
    said = F.when(happened, kind).alias("event_kind_code")
    return F.when(happened, F.struct(said, own.alias("own"), other.alias("other")))


def _sides(changes: DataFrame, spec: ResolveSpec, id_name: str) -> DataFrame:
    """Return per changed subject what it was and what it is: ids, rule, and the id it may be one with."""
    old, new = ("delete", "update_preimage"), ("insert", "update_postimage")
    suspect = F.col("review_reason").isin(*[rule.name for rule in spec.proposals])
    return changes.groupBy("subject_id").agg(
        _side(*old, id_name).alias("old_id"),
        _side(*new, id_name).alias("new_id"),
        _side(*old, f"own_{id_name}").alias("old_own"),
        _side(*new, f"own_{id_name}").alias("new_own"),
        _side(*old, "rule").alias("old_rule"),
        _side(*new, "rule").alias("new_rule"),
        _side(*new, f"other_{id_name}", suspect).alias("rival"),
        _side(*old, f"other_{id_name}", suspect).alias("old_rival"),
    )


def _side(one: str, other: str, column: str, where: Column | None = None) -> Column:
    """Return a column's value on one side of a subject's change."""
    mine = F.col("_change_type").isin(one, other)
    mine = mine if where is None else mine & where
    return F.max(F.when(mine, F.col(column)))
