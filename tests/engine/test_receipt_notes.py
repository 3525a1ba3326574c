"""What the parser noticed and took all the same stands in the receipt."""

from citylake.ledger.deliveries.deliveries import receipts
from tests.engine.small_lake import HEADER, SmallLake, line


def test_lines_in_another_encoding_are_told_in_the_receipt(small: SmallLake) -> None:
    lines = [",".join(line(str(number)).get(name, "") for name in HEADER) + "\n" for number in range(3)]
    data = (",".join(HEADER) + "\n" + lines[0] + lines[1]).encode() + lines[2].encode("gb18030")
    small.drop_bytes("snapshot_20260301.csv", data)
    assert small.collect("clean.office__snapshot").outcome == "accepted"
    assert small.rows("clean.office__snapshot", "name") == [("名称0",), ("名称1",), ("名称2",)]
    reason = receipts(small.lake.ledger, limit=1)[0].reason
    assert reason == "共 3 行：新增 3 行；1 行是 GB18030 编码而非约定的 UTF-8（第一处在第 4 行），已按其编码读取"
