"""Entity ids: minted once, carried on by the things that hold most of the subjects that bore them."""

from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.engine.identity import keyed_hash
from schemas.resolve_spec import Identifier


@dataclass(frozen=True)
class Minting:
    """What new ids are made from.

    Attributes:
        form: how an id looks.
        keys: one row (inner_pad, outer_pad) for ``keyed_hash``.
        business_date: told apart ids that would otherwise be made a second time.
    """

    form: Identifier
    keys: DataFrame
    business_date: date

    def mint(self, *parts: Column) -> Column:
        """Return an id made from texts; needs the row of ``keys`` beside them."""
        message = F.concat_ws("\u001f", F.lit(self.form.prefix), *parts)
        return F.concat(F.lit(self.form.prefix), F.substring(keyed_hash(message), 1, self.form.digits))


def entity_ids(assigned: DataFrame, previous: DataFrame, minting: Minting) -> DataFrame:
    """Return one id per thing (columns anchor_key, entity_id), each id once.

    An id goes to the thing that holds most of the subjects that bore it, then to the one with the oldest of them, then to
    the lowest key; a thing keeps one id by the same order. Every other thing gets a new id, made from its first anchor.

    Args:
        assigned: subject_id, anchor_key.
        previous: subject_id, entity_id, valid_from of the last resolution, empty at first.
        minting: what new ids are made from.
    """
    votes = (
        assigned.join(previous, "subject_id")
        .groupBy("anchor_key", "entity_id")
        .agg(F.count(F.lit(1)).alias("votes"), F.min("valid_from").alias("oldest"))
    )
    order = [F.col("votes").desc(), F.col("oldest")]
    of_thing = Window.partitionBy("anchor_key").orderBy(*order, "entity_id")
    of_id = Window.partitionBy("entity_id").orderBy(*order, "anchor_key")
    wished = votes.withColumn("place", F.row_number().over(of_thing)).where("place = 1")
    carried = (
        wished.withColumn("place", F.row_number().over(of_id)).where("place = 1").select("anchor_key", "entity_id")
    )
    things = assigned.select("anchor_key").distinct()
    fresh = things.join(carried, "anchor_key", "left_anti").crossJoin(F.broadcast(minting.keys))
    fresh = fresh.select(
        "anchor_key", minting.mint(F.col("anchor_key")).alias("entity_id"), _again(minting).alias("again")
    )
    used = previous.select("entity_id", F.lit(True).alias("used")).distinct()
    minted = fresh.join(used, "entity_id", "left")
    own = F.when(F.col("used"), F.col("again")).otherwise(F.col("entity_id"))
    return carried.unionAll(minted.select("anchor_key", own.alias("entity_id")))


def _again(minting: Minting) -> Column:
    """Return the id for an anchor whose first id now belongs to another thing."""
    return minting.mint(F.col("anchor_key"), F.lit(minting.business_date.isoformat()))
