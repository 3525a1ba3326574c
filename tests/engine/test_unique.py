"""``unique`` of other columns than the key: judged of what will stand there, before anything is written."""

from typing import Any

import pytest

from citylake.ledger.runs.runs import rule_results, runs
from tests.engine.small_lake import SmallLake, contract, line

SNAPSHOT, CHANGE, EVENT = (f"clean.office__{mode}" for mode in ("snapshot", "change", "event"))
LATER, LATEST = "2026-02-03 08:00:00", "2026-02-04 08:00:00"
RULE: dict[str, Any] = {"unique": ["other_name"]}


def stated(small: SmallLake, mode: str, action: str = "gate") -> SmallLake:
    small.write(f"clean/office/{mode}.yml", contract(mode, rules={action: [RULE]}))
    return small


def take(small: SmallLake, mode: str, number: int, *lines: dict[str, str]) -> str:
    small.drop(f"{mode}_2026030{number}.csv", lines)
    found = small.collect(f"clean.office__{mode}")
    assert found.outcome == "accepted" or "重复：别名" in found.reason
    return found.outcome


def test_a_snapshot_may_move_values_between_its_rows_but_not_give_two_rows_one(small: SmallLake) -> None:
    stated(small, "snapshot")
    assert take(small, "snapshot", 1, line("1", BM="甲"), line("2", BM="乙"), line("3"), line("4")) == "accepted"
    assert take(small, "snapshot", 2, line("1", BM="甲"), line("2", BM="甲"), line("3"), line("4")) == "refused"
    assert small.rows(SNAPSHOT, "record_no", "other_name") == [("1", "甲"), ("2", "乙"), ("3", None), ("4", None)]
    assert take(small, "snapshot", 3, line("1", BM="乙"), line("2", BM="甲"), line("3"), line("4")) == "accepted"
    assert take(small, "snapshot", 4, line("1", BM="乙"), line("3"), line("4", BM="甲")) == "accepted"
    held = [line("1", BM="乙"), line("3", BM="甲"), line("4", JE="十元", BM="丙")]
    assert take(small, "snapshot", 5, *held) == "refused"  # the last good row of 4 stays, and with it 甲


def test_a_change_meets_the_rows_it_does_not_mention(small: SmallLake) -> None:
    stated(small, "change")
    assert take(small, "change", 1, line("1", BM="甲"), line("2", BM="乙")) == "accepted"
    assert take(small, "change", 2, line("3", BM="甲")) == "refused"
    assert take(small, "change", 3, line("1", CZBZ="D", GXSJ=LATER), line("3", BM="甲")) == "accepted"
    assert take(small, "change", 4, line("1", BM="甲", GXSJ=LATEST)) == "refused"


def test_an_event_meets_all_events_before_it_and_a_repeated_line_itself_only_once(small: SmallLake) -> None:
    stated(small, "event")
    assert take(small, "event", 1, line("1", BM="甲"), line("1", BM="甲"), line("2", BM="乙")) == "accepted"
    assert take(small, "event", 2, line("1", BM="甲"), line("3", BM="乙")) == "refused"


def test_a_warning_counts_the_rows_too_many_and_stops_nothing(small: SmallLake) -> None:
    stated(small, "snapshot", "warn")
    assert take(small, "snapshot", 1, *[line(str(n), BM="甲") for n in range(3)]) == "accepted"
    (run,) = runs(small.lake.ledger, table=SNAPSHOT)
    said = {rule.rule: (rule.action, rule.verdict, rule.bad) for rule in rule_results(small.lake.ledger, run.id)}
    assert said == {"unique:other_name": ("warn", "warn", 2)}


@pytest.fixture
def named(small: SmallLake) -> SmallLake:
    small.write(
        "topic/money/named.yml",
        {
            "title": "名称",
            "grain": "一个记录一行",
            "owner": "office",
            "key": ["record_no"],
            "inputs": {"r": {"table": CHANGE, "on": ["record_no"]}},
            "columns": {"record_no": {}, "owner_no": {}, "other_name": {}, "amount": {}},
            "rules": {
                "gate": [RULE, {"in_range": {"column": "amount", "min": 0}}],
                "warn": [{"unique": ["owner_no", "amount"]}, {"in_range": {"column": "amount", "max": 5}}],
            },
        },
    )
    small.select(
        "topic/money/named.sql", "SELECT r.record_no, r.owner_no, r.other_name, r.amount FROM r WHERE NOT r._deleted"
    )
    small.drop("change_20260301.csv", [line("1", BM="甲"), line("2", BM="乙"), line("3"), line("4")])
    small.collect(CHANGE)
    small.run("topic.money__named")
    return small


def test_a_made_table_meets_its_untouched_units(named: SmallLake) -> None:
    named.drop("change_20260302.csv", [line("3", BM="甲", GXSJ=LATER)])
    named.collect(CHANGE)
    refused = named.run("topic.money__named")
    assert (refused.state, "重复：别名" in refused.reason) == ("refused", True)
    named.drop("change_20260303.csv", [line("1", BM="丁", GXSJ=LATEST)])
    named.collect(CHANGE)
    assert named.run("topic.money__named").state == "written"
    found = named.rows("topic.money__named", "record_no", "other_name")
    assert found == [("1", "丁"), ("2", "乙"), ("3", "甲"), ("4", None)]


def test_the_same_rule_with_other_bounds_stops_and_warns_each_by_its_own(named: SmallLake) -> None:
    run = runs(named.lake.ledger, table="topic.money__named")[0]
    said = [(rule.rule, rule.action, rule.verdict, rule.bad) for rule in rule_results(named.lake.ledger, run.id)]
    assert said[2:] == [
        ("unique:other_name", "gate", "pass", 0),
        ("in_range:amount", "gate", "pass", 0),
        ("unique:owner_no_amount", "warn", "warn", 3),
        ("in_range:amount", "warn", "warn", 4),
    ]
    named.drop("change_20260302.csv", [line("3", JE="-1.00", GXSJ=LATER)])
    named.collect(CHANGE)
    refused = named.run("topic.money__named")
    assert (refused.state, "金额(元)超出允许范围（不小于 0）" in refused.reason) == ("refused", True)
