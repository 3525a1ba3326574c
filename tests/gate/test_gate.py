"""The gate on real Delta tables: what passes, what is put back, and what comes of it the next night."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from citylake.settings import Settings
from jobs.spark.session import session
from ledger.runs import rule_results, runs
from tests.gate.given import (
    BENEFIT,
    FIRST_NIGHT,
    PERSON,
    SECOND_NIGHT,
    SECRET,
    TALLY,
    THIRD_NIGHT,
    SmallLake,
)

GOOD = [("1", "1", "100.00"), ("2", "2", "200.00"), ("3", "1", "300.00")]
CHANGED = [("1", "1", "100.00"), ("2", "2", "250.00"), ("3", "1", "300.00")]
# 9 is no code of the list, and no rule of the engine looks at the codes of a derived table.
PLANTED = [("1", "1", "111.00"), ("2", "9", "200.00"), ("3", "1", "300.00")]


@pytest.fixture
def spark(lake: Settings) -> Iterator[SparkSession]:
    with session(lake) as opened:
        yield opened


@pytest.fixture
def small(lake: Settings, spark: SparkSession, tmp_path: Path) -> SmallLake:
    return SmallLake.open(lake, spark, tmp_path)


def test_a_table_that_keeps_its_promises_is_accepted_at_the_version_it_was_written_at(small: SmallLake) -> None:
    night = small.deliver(FIRST_NIGHT, GOOD)
    made = small.make(night, PERSON, TALLY)
    judged = small.judge("base", night)
    assert {name: one.verdict for name, one in judged.items()} == {PERSON: "pass", TALLY: "pass"}
    assert small.state(PERSON).accepted_version == made[PERSON].version == judged[PERSON].version
    assert {rule.rule: (rule.checked, rule.bad) for rule in judged[PERSON].rules} == {
        "columns": (3, 0),
        "not_null:pension_no": (3, 0),
        "unique:pension_no": (3, 0),
        "in_codes:pay_state": (3, 0),
        "in_range:amount": (3, 0),
    }


def test_nothing_moved_asks_no_question_and_accepts_what_was_read_on(small: SmallLake) -> None:
    night = small.deliver(FIRST_NIGHT, GOOD)
    small.make(night, PERSON, TALLY)
    small.judge("base", night)
    judged = small.judge("base", night)
    assert {name: (one.verdict, one.rules) for name, one in judged.items()} == {
        PERSON: ("unchanged", ()),
        TALLY: ("unchanged", ()),
    }


def test_a_table_with_a_planted_value_is_restored_and_who_read_it_in_its_layer_is_refused(small: SmallLake) -> None:
    small.whole_night(FIRST_NIGHT, GOOD)
    before = {name: (small.state(name), small.rows(name)) for name in (PERSON, TALLY, SECRET, BENEFIT)}

    night = small.deliver(SECOND_NIGHT, PLANTED)
    made = small.make(night, PERSON, TALLY)
    assert {one.state for one in made.values()} == {"written"}
    judged = small.judge("base", night)

    assert {name: one.verdict for name, one in judged.items()} == {
        PERSON: "refused",
        TALLY: "refused",
        SECRET: "unchanged",
    }
    assert "in_codes:pay_state（1/3）" in judged[PERSON].reason
    assert PERSON in judged[TALLY].reason
    for name in (PERSON, TALLY):
        old, rows = before[name]
        state = small.state(name)
        assert small.rows(name) == rows
        assert (state.content, state.accepted_content) == (old.content, old.content)
        assert state.consumed == old.consumed
        assert state.refused
        assert state.accepted_version == state.version
        assert (state.version or 0) > (old.version or 0)


def test_what_lies_above_a_refused_table_reads_its_accepted_content_and_has_nothing_to_do(small: SmallLake) -> None:
    small.whole_night(FIRST_NIGHT, GOOD)
    night = small.deliver(SECOND_NIGHT, PLANTED)
    small.make(night, PERSON, TALLY)
    small.judge("base", night)
    assert small.make(night, BENEFIT)[BENEFIT].state == "unchanged"


def test_the_next_night_repairs_a_restored_table_and_equals_a_lake_that_never_failed(small: SmallLake) -> None:
    small.whole_night(FIRST_NIGHT, GOOD)
    small.whole_night(SECOND_NIGHT, PLANTED)
    done = small.whole_night(THIRD_NIGHT, CHANGED)
    assert done.stale == []
    assert [row[2] for row in small.rows(PERSON)] == [row[2] for row in small.rows("clean.hrss__pension")]
    assert [str(row[1]) for row in small.rows(TALLY)] == ["200.00", "500.00", "600.00"]
    assert [str(row[1]) for row in small.rows(BENEFIT)] == ["200.00", "500.00", "600.00"]


def test_a_table_never_accepted_is_emptied_and_leaves_its_readers_waiting(small: SmallLake) -> None:
    night = small.deliver(FIRST_NIGHT, PLANTED)
    small.make(night, PERSON, TALLY)
    small.judge("base", night)
    state = small.state(PERSON)
    assert (state.content, state.accepted_content, state.refused) == (None, None, True)
    assert small.rows(PERSON) == small.rows(TALLY) == []
    assert small.make(night, BENEFIT)[BENEFIT].state == "waiting"

    second = small.deliver(SECOND_NIGHT, GOOD)
    small.make(second, PERSON, TALLY)
    assert {one.verdict for one in small.judge("base", second).values()} == {"pass"}
    assert len(small.rows(TALLY)) == 3


def test_a_warning_rule_counts_and_stops_nothing(small: SmallLake) -> None:
    night = small.deliver(FIRST_NIGHT, [*GOOD, ("4", "1", "9000.00")])
    small.make(night, PERSON)
    judged = small.judge("base", night)[PERSON]
    assert judged.verdict == "warn"
    assert judged.content == small.state(PERSON).accepted_content
    warned = [rule for rule in judged.rules if rule.verdict == "warn"]
    assert [(rule.rule, rule.checked, rule.bad) for rule in warned] == [("in_range:amount", 4, 1)]


def test_a_column_that_is_missing_or_foreign_refuses_the_table_and_the_rule_that_needs_it_is_an_error(
    small: SmallLake,
) -> None:
    small.whole_night(FIRST_NIGHT, GOOD)
    night = small.deliver(SECOND_NIGHT, CHANGED)
    small.make(night, PERSON)
    uri = small.lake.location(PERSON)
    rows = small.spark.read.format("delta").load(uri).withColumnRenamed("pay_state", "id_no")
    rows.write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(uri)
    from jobs.engine.delta_log import newest_version
    from ledger.tables import note_version

    note_version(small.lake.ledger, PERSON, newest_version(uri) or 0)
    judged = small.judge("base", night)[PERSON]
    assert judged.verdict == "refused"
    found = {rule.rule: rule for rule in judged.rules}
    assert found["columns"].message == "缺少列 pay_state；多出列 id_no"
    assert (found["in_codes:pay_state"].verdict, found["in_codes:pay_state"].checked) == ("error", 0)
    assert found["not_null:pension_no"].verdict == "pass"
    assert small.rows(PERSON) == [(a, b, __import__("decimal").Decimal(c)) for a, b, c in GOOD]


def test_what_the_rules_said_stands_in_the_ledger_without_a_value(small: SmallLake) -> None:
    night = small.deliver(FIRST_NIGHT, PLANTED)
    small.make(night, PERSON)
    small.judge("base", night)
    run = next(one for one in runs(small.lake.ledger, table=PERSON) if one.kind == "gate")
    assert run.state == "refused"
    failed = [rule for rule in rule_results(small.lake.ledger, run.id) if rule.verdict == "fail"]
    assert [(rule.rule, rule.checked, rule.bad) for rule in failed] == [("in_codes:pay_state", 3, 1)]
    assert failed[0].message == "领取状态的值不在代码表 pay_state 内"
    assert "111" not in run.reason
