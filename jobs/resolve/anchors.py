"""Anchors: subjects that are, each by itself, one thing, and the groups of them that are the same one."""

from collections.abc import Callable
from functools import reduce
from operator import and_, or_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from schemas.resolve_spec import ResolveSpec

RESIDENT, OTHER = 0, 1
"""Tier of an anchor: from the spec's anchor records, or from a usable identifier that none of those bears."""


def agrees(spec: ResolveSpec, left: Callable[[str], Column], right: Callable[[str], Column]) -> Column:
    """Say whether the attributes of two sides agree as the spec's guard asks; never NULL.

    Args:
        spec: its guard is read.
        left: column of a field on one side.
        right: column of a field on the other.
    """
    groups = [reduce(and_, [left(name) == right(name) for name in fields]) for fields in spec.guard]
    return reduce(or_, [F.coalesce(group, F.lit(False)) for group in groups])


def anchors(subjects: DataFrame, spec: ResolveSpec) -> DataFrame:
    """Return the anchors: columns of subjects, ``anchor_key`` (first anchor subject of the same thing) and ``tier``.

    These are the records of the spec's anchor roles, and one subject per usable identifier that none of them has.
    Anchor records with one identifier are one thing if their attributes agree, else two: the number was given out twice.
    """
    known = subjects.where("is_anchor")
    number = F.coalesce("id_no", "subject_id")
    oldest = Window.partitionBy(number).orderBy("since", "subject_id")
    namesakes = Window.partitionBy(number, F.coalesce("name_key", "subject_id"))
    head = F.first(F.struct("subject_id", "name_key", "surname", "birth")).over(oldest)
    paired = known.withColumns({"head": head, "namesake": F.min("subject_id").over(namesakes)})
    same = agrees(spec, lambda name: F.col(f"head.{name}"), F.col)
    key = F.when(same, F.col("head.subject_id")).otherwise(F.col("namesake"))
    resident = paired.withColumns({"anchor_key": key, "tier": F.lit(RESIDENT)}).drop("head", "namesake")
    return resident.unionByName(_others(subjects, known))


def _others(subjects: DataFrame, known: DataFrame) -> DataFrame:
    """Return the subject that speaks for an identifier without anchor record: the most usual name, then the oldest."""
    taken = known.where("id_no IS NOT NULL").select("id_no").distinct()
    free = subjects.where("NOT is_anchor AND id_no IS NOT NULL").join(taken, "id_no", "left_anti")
    usual = F.count(F.lit(1)).over(Window.partitionBy("id_no", "name_key"))
    rank = Window.partitionBy("id_no").orderBy(
        F.col("name_key").isNull(), F.col("usual").desc(), F.col("birth").isNull(), "since", "subject_id"
    )
    ranked = free.withColumn("usual", usual).withColumn("place", F.row_number().over(rank))
    speaking = ranked.where("place = 1").drop("usual", "place")
    return speaking.withColumns({"anchor_key": F.col("subject_id"), "tier": F.lit(OTHER)})
