"""The crosswalk: every subject of the clean tables and the thing it belongs to, with stable ids."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine.evaluate import TransformRun
from jobs.resolve.ids import Minting, entity_ids
from jobs.resolve.links import Stage, links
from jobs.resolve.subjects import subjects
from schemas.linked import kind_id
from schemas.resolve_spec import ResolveSpec, load_resolve_spec, roles


def spec_of(run: TransformRun) -> ResolveSpec:
    """Return the spec of the library that the running table belongs to."""
    return load_resolve_spec(run.catalog.root / "base" / run.contract.domain / "resolve.yml")


def resolve(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return the crosswalk of a kind: the same inputs and the same previous crosswalk give the same rows.

    Args:
        inputs: clean tables by ``<department>__<resource>``.
        run: the crosswalk's run; its previous rows are the state that carries ids.
    """
    spec = spec_of(run)
    stage = _stage(run)
    named = stage(subjects(inputs, roles(spec, run.catalog.collected), run.business_date), "subjects")
    linked = stage(links(named, spec, stage), "links")
    minting = Minting(spec.id, run.key_frame, run.business_date)
    return crosswalk(linked, run.previous, minting, kind_id(spec.kind), stage)


def crosswalk(linked: DataFrame, previous: DataFrame, minting: Minting, id_name: str, stage: Stage) -> DataFrame:
    """Return the crosswalk's rows: links with ids in place of keys, and the day since which each holds."""
    before = previous.select("subject_id", F.col(id_name).alias("entity_id"), "valid_from")
    ids = stage(entity_ids(linked.select("subject_id", "anchor_key"), before, minting), "ids")
    others = ids.select(F.col("anchor_key").alias("other_key"), F.col("entity_id").alias("other_id"))
    borne = before.withColumnsRenamed({"entity_id": "borne_id", "valid_from": "borne_from"})
    held = linked.join(ids, "anchor_key").join(others, "other_key", "left").join(borne, "subject_id", "left")
    kept = F.col("borne_id") == F.col("entity_id")
    return held.select(
        "source",
        "role",
        "subject_id",
        F.col("entity_id").alias(id_name),
        "rule",
        "score",
        "guard",
        "id_state",
        "candidates",
        "review_reason",
        F.col("other_id").alias(f"other_{id_name}"),
        F.when(kept, F.col("borne_from")).otherwise(F.lit(minting.business_date)).alias("valid_from"),
    )


def _stage(run: TransformRun) -> Stage:
    def stage(frame: DataFrame, name: str) -> DataFrame:
        path = f"{run.scratch}/{name}"
        schema = frame.schema
        frame.write.mode("overwrite").parquet(path)
        return run.spark.read.schema(schema).parquet(path)

    return stage
