"""Golden values: of everything said of a thing, the one value per field that the rules in data choose, and why.

A claim is one source's word for one field: columns entity_id, field, value (text), source, said_on (date), and place (rank
of the source for that field, 0 best).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.resolve_spec import Given, Golden

_UNRANKED = 99
_UNITS = {"d": 1, "m": 30, "y": 365}
AGREED = "agreed"
"""Rule given where all sources say the same."""


def claims(
    inputs: Mapping[str, DataFrame], ids: Mapping[str, str], fields: Sequence[Golden], names: Mapping[str, str]
) -> DataFrame:
    """Return what the inputs say; each input is read once whatever the number of its fields.

    Args:
        inputs: frames by alias.
        ids: alias -> its column with the entity id.
        fields: golden fields with ``given``.
        names: alias -> source, as ranks and results name it.
    """
    parts = []
    for alias in sorted({given.input for field in fields for given in field.given}):
        said = [_said(given, field, names[alias]) for field in fields for given in field.given if given.input == alias]
        rows = inputs[alias].select(
            F.col(f"`{ids[alias]}`").alias("entity_id"), F.explode(F.array(*said)).alias("claim")
        )
        parts.append(rows.select("entity_id", "claim.*").where("entity_id IS NOT NULL AND value IS NOT NULL"))
    return reduce(DataFrame.unionAll, parts)


def golden(said: DataFrame, fields: Sequence[Golden], business_date: date) -> DataFrame:
    """Return one row per entity: per field its value, ``_source``, ``_rule``, ``_date`` and ``_conflicts``.

    ``_conflicts`` counts the sources that say something else; ``_recheck_on`` is the day on which a value grows too
    old.
    Values are text; an entity of which nothing is said has no row.
    """
    per_source = said.groupBy("entity_id", "field", "value", "source").agg(
        F.max("said_on").alias("said_on"), F.min("place").alias("place")
    )
    voted = per_source.groupBy("entity_id", "field", "value").agg(
        F.collect_list(F.struct("source", "said_on", "place")).alias("by"), F.count(F.lit(1)).alias("votes")
    )
    single = voted.select("entity_id", "field", "value", "votes", F.explode("by").alias("claim"))
    depth = max(len(field.choices) for field in fields)
    keys = [_key(fields, level, business_date).alias(f"k{level}") for level in range(depth + 1)]
    ranked = single.select(
        "entity_id",
        "field",
        F.struct(*keys, F.col("claim.said_on"), "value", F.col("claim.source").alias("source")).alias("claim"),
        _too_old_on(fields, business_date).alias("recheck"),
    )
    gathered = ranked.groupBy("entity_id", "field").agg(
        F.sort_array(F.collect_list("claim"), asc=False).alias("claims"), F.min("recheck").alias("recheck")
    )
    best = F.col("claims")[0]
    rivals = F.filter("claims", lambda claim: claim["value"] != best["value"])
    judged = gathered.select("entity_id", "field", "recheck", best.alias("best"), rivals.alias("rivals"))
    decided = judged.withColumn("rule", _deciding(fields, depth))
    return _wide(decided, fields)


def _said(given: Given, field: Golden, source: str) -> Column:
    value = F.lit(given.value) if given.value is not None else F.col(f"`{given.column}`").cast("string")
    value = F.left(value, F.lit(given.prefix)) if given.prefix is not None else value
    if given.where is not None:
        value = F.when(F.expr(given.where), value)
    return F.struct(
        F.lit(field.field).alias("field"),
        value.alias("value"),
        F.lit(source).alias("source"),
        F.col(f"`{given.date}`").cast("date").alias("said_on"),
        F.lit(rank(field, source)).alias("place"),
    )


def rank(field: Golden, source: str) -> int:
    """Return the place of a source in a field's ranking, 0 best."""
    for choice in field.choices:
        if source in choice.sources:
            return choice.sources.index(source)
    return _UNRANKED


def _key(fields: Sequence[Golden], level: int, business_date: date) -> Column:
    """Return the number by which a claim is judged at a level; level 0 is freshness, greatest wins."""
    key = F.lit(0.0)
    for field in fields:
        value = _fresh(field, business_date) if level == 0 else _judged_by(field, level - 1)
        key = F.when(F.col("field") == field.field, value).otherwise(key)
    return F.coalesce(key, F.lit(-1e12))


def _judged_by(field: Golden, index: int) -> Column:
    if index >= len(field.choices):
        return F.lit(0.0)
    return _GREATEST_WINS[field.choices[index].pick]()


def _days(value: Column) -> Column:
    return F.unix_date(value).cast("double")


_GREATEST_WINS = {
    "source_rank": lambda: -F.col("claim.place").cast("double"),
    "most_recent": lambda: _days(F.col("claim.said_on")),
    "never_null_overwrite": lambda: -_days(F.col("claim.said_on")),
    "majority": lambda: F.col("votes").cast("double"),
    "earliest": lambda: -_days(F.try_to_date(F.col("value"), "yyyy-MM-dd")),
    "latest": lambda: _days(F.try_to_date(F.col("value"), "yyyy-MM-dd")),
    "most_complete": lambda: F.char_length("value").cast("double"),
}


def _fresh(field: Golden, business_date: date) -> Column:
    if field.maximum_age is None:
        return F.lit(0.0)
    old = F.date_add(F.col("claim.said_on"), _age_days(field.maximum_age)) < F.lit(business_date)
    return F.when(old, 0.0).otherwise(1.0)


def _too_old_on(fields: Sequence[Golden], business_date: date) -> Column:
    """Return the first day on which a claim is too old, NULL if it already is or never will be."""
    found = F.lit(None).cast("date")
    for field in fields:
        if field.maximum_age is not None:
            day = F.date_add(F.col("claim.said_on"), _age_days(field.maximum_age) + 1)
            mine = (F.col("field") == field.field) & (day > F.lit(business_date))
            found = F.when(mine, day).otherwise(found)
    return found


def _age_days(age: str) -> int:
    return int(age[:-1]) * _UNITS[age[-1]]


def _deciding(fields: Sequence[Golden], depth: int) -> Column:
    """Return the name of the choice at which the winner left the next best value behind."""
    best, rival = F.col("best"), F.get("rivals", F.lit(0))
    rule = F.when(F.size("rivals") == 0, AGREED).when(best["k0"] > rival["k0"], "maximum_age")
    for level in range(depth):
        name = F.lit("tie_break")
        for field in fields:
            if level < len(field.choices):
                name = F.when(F.col("field") == field.field, field.choices[level].pick).otherwise(name)
        rule = rule.when(best[f"k{level + 1}"] > rival[f"k{level + 1}"], name)
    return rule.otherwise("tie_break")


def _wide(decided: DataFrame, fields: Sequence[Golden]) -> DataFrame:
    outputs = []
    for field in fields:
        mine = F.col("field") == field.field
        conflicts = F.size(F.array_distinct(F.transform("rivals", lambda claim: claim["source"])))
        facts = {
            "": F.col("best.value"),
            "_source": F.col("best.source"),
            "_rule": F.col("rule"),
            "_date": F.col("best.said_on"),
            "_conflicts": conflicts,
        }
        outputs += [F.max(F.when(mine, fact)).alias(f"{field.field}{suffix}") for suffix, fact in facts.items()]
    return decided.groupBy("entity_id").agg(*outputs, F.min("recheck").alias("_recheck_on"))
