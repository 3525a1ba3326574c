"""Survivorship: each rule in data picks what it says, and Spark picks what the plain reading of the rules picks."""

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from citylake.contract.survivorship import Golden
from citylake.resolve.ranking import Ranked, Word, rank, ranked
from citylake.resolve.survivorship import compared, golden

TODAY = date(2026, 11, 22)
OLD, NEW = date(2020, 1, 1), date(2026, 1, 1)


def field(*choices: dict[str, Any], name: str = "f", **more: Any) -> Golden:
    return Golden.model_validate(
        {"field": name, "given": [{"source": "city.a", "column": name}], "choices": list(choices), **more}
    )


VALUED = {"pick": "value_rank", "values": ["dead", "gone"]}
RANKED = {"pick": "source_rank", "sources": ["city.police", "city.health"]}


@pytest.mark.parametrize(
    ("chosen", "words", "winner", "rule"),
    [
        (field(RANKED), [("1", "city.health", NEW), ("2", "city.police", OLD)], "2", "source_rank"),
        (field(RANKED), [("1", "unheard_of", NEW), ("2", "city.health", OLD)], "2", "source_rank"),
        (field(VALUED), [("gone", "a", NEW), ("here", "b", NEW), ("dead", "c", OLD)], "dead", "value_rank"),
        (field(VALUED, {"pick": "most_recent"}), [("here", "a", NEW), ("there", "b", OLD)], "here", "most_recent"),
        (field({"pick": "most_recent"}), [("1", "a", OLD), ("2", "b", NEW)], "2", "most_recent"),
        (field({"pick": "never_null_overwrite"}), [("1", "a", OLD), ("2", "b", NEW)], "1", "never_null_overwrite"),
        (field({"pick": "majority"}), [("1", "a", NEW), ("2", "b", OLD), ("2", "c", OLD)], "2", "majority"),
        (field({"pick": "earliest"}), [("2026-05-02", "a", NEW), ("2026-05-01", "b", OLD)], "2026-05-01", "earliest"),
        (field({"pick": "latest"}), [("2026-05-02", "a", OLD), ("2026-05-01", "b", NEW)], "2026-05-02", "latest"),
        (field({"pick": "latest"}), [("unknown", "a", NEW), ("2026-05-01", "b", OLD)], "2026-05-01", "latest"),
        (field({"pick": "most_complete"}), [("张三丰", "a", OLD), ("张三", "b", NEW)], "张三丰", "most_complete"),
        (field({"pick": "majority"}, {"pick": "most_recent"}), [("1", "a", OLD), ("2", "b", NEW)], "2", "most_recent"),
        (field({"pick": "majority"}), [("1", "a", NEW), ("2", "b", NEW)], "2", "tie_break"),
        (field({"pick": "majority"}), [("1", "a", OLD), ("1", "b", NEW)], "1", "agreed"),
        (field({"pick": "majority"}, maximum_age="1y"), [("1", "a", OLD), ("1", "b", OLD), ("2", "c", NEW)], "2", "maximum_age"),
        (field({"pick": "most_recent"}, maximum_age="1y"), [("1", "a", OLD)], "1", "agreed"),
    ],
)  # fmt: skip
def test_a_rule_in_data_picks_what_it_says(chosen: Golden, words: list[Any], winner: str, rule: str) -> None:
    found = ranked([Word(*word) for word in words], chosen, TODAY)
    assert found is not None
    assert (found.words[0].value, found.rule) == (winner, rule)


def test_a_source_that_changed_its_word_counts_once_and_with_its_best_word() -> None:
    said = [Word("single", "registry", OLD), Word("married", "registry", NEW), Word("single", "city.police", OLD)]
    found = ranked(said, field({"pick": "most_recent"}), TODAY)
    assert found is not None
    assert (found.words[0].value, found.agreeing, found.conflicts) == ("married", 1, 1)


SOURCES = ("city.police", "city.health", "city.pension", "city.marriage")
FIELDS = (
    field(RANKED, {"pick": "majority"}, {"pick": "most_recent"}, name="sex"),
    field({"pick": "majority"}, RANKED, {"pick": "earliest"}, name="death"),
    field({"pick": "latest"}, {"pick": "never_null_overwrite"}, name="seen", answers="city.pension"),
    field({"pick": "most_recent"}, {"pick": "majority"}, name="phone", maximum_age="2y", answers="city.health"),
    field({"pick": "most_complete"}, {"pick": "most_recent"}, name="name"),
    field({"pick": "value_rank", "values": ["short", "2026-05-02"]}, {"pick": "most_recent"}, name="state"),
)
VALUES = ("2026-05-01", "2026-05-02", "long value", "short")


def said_at_random(entities: int) -> list[dict[str, Any]]:
    """Return claims of every shape: repeated, contradicting, undated, of one source and of many."""
    dice = Random("survivorship")
    days = [None, *[TODAY - timedelta(days=days) for days in (10, 400, 729, 730, 731, 3000)]]
    return [
        {
            "entity_id": f"E{entity}",
            "field": item.field,
            "value": dice.choice(VALUES),
            "source": (source := dice.choice(SOURCES)),
            "said_on": dice.choice(days),
            "place": rank(item, source),
        }
        for entity in range(entities)
        for item in FIELDS
        for _ in range(dice.randrange(6))
    ]


def test_spark_picks_for_random_claims_what_the_plain_reading_of_the_rules_picks(spark: SparkSession) -> None:
    claims = said_at_random(120)
    names = "entity_id string, field string, value string, source string, said_on date, place int"
    made = golden(spark.createDataFrame([Row(**claim) for claim in claims], names), FIELDS, TODAY).collect()
    assert len(made) == len({claim["entity_id"] for claim in claims})
    for row in made:
        for item in FIELDS:
            plain = plainly(claims, row["entity_id"], item)
            shown = [row[f"{item.field}{suffix}"] for suffix in ("", "_rule", "_agreeing", "_conflicts")]
            best = [plain.words[0].value, plain.rule, plain.agreeing, plain.conflicts] if plain else [None] * 4
            assert shown == best, f"{row['entity_id']} {item.field}"


def test_sources_are_compared_with_the_one_that_answers_where_both_speak(spark: SparkSession) -> None:
    claims = said_at_random(120)
    names = "entity_id string, field string, value string, source string, said_on date, place int"
    rows = compared(spark.createDataFrame([Row(**claim) for claim in claims], names), FIELDS, TODAY).collect()
    made = {
        (row["entity_id"], row["source"], name, row["authority"], verdict)
        for row in rows
        for verdict in ("agreeing", "disagreeing")
        for name in (row[verdict] or "").split()
    }
    wanted = set()
    for entity in {claim["entity_id"] for claim in claims}:
        for item in FIELDS:
            plain = plainly(claims, entity, item)
            best = {word.source: word.value for word in reversed(plain.words)} if plain else {}
            for source, value in best.items():
                if item.authority in best and source != item.authority:
                    verdict = "agreeing" if value == best[item.authority] else "disagreeing"
                    wanted.add((entity, source, item.field, item.authority, verdict))
    assert made == wanted
    assert {row["authority"] for row in rows} == {"city.police", "city.pension", "city.health"}


def plainly(claims: list[dict[str, Any]], entity: str, item: Golden) -> Ranked | None:
    mine = [claim for claim in claims if (claim["entity_id"], claim["field"]) == (entity, item.field)]
    return ranked([Word(claim["value"], claim["source"], claim["said_on"]) for claim in mine], item, TODAY)
