"""What the parser noticed and took all the same stands in the receipt."""

from datetime import date
from typing import Any

from citylake.ledger.deliveries.deliveries import receipts
from tests.engine.small_lake import HEADER, SmallLake, contract, line
from tests.sources.workbooks import Package, Page, Raw, number, package


def test_lines_in_another_encoding_are_told_in_the_receipt(small: SmallLake) -> None:
    lines = [",".join(line(str(number)).get(name, "") for name in HEADER) + "\n" for number in range(3)]
    data = (",".join(HEADER) + "\n" + lines[0] + lines[1]).encode() + lines[2].encode("gb18030")
    small.drop_bytes("snapshot_20260301.csv", data)
    assert small.collect("clean.office__snapshot").outcome == "accepted"
    assert small.rows("clean.office__snapshot", "name") == [("名称0",), ("名称1",), ("名称2",)]
    reason = receipts(small.lake.ledger, limit=1)[0].reason
    assert reason == "共 3 行：新增 3 行；1 行是 GB18030 编码而非约定的 UTF-8（第一处在第 4 行），已按其编码读取"


def test_that_nothing_vanishes_is_said_where_something_could(small: SmallLake) -> None:
    rows = [HEADER, [line("1").get(name, "") for name in HEADER], ["########"] * len(HEADER)]
    small.drop_bytes("snapshot_20260301.csv", "".join(",".join(row) + "\n" for row in rows).encode())
    assert small.collect("clean.office__snapshot").outcome == "accepted"
    reason = receipts(small.lake.ledger, limit=1)[0].reason
    assert reason == "共 2 行：新增 1 行，无法读取 1 行，1 行主键无法读取，本次不判断消失"


def test_days_counted_from_1904_are_converted_and_told(small: SmallLake) -> None:
    columns = {"record_no": {"from": "JLBH"}, "happened_date": {"from": "FSRQ", "format": "excel_serial"}}
    source = {"form": "xlsx", "files": "event_*.xlsx", "as_of": {"filename": r"(\d{8})"}}
    small.write("clean/office/event.yml", contract("event", source=source, columns=columns, rules={}, ignore={}))
    rows: list[list[Any]] = [["JLBH", "FSRQ"], ["1", 44866], ["2", number("44866", style=1)], ["3", "2026-11-02"]]
    rows.append(["4", Raw("<v>#N/A</v>", ' t="e"')])
    data = package(Package([Page("表", rows)], formats=["yyyy-mm-dd"], properties='date1904="1"'))
    small.drop_bytes("event_20260301.xlsx", data)
    assert small.collect("clean.office__event").outcome == "accepted"
    days = small.rows("clean.office__event", "record_no", "happened_date")
    assert days == [(number, date(2026, 11, 2)) for number in ("1", "2", "3")]
    counts, *told = receipts(small.lake.ledger, limit=1)[0].reason.split("；")
    assert counts == "共 4 行：新增 3 行，无法读取 1 行，1 行主键无法读取"
    assert told == ["工作簿的日期从 1904 年起计，已照此换算", "发生日期 1 处由日期序号换算成日期"]


def test_days_counted_as_numbers_in_a_text_file_are_converted_and_told(small: SmallLake) -> None:
    columns = {"record_no": {"from": "JLBH"}, "happened_date": {"from": "FSRQ", "format": "excel_serial"}}
    source = {"form": "csv", "files": "event_*.csv", "as_of": {"filename": r"(\d{8})"}}
    small.write("clean/office/event.yml", contract("event", source=source, columns=columns, rules={}, ignore={}))
    small.drop_bytes("event_20260301.csv", b"JLBH,FSRQ\n1,46000\n2,2025-12-09\n3,20251209\n4,+46000\n5,99999\n")
    assert small.collect("clean.office__event").outcome == "accepted"
    days = small.rows("clean.office__event", "happened_date")
    assert days == [(date(2025, 12, 9),)] * 4
    counts = receipts(small.lake.ledger, limit=1)[0].counts
    assert {name: count for name, count in counts.items() if name.startswith("changed:")} == {
        "changed:serial_to_date:happened_date": 2
    }
