"""Each mode of a collected table: what becomes of lines, and that accounting closes."""

from citylake.ledger.runs.runs import rule_results, runs
from tests.engine.small_lake import SmallLake, line

LIVE = "NOT _deleted"


def test_a_first_delivery_is_inserted_and_an_identical_one_writes_nothing(small: SmallLake) -> None:
    small.drop("snapshot_20260301.csv", [line("1"), line("2")])
    first = small.collect("clean.office__snapshot")
    assert (first.outcome, first.results[0].counts["inserted"]) == ("accepted", 2)
    small.drop("snapshot_20260302.csv", [line("1"), line("2")])
    again = small.collect("clean.office__snapshot")
    assert again.outcome == "unchanged"
    assert small.rows("clean.office__snapshot", "record_no") == [("1",), ("2",)]


def test_a_b_a_is_three_deliveries(small: SmallLake) -> None:
    outcomes = []
    for day, name in (("01", "甲"), ("02", "乙"), ("03", "甲")):
        small.drop(f"snapshot_202603{day}.csv", [line("1", MC=name)])
        outcomes.append(small.collect("clean.office__snapshot").outcome)
    assert outcomes == ["accepted"] * 3
    assert small.rows("clean.office__snapshot", "name") == [("甲",)]


def test_a_snapshot_counts_new_changed_same_and_vanished_rows(small: SmallLake) -> None:
    small.drop("snapshot_20260301.csv", [line(str(n)) for n in range(40)])
    small.collect("clean.office__snapshot")
    kept = [line(str(n)) for n in range(1, 40)]
    kept[0] = line("1", MC="改名")
    small.drop("snapshot_20260302.csv", [*kept, line("new")])
    counts = small.collect("clean.office__snapshot").results[0].counts
    assert (counts["inserted"], counts["updated"], counts["unchanged"], counts["vanished"]) == (1, 1, 38, 1)
    assert counts["live_after"] == 40 == len(small.rows("clean.office__snapshot", "record_no", where=LIVE))
    assert small.rows("clean.office__snapshot", "record_no", where="_deleted") == [("0",)]


def test_a_quarantined_line_in_a_snapshot_removes_nobody_and_keeps_the_last_good_row(small: SmallLake) -> None:
    small.drop("snapshot_20260301.csv", [line("1"), line("2")])
    small.collect("clean.office__snapshot")
    small.drop("snapshot_20260302.csv", [line("1"), line("2", MC="")])
    counts = small.collect("clean.office__snapshot").results[0].counts
    assert (counts["quarantined"], counts["vanished"], counts["live_after"]) == (1, 0, 2)
    held = small.rows("clean.office__snapshot", "record_no", "name", "CAST(_held_since AS STRING)")
    assert held == [("1", "名称1", None), ("2", "名称2", "2026-03-02")]
    small.drop("snapshot_20260303.csv", [line("1"), line("2")])
    small.collect("clean.office__snapshot")
    assert small.rows("clean.office__snapshot", "record_no", where="_held_since IS NOT NULL") == []


def test_quarantine_names_line_column_and_reason_and_no_value_reaches_the_ledger(small: SmallLake) -> None:
    small.drop(
        "snapshot_20260301.csv", [line("1"), line("2", JE="十元"), line("3", LB="Z"), line("4", FSRQ="20261301")]
    )
    small.collect("clean.office__snapshot")
    found = small.rows("quarantine.office__snapshot", "_line", "_reasons[0].column", "_reasons[0].rule")
    assert found == [
        (3, "amount", "type:amount"),
        (4, "kind_code", "code:kind_code"),
        (5, "happened_date", "type:happened_date"),
    ]


def test_changes_apply_newest_wins_and_late_ones_are_superseded(small: SmallLake) -> None:
    later = "2026-02-03 08:00:00"
    small.drop("change_20260301.csv", [line("1"), line("2"), line("1", CZBZ="U", MC="新", GXSJ=later)])
    first = small.collect("clean.office__change").results[0].counts
    assert (first["inserted"], first["superseded"]) == (2, 1)
    small.drop(
        "change_20260302.csv",
        [
            line("1", CZBZ="U", MC="迟", GXSJ="2026-02-02 08:00:00"),
            line("2", CZBZ="D", GXSJ=later),
            line("3", CZBZ="X"),
        ],
    )
    second = small.collect("clean.office__change").results[0].counts
    assert (second["superseded"], second["deleted"], second["quarantined"], second["live_after"]) == (1, 1, 1, 1)
    assert small.rows("clean.office__change", "record_no", "name", where=LIVE) == [("1", "新")]
    small.drop("change_20260303.csv", [line("2", GXSJ="2026-02-02 08:00:00"), line("9", CZBZ="D", GXSJ=later)])
    third = small.collect("clean.office__change").results[0].counts
    assert (third["superseded"], third["unchanged"], third["inserted"], third["live_after"]) == (1, 1, 0, 1)


def test_an_event_is_repeated_or_rewritten_but_never_changed(small: SmallLake) -> None:
    small.drop("event_20260301.csv", [line("1"), line("1"), line("2")])
    first = small.collect("clean.office__event").results[0].counts
    assert (first["inserted"], first["repeated"]) == (2, 1)
    small.drop("event_20260302.csv", [line("1"), line("2", JE="99.00"), line("3")])
    second = small.collect("clean.office__event").results[0].counts
    assert (second["repeated"], second["quarantined"], second["inserted"]) == (1, 1, 1)
    assert small.rows("quarantine.office__event", "_reasons[0].rule") == [("event_rewritten",)]


def test_a_value_that_moves_between_two_nullable_columns_is_a_change(small: SmallLake) -> None:
    small.drop("snapshot_20260301.csv", [line("1", BM="", GSBH="X")])
    small.collect("clean.office__snapshot")
    small.drop("snapshot_20260302.csv", [line("1", BM="X", GSBH="")])
    assert small.collect("clean.office__snapshot").results[0].counts["updated"] == 1


def test_an_older_snapshot_after_a_newer_one_is_refused(small: SmallLake) -> None:
    small.drop("snapshot_20260302.csv", [line("1")])
    small.collect("clean.office__snapshot")
    small.drop("snapshot_20260301.csv", [line("2")])
    refused = small.collect("clean.office__snapshot")
    assert refused.outcome == "refused"
    assert "旧快照" in refused.reason
    assert small.rows("clean.office__snapshot", "record_no") == [("1",)]


def test_a_gate_stops_a_delivery_before_anything_is_written(small: SmallLake) -> None:
    from tests.engine.small_lake import contract

    gated = contract("snapshot", rules={"gate": [{"vanished": {"max_percent": 5}}]})
    small.write("clean/office/snapshot.yml", gated)
    small.drop("snapshot_20260301.csv", [line(str(n)) for n in range(10)])
    small.collect("clean.office__snapshot")
    small.drop("snapshot_20260302.csv", [line(str(n)) for n in range(7)])
    refused = small.collect("clean.office__snapshot")
    assert refused.outcome == "refused"
    assert refused.results[0].counts["vanished"] == 3
    assert len(small.rows("clean.office__snapshot", "record_no", where=LIVE)) == 10


def test_many_changed_rows_go_through_replace_using(small: SmallLake) -> None:
    small.drop("snapshot_20260301.csv", [line(str(n)) for n in range(3_000)])
    small.collect("clean.office__snapshot")
    small.drop("snapshot_20260302.csv", [line(str(n), MC="全改") for n in range(10, 3_000)])
    counts = small.collect("clean.office__snapshot").results[0].counts
    assert (counts["updated"], counts["vanished"], counts["live_after"]) == (2_990, 10, 2_990)


def test_a_changed_meaning_replays_all_deliveries(small: SmallLake) -> None:
    from tests.engine.small_lake import contract

    small.drop("snapshot_20260301.csv", [line("1"), line("2", BM="")])
    small.collect("clean.office__snapshot")
    stricter = contract(
        "snapshot", rules={"quarantine": [{"not_null": "name"}, {"matches": {"column": "record_no", "pattern": "^1$"}}]}
    )
    small.write("clean/office/snapshot.yml", stricter)
    small.collect("clean.office__snapshot")
    assert small.rows("clean.office__snapshot", "record_no", where=LIVE) == [("1",)]


def test_signs_that_nobody_sees_make_no_other_record_and_what_was_read_otherwise_is_counted(small: SmallLake) -> None:
    numbers = [f"R{number}" for number in range(1, 7)]
    small.drop("change_20260301.csv", [line(number) for number in numbers])
    small.collect("clean.office__change")
    later = {"GXSJ": "2026-02-02 08:00:00", "JE": "２0.00", "MC": "名称"}
    unseen = ["R1\t", "R2 ", "\ufeffR3", "R4\u200b", "R\u2060\ufe0f5\u00a0", "R6\u3000"]
    small.drop(
        "change_20260302.csv",
        [
            *[line(number, **later) for number in unseen[:5]],
            line(unseen[5], **later | {"CZBZ": "\u200bD\t", "JE": "1"}),
        ],
    )
    taken = small.collect("clean.office__change").results[0]
    assert small.rows("clean.office__change", "record_no", "CAST(amount AS INT)", where=LIVE) == [
        (number, 20) for number in numbers[:5]
    ]
    assert {name: count for name, count in taken.counts.items() if name.startswith("changed:")} == {
        "changed:trimmed:record_no": 4,
        "changed:narrowed:record_no": 2,
        "changed:unseen:record_no": 3,
        "changed:narrowed:amount": 5,
    }
    assert "主键记录编号有 4 行去掉首尾空白" in taken.reason
    assert "金额" not in taken.reason
    run = runs(small.lake.ledger, table="clean.office__change")[0]
    warned = {rule.rule: (rule.verdict, rule.bad, rule.message) for rule in rule_results(small.lake.ledger, run.id)}
    assert warned["narrowed:amount"] == ("warn", 5, "金额(元)全角改为半角")
    raw = small.rows("raw.office__change", "record_no", where="_delivery_id = 2")
    assert raw == sorted([(number,) for number in unseen], key=repr)
