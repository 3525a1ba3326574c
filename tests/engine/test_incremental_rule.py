"""A derived table: cost follows the change, and what is there equals what a rebuild would make."""

from datetime import date

import pytest

from tests.engine.small_lake import SmallLake, line

SUM = "topic.money__owner_total"
SUM_CONTRACT = {
    "title": "归属合计",
    "grain": "一个归属一行",
    "owner": "office",
    "key": ["owner_no"],
    "inputs": {"r": {"table": "clean.office__change", "on": ["owner_no"]}},
    "columns": {"owner_no": {}, "total_amount": {}, "count": {}},
}
SUM_SELECT = """
SELECT r.owner_no, SUM(r.amount) AS total_amount, COUNT(*) AS count
FROM r WHERE NOT r._deleted GROUP BY r.owner_no
"""
TIMED = "topic.money__recent"
TIMED_CONTRACT = {
    "title": "近期",
    "grain": "一个记录一行",
    "owner": "office",
    "key": ["record_no"],
    "inputs": {"r": {"table": "clean.office__change", "on": ["record_no"]}},
    "columns": {"record_no": {}, "is_recent": {}, "_recheck_on": {}},
}
TIMED_SELECT = """
SELECT r.record_no, r.happened_date > date_sub(:business_date, 30) AS is_recent,
  CASE WHEN r.happened_date > date_sub(:business_date, 30) THEN date_add(r.happened_date, 30) END AS _recheck_on
FROM r WHERE NOT r._deleted
"""


@pytest.fixture
def summed(small: SmallLake) -> SmallLake:
    small.write("topic/money/owner_total.yml", SUM_CONTRACT)
    small.select("topic/money/owner_total.sql", SUM_SELECT)
    rows = [line(str(n), GSBH=f"G{n % 3}") for n in range(9)]
    small.drop("change_20260301.csv", rows)
    small.collect("clean.office__change")
    return small


def totals(small: SmallLake) -> list[tuple[object, ...]]:
    return small.rows(SUM, "owner_no", "CAST(total_amount AS DOUBLE)", "count")


def test_only_touched_units_are_written_and_a_key_that_moves_touches_both(summed: SmallLake) -> None:
    summed.run(SUM)
    summed.drop("change_20260302.csv", [line("1", CZBZ="U", GSBH="G2", GXSJ="2026-02-05 00:00:00")])
    summed.collect("clean.office__change")
    result = summed.run(SUM)
    assert result.counts == {"units": 2, "changed_units": 2, "written": 2}
    assert totals(summed) == [("G0", 30.0, 3), ("G1", 20.0, 2), ("G2", 40.0, 4)]
    before = totals(summed)
    assert summed.run(SUM, rebuild=True).state == "unchanged"
    assert totals(summed) == before


def test_many_units_go_through_spark_and_equal_a_rebuild(small: SmallLake) -> None:
    small.write("topic/money/owner_total.yml", SUM_CONTRACT)
    small.select("topic/money/owner_total.sql", SUM_SELECT)
    small.drop("change_20260301.csv", [line(str(n), GSBH=f"G{n}") for n in range(9_000)])
    small.collect("clean.office__change")
    assert small.run(SUM).rows == 9_000
    touched = [line(str(n), GSBH=f"G{n}", JE="11.00", CZBZ="U", GXSJ="2026-02-05 00:00:00") for n in range(1_200)]
    touched += [line(str(n), GSBH=f"G{n}", CZBZ="D", GXSJ="2026-02-05 00:00:00") for n in range(1_200, 1_400)]
    small.drop("change_20260302.csv", touched)
    small.collect("clean.office__change")
    result = small.run(SUM)
    assert result.counts == {"changed_units": 1_400, "vanished_units": 200}
    assert result.rows == 8_800 == len(totals(small))
    assert small.run(SUM, rebuild=True).state == "unchanged"


def test_a_row_that_changes_by_time_alone_is_rechecked_on_its_day(small: SmallLake) -> None:
    small.write("topic/money/recent.yml", TIMED_CONTRACT)
    small.select("topic/money/recent.sql", TIMED_SELECT)
    small.drop("change_20260301.csv", [line("1", FSRQ="20260210"), line("2", FSRQ="20250101")])
    small.collect("clean.office__change")
    small.run(TIMED)
    assert small.rows(TIMED, "record_no", "is_recent") == [("1", True), ("2", False)]
    small.day = date(2026, 3, 11)
    assert small.run(TIMED).state == "unchanged"
    small.day = date(2026, 3, 12)
    assert small.run(TIMED).counts["changed_units"] == 1
    assert small.rows(TIMED, "record_no", "is_recent") == [("1", False), ("2", False)]
    assert small.run(TIMED).state == "unchanged"


def test_a_table_without_accepted_inputs_waits(small: SmallLake) -> None:
    small.write("topic/money/owner_total.yml", SUM_CONTRACT)
    small.select("topic/money/owner_total.sql", SUM_SELECT)
    assert small.run(SUM).state == "waiting"


def test_a_changed_select_rebuilds_and_writes_only_what_differs(summed: SmallLake) -> None:
    summed.run(SUM)
    summed.select("topic/money/owner_total.sql", SUM_SELECT.replace("SUM(r.amount)", "SUM(r.amount) + 0"))
    assert summed.run(SUM).state == "unchanged"
    doubled = SUM_SELECT.replace("SUM(r.amount)", "SUM(IF(r.owner_no = 'G1', 2, 1) * r.amount)")
    summed.select("topic/money/owner_total.sql", doubled)
    assert summed.run(SUM).counts["changed_units"] == 1


def test_a_repeated_key_in_the_result_stops_the_table(summed: SmallLake) -> None:
    summed.select(
        "topic/money/owner_total.sql", SUM_SELECT.replace("GROUP BY r.owner_no", "GROUP BY r.owner_no, r.record_no")
    )
    refused = summed.run(SUM)
    assert refused.state == "refused"
    assert "主键重复" in refused.reason
