"""Links: which thing each subject belongs to, by which rule, with what verdict of the guard.

Columns of a frame of links:
    subject_id, source, role, id_state, since, anchor_key, rule, score, guard, candidates, review_reason, other_key.
"""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.resolve.anchors import RESIDENT, agrees, anchors
from jobs.resolve.candidates import chosen, proposed
from schemas.resolve_spec import ResolveSpec

Stage = Callable[[DataFrame, str], DataFrame]
"""Writes a frame under a name and returns it read back, so that what is used twice is computed once."""

_KEPT = ("subject_id", "source", "role", "id_state", "since")
_PROFILE = ("id_no", "name_key", "surname", "birth", "birth_digits", "sex", "phone", "village")


def links(subjects: DataFrame, spec: ResolveSpec, stage: Stage) -> DataFrame:
    """Return one row per subject that belongs to somebody: an anchor, linked by a rule, or a person of its own.

    Two different usable identifiers never meet: a subject with one is linked by it, speaks for it, or goes on
    without it.
    """
    speakers = stage(anchors(subjects, spec), "anchors")
    others = subjects.join(speakers.select("subject_id"), "subject_id", "left_anti")
    numbered = stage(_by_identifier(others, speakers, spec), "numbered")
    linked = numbered.where("anchor_key IS NOT NULL")
    rest = numbered.where("anchor_key IS NULL")
    profiles = _profiles(speakers, linked)
    decided = chosen(rest, profiles, spec)
    joined = rest.drop("anchor_key", "rule").join(decided, "subject_id", "left")
    suspects = proposed(speakers, profiles, spec)
    found = _shaped(linked, spec, decided=False).unionByName(_shaped(_alone(joined), spec, decided=True))
    return _anchored(speakers, suspects).unionByName(found)


def _by_identifier(others: DataFrame, speakers: DataFrame, spec: ResolveSpec) -> DataFrame:
    """Add what the identifier alone says: anchor_key, rule, guard, holders (how many), holder_key (of a borrowed one)."""
    numbered = others.where("id_no IS NOT NULL").alias("s")
    held = numbered.join(speakers.alias("a"), F.col("s.id_no") == F.col("a.id_no"))
    verdict = agrees(spec, lambda name: F.col(f"s.{name}"), lambda name: F.col(f"a.{name}"))
    per_subject = held.groupBy("s.subject_id").agg(
        F.count_distinct(F.when(verdict, F.col("a.anchor_key"))).alias("agreeing"),
        F.min(F.when(verdict, F.col("a.anchor_key"))).alias("agreeing_key"),
        F.count_distinct("a.anchor_key").alias("holders"),
        F.min("a.anchor_key").alias("holder_key"),
    )
    told = others.join(per_subject, "subject_id", "left")
    silent = F.col("name_key").isNull() & F.col("birth").isNull()
    exact = F.col("agreeing") == 1
    only = silent & (F.col("holders") == 1)
    guard = (
        F.when(F.col("holders").isNull(), "none").when(exact, "agrees").when(silent, "nothing_to_compare")
    ).otherwise("borrowed")
    return told.select(
        *[F.col(name) for name in others.columns],
        F.when(exact, F.col("agreeing_key")).when(only, F.col("holder_key")).alias("anchor_key"),
        F.when(exact, "id_exact").when(only, "id_only").alias("rule"),
        guard.alias("guard"),
        F.coalesce(F.greatest("agreeing", "holders"), F.lit(0)).cast("int").alias("holders"),
        F.when(~exact & ~only, F.col("holder_key")).alias("holder_key"),
    )


def _profiles(speakers: DataFrame, linked: DataFrame) -> DataFrame:
    """Return everything known of every thing for certain: columns of ``_PROFILE``, anchor_key and tier.

    Birth date and its digits are those of the identifier where there is one: a mistyped date beside it is no evidence.
    """
    tiers = speakers.groupBy("anchor_key").agg(F.min("tier").alias("tier"))
    lent = (
        linked.where("rule = 'id_exact'").join(tiers, "anchor_key").select(*_PROFILE, "id_birth", "anchor_key", "tier")
    )
    known = speakers.select(*lent.columns).unionByName(lent)
    birth = F.coalesce("id_birth", "birth")
    told = known.withColumns({"birth": birth, "birth_digits": F.date_format(birth, "yyyyMMdd")}).drop("id_birth")
    return told.distinct()


def _anchored(speakers: DataFrame, suspects: DataFrame) -> DataFrame:
    """Return the anchors as links to themselves, with those that may be one thing under two identifiers marked."""
    own = speakers.join(suspects, "subject_id", "left")
    return own.select(
        *_KEPT,
        "anchor_key",
        F.when(F.col("tier") == RESIDENT, "anchor").otherwise("id_new").alias("rule"),
        F.lit(1).cast("decimal(5,4)").alias("score"),
        F.when(F.col("id_no").isNotNull(), "agrees").otherwise("none").alias("guard"),
        F.coalesce("proposals", F.lit(1)).cast("int").alias("candidates"),
        "review_reason",
        "other_key",
    )


def _alone(joined: DataFrame) -> DataFrame:
    """Make persons of their own of those nobody was found for, if they say enough to be told from others."""
    lone = F.col("anchor_key").isNull()
    evidence = F.coalesce("phone", F.col("birth").cast("string"), "id_text")
    enough = F.col("name_key").isNotNull() & evidence.isNotNull()
    made = joined.withColumns(
        {
            "rule": F.when(lone, F.lit("single")).otherwise(F.col("rule")),
            "anchor_key": F.when(lone & enough, F.col("subject_id")).otherwise(F.col("anchor_key")),
        }
    )
    return made.where("anchor_key IS NOT NULL")


def _shaped(linked: DataFrame, spec: ResolveSpec, *, decided: bool) -> DataFrame:
    scores = {rule.name: rule.score for rule in spec.rules}
    score = F.when(F.col("rule").isin("id_exact", "single"), F.lit(1)).when(F.col("rule") == "id_only", F.lit(1))
    for name, value in scores.items():
        score = score.when(F.col("rule") == name, F.lit(value))
    found = F.col("found") if decided else F.lit(None).cast("int")
    rival = F.col("rival_key") if decided else F.lit(None).cast("string")
    # A rule may find that it is the holder after all: the anchor's attributes were too few for the guard.
    own = F.coalesce(F.col("anchor_key") == F.col("holder_key"), F.lit(False))
    linked = linked.withColumns(
        {
            "guard": F.when(own, "agrees").otherwise(F.col("guard")),
            "holder_key": F.when(~own, F.col("holder_key")),
        }
    )
    return linked.select(
        *_KEPT,
        "anchor_key",
        "rule",
        score.cast("decimal(5,4)").alias("score"),
        "guard",
        F.coalesce(found, F.col("holders")).alias("candidates"),
        _review(found).alias("review_reason"),
        F.coalesce(F.col("holder_key"), rival).alias("other_key"),
    )


def _review(found: Column) -> Column:
    return (
        F.when((F.col("guard") == "borrowed") & (F.col("holders") > 1), "two_people_one_id")
        .when(F.col("guard") == "borrowed", "borrowed_id")
        .when((F.col("rule") == "single") & (found > 1), "several_candidates")
    )
