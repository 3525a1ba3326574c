"""Events: what happened to ids between two crosswalks, read from the crosswalk's change feed, kept for good."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine.evaluate import TransformRun
from schemas.linked import kind_id
from schemas.resolve_spec import ResolveSpec


def events(run: TransformRun, spec: ResolveSpec, alias: str) -> DataFrame:
    """Return all events: the previous ones and those of the crosswalk's changes since it was last consumed.

    One event per day, kind and pair of ids: CREATE (a new id), ABSORB (new subjects of a known id), MOVE (subjects went
    to another known id), SPLIT (subjects left for a new id), RELEASE (subjects are gone), MERGE_PROPOSED (two ids may
    be one).

    Args:
        run: the event table's run.
        spec: names the id.
        alias: the crosswalk among its inputs.
    """
    id_name = kind_id(spec.kind)
    changes = run.feed(alias)
    suspect = F.col("review_reason").isin(*[rule.name for rule in spec.proposals])
    sides = changes.groupBy("subject_id").agg(
        _side("delete", "update_preimage", id_name).alias("old_id"),
        _side("insert", "update_postimage", id_name).alias("new_id"),
        _side("insert", "update_postimage", f"other_{id_name}", suspect).alias("rival"),
        _side("delete", "update_preimage", f"other_{id_name}", suspect).alias("old_rival"),
    )
    moved = sides.where("NOT (old_id <=> new_id)")
    known = run.previous.where("event_kind_code IN ('CREATE', 'SPLIT')").select(
        F.col(id_name).alias("new_id"), F.lit(True).alias("is_known")
    )
    told = moved.join(known.distinct(), "new_id", "left")
    kind = (
        F.when(F.col("new_id").isNull(), "RELEASE")
        .when(F.col("old_id").isNull() & F.col("is_known").isNull(), "CREATE")
        .when(F.col("old_id").isNull(), "ABSORB")
        .when(F.col("is_known").isNull(), "SPLIT")
        .otherwise("MOVE")
    )
    happened = told.select(
        kind.alias("event_kind_code"), F.coalesce("new_id", "old_id").alias("own"),
        F.when(F.col("new_id").isNotNull(), F.col("old_id")).alias("other"),
    )  # fmt: skip
    suspected = sides.where("rival IS NOT NULL AND NOT (rival <=> old_rival)").select(
        F.lit("MERGE_PROPOSED").alias("event_kind_code"), F.col("new_id").alias("own"), F.col("rival").alias("other")
    )
    counted = (
        happened.unionAll(suspected)
        .groupBy("event_kind_code", "own", "other")
        .agg(F.count(F.lit(1)).cast("int").alias("subject_count"))
    )
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
    known_ids = run.previous.select("event_id")
    return run.previous.select(*fresh.columns).unionAll(fresh.join(known_ids, "event_id", "left_anti"))


def _side(one: str, other: str, column: str, where: Column | None = None) -> Column:
    """Return a column's value on one side of a subject's change."""
    mine = F.col("_change_type").isin(one, other)
    mine = mine if where is None else mine & where
    return F.max(F.when(mine, F.col(column)))
