"""Candidates: things that share a blocking value with a subject, compared once, judged by every rule in order."""

from collections.abc import Sequence
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.resolve_spec import LinkRule, ResolveSpec

_COMPARED = ("name_key", "surname", "birth", "birth_digits", "sex", "phone", "village")
_FAR = 9
"""Edit distance that stands for: not near."""


def chosen(rest: DataFrame, profiles: DataFrame, spec: ResolveSpec) -> DataFrame:
    """Return for each subject the thing that the first deciding rule names.

    Args:
        rest: subjects that no identifier linked.
        profiles: what is known of the things; ``anchor_key``, ``tier`` and the compared fields.
        spec: rules in order.

    Returns:
        subject_id, anchor_key and rule (NULL if no rule decided), found (things for the strongest rule that found any),
        rival_key (one of them).
    """
    pairs = _compared(rest.withColumn("own_key", F.lit("")), profiles, spec.rules)
    place = F.array_compact(F.array(*[F.when(_holds(rule), F.lit(i)) for i, rule in enumerate(spec.rules)]))
    held = pairs.select("subject_id", "anchor_key", "tier", F.explode(place).alias("place"))
    per_tier = held.groupBy("subject_id", "place", "tier").agg(
        F.count(F.lit(1)).alias("found"), F.min("anchor_key").alias("anchor_key")
    )
    # Residents go before people known only by a number: the nearest tier that has a candidate decides.
    per_rule = per_tier.groupBy("subject_id", "place").agg(
        F.min_by(F.struct("found", "anchor_key"), "tier").alias("best")
    )
    only = F.col("best.found") == 1
    first = per_rule.groupBy("subject_id").agg(
        F.min(F.when(only, F.struct("place", F.col("best.anchor_key").alias("anchor_key")))).alias("link"),
        F.min(F.struct("place", F.col("best.found").alias("found"), F.col("best.anchor_key").alias("key"))).alias(
            "top"
        ),
    )
    names = F.array(*[F.lit(rule.name) for rule in spec.rules])
    return first.select(
        "subject_id",
        F.col("link.anchor_key").alias("anchor_key"),
        F.when(F.col("link").isNotNull(), F.get(names, F.col("link.place"))).alias("rule"),
        F.when(F.col("link").isNotNull(), F.lit(1)).otherwise(F.col("top.found")).cast("int").alias("found"),
        F.when(F.col("link").isNull(), F.col("top.key")).alias("rival_key"),
    )


def proposed(speakers: DataFrame, profiles: DataFrame, spec: ResolveSpec) -> DataFrame:
    """Return anchors that look like another thing with an identifier of its own.

    Returns:
        subject_id, review_reason, other_key, proposals (how many others).
    """
    if not spec.proposals:
        empty = speakers.limit(0)
        return empty.select(
            "subject_id", F.lit("").alias("review_reason"), F.lit("").alias("other_key"), F.lit(0).alias("proposals")
        )
    own = speakers.where("id_no IS NOT NULL").withColumnRenamed("anchor_key", "own_key").drop("tier")
    others = profiles.where("id_no IS NOT NULL")
    pairs = _compared(own, others, spec.proposals).where("own_key != anchor_key AND id_distance > 0")
    reason = reduce(
        lambda rest, rule: F.when(_holds(rule), F.lit(rule.name)).otherwise(rest),
        reversed(spec.proposals),
        F.lit(None).cast("string"),
    )
    found = pairs.withColumn("review_reason", reason).where("review_reason IS NOT NULL")
    return found.groupBy("subject_id").agg(
        F.min("review_reason").alias("review_reason"),
        F.min("anchor_key").alias("other_key"),
        F.count(F.lit(1)).alias("proposals"),
    )


def _compared(left: DataFrame, profiles: DataFrame, rules: Sequence[LinkRule]) -> DataFrame:
    """Return subject and thing pairs that share a block, with what agrees in any of the thing's profiles.

    Per compared field: ``same_<field>`` (some profile equals the subject's) and ``known_<field>`` (both sides know it);
    ``id_distance`` and ``birth_distance`` are the smallest.
    """
    blocks = sorted({rule.block for rule in rules})
    s = left.withColumn("_block", F.explode(_blocks(blocks))).alias("s")
    p = profiles.withColumn("_block", F.explode(_blocks(blocks))).alias("p")
    pairs = s.join(p, F.col("s._block") == F.col("p._block"))
    facts = [fact for name in _COMPARED for fact in _agreement(name)]
    id_distance = F.levenshtein(F.col("s.id_text"), F.col("p.id_no"), 3)
    birth_distance = F.levenshtein(F.date_format("s.birth", "yyyyMMdd"), F.col("p.birth_digits"), 3)
    return pairs.groupBy(F.col("s.subject_id"), F.col("p.anchor_key")).agg(
        F.min("p.tier").alias("tier"), F.first("s.own_key").alias("own_key"), *facts,
        _nearest(id_distance).alias("id_distance"), _nearest(birth_distance).alias("birth_distance"),
        F.first(F.col("s.birth").isNull()).alias("birth_unsaid"),
    )  # fmt: skip


def _agreement(name: str) -> list[Column]:
    left, right = F.col(f"s.{name}"), F.col(f"p.{name}")
    known = left.isNotNull() & right.isNotNull()
    return [F.max(F.coalesce(left == right, F.lit(False))).alias(f"same_{name}"), F.max(known).alias(f"known_{name}")]


def _nearest(distance: Column) -> Column:
    """Return the smallest distance; the bounded function says -1 for beyond its bound."""
    return F.min(F.when(F.coalesce(distance, F.lit(-1)) < 0, F.lit(_FAR)).otherwise(distance))


def _blocks(blocks: Sequence[tuple[str, ...]]) -> Column:
    """Return the blocking values of a row: one 64-bit number per block whose fields are all known."""
    values = []
    for place, fields in enumerate(blocks):
        known = reduce(and_, [F.col(name).isNotNull() for name in fields])
        values.append(F.when(known, F.xxhash64(F.lit(place), *[F.col(name) for name in fields])))
    return F.array_compact(F.array(*values))


def _holds(rule: LinkRule) -> Column:
    """Say whether a rule holds for a compared pair."""
    said = [F.col(f"same_{name}") for name in (*rule.block, *rule.equal)]
    said += [F.col(f"same_{name}") | ~F.col(f"known_{name}") for name in rule.not_different]
    if rule.id_distance is not None:
        said.append(F.col("id_distance") <= rule.id_distance)
    if rule.birth_distance is not None:
        said.append((F.col("birth_distance") <= rule.birth_distance) | F.col("birth_unsaid"))
    return reduce(and_, said)
