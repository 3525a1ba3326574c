"""Golden values: of everything said of a thing, the one value per field that the rules in data choose, and why.

A claim is one source's word for one field: columns entity_id, field, value (text), source, said_on (date), and place (rank
of the source for that field, 0 best).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from citylake.contract.survivorship import Given, Golden
from citylake.resolve.ranking import AGREED, LOWEST, UNRANKED, age_days, rank
from citylake.standards.organisations import valid_uscc
from citylake.standards.signs import fold


def claims(
    inputs: Mapping[str, DataFrame],
    ids: Mapping[str, str],
    fields: Sequence[Golden],
    names: Mapping[str, str],
    successors: Mapping[str, Mapping[str, str]],
) -> DataFrame:
    """Return what the inputs say; each input is read once whatever the number of its fields.

    Args:
        inputs: frames by alias.
        ids: alias -> its column with the entity id.
        fields: golden fields with ``given``.
        names: alias -> source, as ranks and results name it.
        successors: code list -> old code -> today's.
    """
    parts = []
    for alias in sorted({given.input for field in fields for given in field.given}):
        said = [
            _said(given, field, names[alias], successors)
            for field in fields
            for given in field.given
            if given.input == alias
        ]
        rows = inputs[alias].select(
            F.col(f"`{ids[alias]}`").alias("entity_id"), F.explode(F.array(*said)).alias("claim")
        )
        parts.append(rows.select("entity_id", "claim.*").where("entity_id IS NOT NULL AND value IS NOT NULL"))
    return reduce(DataFrame.unionAll, parts)


def golden(said: DataFrame, fields: Sequence[Golden], business_date: date) -> DataFrame:
    """Return one row per entity: per field its value and, beside it, what ``citylake.contract.golden.BESIDE`` names.

    ``_agreeing`` and ``_conflicts`` count the sources whose best word is this value or another; ``_recheck_on`` is the
    day on which a value grows too old.
    Values are text; an entity of which nothing is said has no row.
    """
    depth = max(len(field.choices) for field in fields)
    best = F.col("claims")[0]
    rivals = F.filter("claims", lambda claim: claim["value"] != best["value"])
    judged = _ranked(said, fields, business_date, depth).withColumns({"best": best, "rivals": rivals})
    return _wide(judged.withColumn("rule", _deciding(fields, depth)), fields)


def compared(said: DataFrame, fields: Sequence[Golden], business_date: date) -> DataFrame:
    """Return how each source compares with the authority of each field, where both say something of an entity.

    Returns:
        entity_id, source, authority, and the names of the fields as two texts: ``agreeing`` and ``disagreeing``, in
        order, separated by blanks, NULL for none.
    """
    authorities = {field.field: authority for field in fields if (authority := field.authority) is not None}
    depth = max(len(field.choices) for field in fields)
    named = F.create_map(*[F.lit(text) for pair in authorities.items() for text in pair])
    words = _ranked(said, fields, business_date, depth).withColumn("authority", F.element_at(named, F.col("field")))
    told = words.withColumn(
        "standard", F.get(F.filter("words", lambda word: word["source"] == F.col("authority")), F.lit(0))["value"]
    )
    pairs = told.where("standard IS NOT NULL").select(
        "entity_id", "field", "authority", "standard", F.explode("words").alias("word")
    )
    same = F.col("word.value") == F.col("standard")
    others = pairs.where("word.source != authority").groupBy(
        "entity_id", F.col("word.source").alias("source"), "authority"
    )
    return others.agg(_names(same).alias("agreeing"), _names(~same).alias("disagreeing"))


def _names(where: Column) -> Column:
    names = F.array_join(F.sort_array(F.collect_list(F.when(where, F.col("field")))), " ")
    return F.when(names != "", names)


def _ranked(said: DataFrame, fields: Sequence[Golden], business_date: date, depth: int) -> DataFrame:
    """Return per entity and field all claims, the winner first, and ``words``: of each source its best one."""
    # Everything that follows groups by the entity and more: one exchange of rows serves all of it.
    near = said.repartition("entity_id")
    per_source = near.groupBy("entity_id", "field", "value", "source").agg(
        F.max("said_on").alias("said_on"), F.min("place").alias("place")
    )
    voted = per_source.groupBy("entity_id", "field", "value").agg(
        F.collect_list(F.struct("source", "said_on", "place")).alias("by"), F.count(F.lit(1)).alias("votes")
    )
    single = voted.select("entity_id", "field", "value", "votes", F.explode("by").alias("claim"))
    keys = [_key(fields, level, business_date).alias(f"k{level}") for level in range(depth + 1)]
    keyed = single.select(
        "entity_id",
        "field",
        F.struct(*keys, F.col("claim.said_on"), "value", F.col("claim.source").alias("source")).alias("claim"),
        _too_old_on(fields, business_date).alias("recheck"),
    )
    gathered = keyed.groupBy("entity_id", "field").agg(
        F.sort_array(F.collect_list("claim"), asc=False).alias("claims"), F.min("recheck").alias("recheck")
    )
    sources = gathered.withColumn("sources", F.transform("claims", lambda claim: claim["source"]))
    first = F.filter("claims", lambda claim, place: F.array_position(F.col("sources"), claim["source"]) - 1 == place)
    return sources.withColumn("words", first).drop("sources")


def _said(given: Given, field: Golden, source: str, successors: Mapping[str, Mapping[str, str]]) -> Column:
    value = F.lit(given.value) if given.value is not None else F.col(f"`{given.column}`").cast("string")
    value = F.left(value, F.lit(given.prefix)) if given.prefix is not None else value
    if given.today is not None:
        old, new = (
            F.array(*[F.lit(code) for code in codes]) for codes in zip(*successors[given.today].items(), strict=True)
        )
        value = F.coalesce(F.element_at(F.map_from_arrays(old, new), value), value)
    if given.usable is not None:
        value = F.when(valid_uscc(value), fold(value))
    if given.where is not None:
        value = F.when(F.expr(given.where), value)
    return F.struct(
        F.lit(field.field).alias("field"),
        value.alias("value"),
        F.lit(source).alias("source"),
        (F.col(f"`{given.date}`") if given.date else F.lit(None)).cast("date").alias("said_on"),
        F.lit(rank(field, source)).alias("place"),
    )


def _key(fields: Sequence[Golden], level: int, business_date: date) -> Column:
    """Return the whole number by which a claim is judged at a level; level 0 is freshness, greatest wins."""
    key = F.lit(0)
    for field in fields:
        value = _fresh(field, business_date) if level == 0 else _judged_by(field, level - 1)
        key = F.when(F.col("field") == field.field, value).otherwise(key)
    return F.coalesce(key, F.lit(LOWEST))


def _judged_by(field: Golden, index: int) -> Column:
    if index >= len(field.choices):
        return F.lit(0)
    choice = field.choices[index]
    if choice.pick == "value_rank":
        places = [F.when(F.col("value") == value, F.lit(-place)) for place, value in enumerate(choice.values)]
        return F.coalesce(*places, F.lit(-UNRANKED))
    return _GREATEST_WINS[choice.pick]()


_GREATEST_WINS = {
    "source_rank": lambda: -F.col("claim.place"),
    "most_recent": lambda: F.unix_date(F.col("claim.said_on")),
    "never_null_overwrite": lambda: -F.unix_date(F.col("claim.said_on")),
    "majority": lambda: F.col("votes").cast("int"),
    "earliest": lambda: -F.unix_date(F.try_to_timestamp(F.col("value"), F.lit("yyyy-MM-dd")).cast("date")),
    "latest": lambda: F.unix_date(F.try_to_timestamp(F.col("value"), F.lit("yyyy-MM-dd")).cast("date")),
    "most_complete": lambda: F.char_length("value"),
}


def _fresh(field: Golden, business_date: date) -> Column:
    if field.maximum_age is None:
        return F.lit(0)
    old = F.date_add(F.col("claim.said_on"), age_days(field.maximum_age)) < F.lit(business_date)
    return F.when(old, 0).otherwise(1)


def _too_old_on(fields: Sequence[Golden], business_date: date) -> Column:
    """Return the first day on which a claim is too old, NULL if it already is or never will be."""
    found = F.lit(None).cast("date")
    for field in fields:
        if field.maximum_age is not None:
            day = F.date_add(F.col("claim.said_on"), age_days(field.maximum_age) + 1)
            mine = (F.col("field") == field.field) & (day > F.lit(business_date))
            found = F.when(mine, day).otherwise(found)
    return found


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
    agreeing = F.size(F.filter("words", lambda word: word["value"] == F.col("best.value")))
    facts = {
        "": F.col("best.value"),
        "_source": F.col("best.source"),
        "_rule": F.col("rule"),
        "_date": F.col("best.said_on"),
        "_agreeing": agreeing,
        "_conflicts": F.size("words") - agreeing,
    }
    told = decided.select(
        "entity_id",
        "field",
        "recheck",
        F.struct(*[fact.alias(f"f{suffix}") for suffix, fact in facts.items()]).alias("_"),
    )
    chosen = [
        F.first(F.when(F.col("field") == field.field, F.col("_")), ignorenulls=True).alias(field.field)
        for field in fields
    ]
    wide = told.groupBy("entity_id").agg(*chosen, F.min("recheck").alias("_recheck_on"))
    outputs = [F.col(field.field)[f"f{suffix}"].alias(f"{field.field}{suffix}") for field in fields for suffix in facts]
    return wide.select("entity_id", *outputs, "_recheck_on")
