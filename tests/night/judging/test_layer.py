"""Judging real Delta tables that were never accepted, that only warn, or whose files do not fit their contract.

What a refusal does to a table that was published before is told by ``tests/night/publication/test_three_nights.py``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

import pytest
from pyspark.sql import SparkSession

from citylake.delta.log import newest_version
from citylake.engine.run.context import TableResult
from citylake.ledger.runs.runs import JUDGING, rule_results, runs
from citylake.ledger.runs.tables import TableState, note_version
from citylake.night.judging.layer import Judgement
from citylake.settings import Settings
from citylake.spark.session import session
from tests.night.judging.given import BENEFIT, FIRST_NIGHT, PERSON, SECOND_NIGHT, TALLY, THIRD_NIGHT, SmallLake

# 9 is no code of the list, and no rule of the engine looks at the codes of a derived table.
PLANTED = [("1", "1", "111.00"), ("2", "9", "200.00"), ("3", "1", "300.00")]
GOOD = [("1", "1", "100.00"), ("2", "2", "200.00"), ("3", "1", "9000.00")]


@dataclass
class Story:
    """A night that fails before anything was accepted, one that passes with a warning, one whose files are wrong."""

    small: SmallLake
    planted: dict[str, Judgement]
    emptied: TableState
    rows_when_emptied: list[tuple[object, ...]]
    reader: TableResult
    passed: dict[str, Judgement]
    again: dict[str, Judgement]
    foreign: Judgement


class NeverAsked:
    """A session that nothing may be asked of: what this process may hold is judged in it."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"Spark was asked for {name}")


@pytest.fixture(scope="module")
def story(lake_of_module: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with session(lake_of_module) as spark:
        small = SmallLake.open(lake_of_module, spark, tmp_path_factory.mktemp("judging"))
        night = small.deliver(FIRST_NIGHT, PLANTED)
        small.make(night, PERSON, TALLY)
        planted = small.judge("base", night)
        emptied, rows = small.state(PERSON), [*small.rows(PERSON), *small.rows(TALLY)]
        reader = small.make(night, BENEFIT)[BENEFIT]

        night = small.deliver(SECOND_NIGHT, GOOD)
        small.make(night, PERSON, TALLY)
        passed = small.judge("base", night, cast("SparkSession", NeverAsked()))
        again = small.judge("base", night)

        night = small.deliver(THIRD_NIGHT, GOOD[:2])
        small.make(night, PERSON)
        uri = small.lake.location(PERSON)
        renamed = spark.read.format("delta").load(uri).withColumnRenamed("pay_state", "id_no")
        renamed.write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(uri)
        note_version(small.lake.ledger, PERSON, newest_version(uri) or 0)
        foreign = small.judge("base", night)[PERSON]
        yield Story(small, planted, emptied, rows, reader, passed, again, foreign)


def test_a_table_never_accepted_is_emptied_with_its_readers_and_leaves_the_layer_above_waiting(story: Story) -> None:
    assert {name: one.verdict for name, one in story.planted.items()} == {PERSON: "refused", TALLY: "refused"}
    assert (story.emptied.content, story.emptied.accepted_content, story.emptied.refused) == (None, None, True)
    assert story.rows_when_emptied == []
    assert story.reader.state == "waiting"


def test_a_refusal_names_the_rule_the_counts_and_no_value(story: Story) -> None:
    assert "in_codes:pay_state（1/3）领取状态的值不在代码表 pay_state 内" in story.planted[PERSON].reason
    assert PERSON in story.planted[TALLY].reason
    run = [one for one in runs(story.small.lake.ledger, table=PERSON) if one.kind == JUDGING][-1]
    assert run.state == "refused"
    failed = [rule for rule in rule_results(story.small.lake.ledger, run.id) if rule.verdict == "fail"]
    assert [(rule.rule, rule.checked, rule.bad) for rule in failed] == [("in_codes:pay_state", 3, 1)]


def test_an_emptied_table_takes_the_next_write_and_is_accepted_without_a_word_to_spark(story: Story) -> None:
    assert {name: one.verdict for name, one in story.passed.items()} == {PERSON: "warn", TALLY: "pass"}
    assert len(story.small.rows(TALLY)) == 3


def test_a_warning_rule_counts_and_stops_nothing(story: Story) -> None:
    said = {rule.rule: (rule.verdict, rule.checked, rule.bad) for rule in story.passed[PERSON].rules}
    assert said == {
        "columns": ("pass", 3, 0),
        "not_null:pension_no": ("pass", 3, 0),
        "unique:pension_no": ("pass", 3, 0),
        "in_codes:pay_state": ("pass", 3, 0),
        "in_range:amount": ("warn", 3, 1),
    }


def test_what_has_not_moved_is_not_asked_again(story: Story) -> None:
    assert {(one.verdict, one.rules) for one in story.again.values()} == {("unchanged", ())}


def test_a_foreign_column_refuses_the_table_and_a_rule_whose_column_is_gone_is_an_error(story: Story) -> None:
    assert story.foreign.verdict == "refused"
    found = {rule.rule: rule for rule in story.foreign.rules}
    assert found["columns"].message == "缺少列 pay_state；多出列 id_no"
    assert (found["in_codes:pay_state"].verdict, found["in_codes:pay_state"].checked) == ("error", 0)
    assert found["not_null:pension_no"].verdict == "pass"
    assert story.small.rows(PERSON) == [(number, code, Decimal(amount)) for number, code, amount in GOOD]
