"""What must never get in: it is refused with a sentence a clerk understands, nothing is lost, the next good file counts."""

from datetime import date

import pytest

from citylake.ledger.deliveries.deliveries import receipts, verify_chain
from tests.engine.small_lake import HEADER, SmallLake, line

TABLE = "clean.office__snapshot"


def csv(header: list[str], *rows: dict[str, str]) -> bytes:
    lines = [",".join(header), *[",".join(row.get(name, "") for name in header) for row in rows]]
    return ("\n".join(lines) + "\n").encode()


GOOD = csv(HEADER, line("1"), line("2"))
BAD = {
    "wrong encoding": csv(HEADER, line("1", MC="乱码")).decode().encode("gb18030"),
    "truncated": GOOD[:-30],
    "missing column": csv([name for name in HEADER if name != "MC"], line("1")),
    "extra column": csv([*HEADER, "XZL"], line("1")),
    "renamed column": csv([name.replace("MC", "MINGCHENG") for name in HEADER], line("1")),
    "empty": b"",
    "header only": csv(HEADER),
    "giant line": csv(HEADER, line("1", MC="长" * 2_000_000)),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_and_the_next_good_one_is_taken(small: SmallLake, kind: str) -> None:
    small.drop_bytes("snapshot_20260301.csv", BAD[kind])
    refused = small.collect(TABLE)
    assert refused.outcome == "refused"
    receipt = receipts(small.lake.ledger, limit=1)[0]
    assert receipt.verdict == "refused"
    assert receipt.landing, "the bytes are kept as evidence"
    assert any("\u4e00" <= sign <= "\u9fff" for sign in receipt.reason)
    assert not list((small.settings.inbox / "office").glob("*.csv"))
    assert verify_chain(small.lake.ledger) == []


def test_after_a_refusal_the_last_good_rows_stand_and_a_good_file_is_taken(small: SmallLake) -> None:
    small.drop_bytes("snapshot_20260301.csv", GOOD)
    small.collect(TABLE)
    small.drop_bytes("snapshot_20260302.csv", BAD["truncated"])
    small.drop("snapshot_20260303.csv", [line("1"), line("3")])
    both = small.collect(TABLE)
    assert [result.state for result in both.results] == ["refused", "written"]
    assert small.rows(TABLE, "record_no", where="NOT _deleted") == [("1",), ("3",)]


@pytest.mark.parametrize(
    "name", ["snapshot_20260301'; DROP TABLE x.csv", "snapshot_20260301 张 三.csv", 'snapshot_"20260301".csv']
)
def test_a_strange_file_name_is_only_a_name(small: SmallLake, name: str) -> None:
    small.drop_bytes(name, csv(HEADER, line("1", MC="=1+1"), line("2", MC="'); DROP TABLE x")))
    assert small.collect(TABLE).outcome == "accepted"
    assert small.rows(TABLE, "name") == [("'); DROP TABLE x",), ("=1+1",)]


def test_nights_only_go_forward(small: SmallLake) -> None:
    small.drop_bytes("snapshot_20260301.csv", GOOD)
    small.run(TABLE)
    small.day = date(2026, 2, 28)
    with pytest.raises(Exception, match="nights only go forward"):
        small.run(TABLE)
