"""Lines of JSON, packed and plain."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from citylake.contract.model import CollectedContract
from citylake.sources.errors import DeliveryError
from citylake.sources.limits import Limits

Make = Callable[..., CollectedContract]


def lines(*items: Any) -> bytes:
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items).encode()


def item(no: str, **more: Any) -> dict[str, Any]:
    return {"BH": no, "XM": "甲", "JE": None, **more}


def refused(read: Any, data: bytes, contract: CollectedContract, limits: Limits | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        read(data, contract, limits)
    return caught.value


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
def test_numbers_keep_their_digits_and_null_is_not_empty(read: Any, make: Make, pack: Any) -> None:
    data = b'{"BH": 370700200001010011, "XM": "", "JE": 12.50}\n{"BH":1e3,"XM":null,"JE":true}\n'
    rows = read(pack(data), make("ndjson"))
    assert [(row["no"], row["name"], row["amount"], row["_line"]) for row in rows] == [
        ("370700200001010011", "", "12.50", 1),
        ("1e3", None, "true", 2),
    ]


def test_nested_values_stay_json_and_blank_lines_are_no_lines(read: Any, make: Make) -> None:
    rows = read(lines(item("1", XM={"a": [1.50, "2", "二"]})) + b"\r\n\n" + lines(item("2")), make("ndjson"))
    assert [(row["no"], row["name"], row["_line"]) for row in rows] == [
        ("1", '{"a":[1.5,"2","二"]}', 1),
        ("2", "甲", 4),
    ]


def test_a_key_that_stands_twice_makes_its_line_unreadable(read: Any, make: Make) -> None:
    data = lines(item("1")) + b'{"BH":"2","XM":"a","XM":"b","JE":1}\n{"BH":"3","XM":{"a":1,"a":2},"JE":1}\n'
    rows = sorted(read(data, make("ndjson")), key=lambda row: row["_line"])
    assert [(row["no"], "两次" in (row["_unreadable"] or "")) for row in rows] == [
        ("1", False),
        (None, True),
        (None, True),
    ]


def test_a_number_keeps_every_digit_however_large(read: Any, make: Make) -> None:
    data = b'{"BH":12345678901234567890,"XM":1e400,"JE":[1e400,12345678901234567890.10,-0]}\n'
    assert [(row["no"], row["name"], row["amount"]) for row in read(data, make("ndjson"))] == [
        ("12345678901234567890", "1e400", "[1e400,12345678901234567890.10,-0]")
    ]


def test_a_value_nested_too_deeply_makes_its_line_unreadable(read: Any, make: Make) -> None:
    data = lines(item("1")) + b'{"BH":"2","XM":' + b"[" * 900 + b"]" * 900 + b',"JE":1}\n'
    assert {row["no"] for row in read(data, make("ndjson"))} >= {"1"}


def test_a_line_that_is_no_object_is_unreadable_and_the_others_are_not(read: Any, make: Make) -> None:
    data = lines(item("1")) + b'{"BH": \n[1,2]\n{"BH":NaN}\n' + b"[" * 100_000 + b"\n" + lines(item("2"), {**item("3")})
    rows = sorted(read(data, make("ndjson")), key=lambda row: row["_line"])
    assert [(row["_line"], row["no"], row["_unreadable"] is None) for row in rows] == [
        (1, "1", True),
        (2, None, False),
        (3, None, False),
        (4, None, False),
        (5, None, False),
        (6, "2", True),
        (7, "3", True),
    ]
    assert (read.parsed.lines, read.parsed.unreadable) == (7, 4)


def test_half_a_surrogate_makes_its_line_unreadable(read: Any, make: Make) -> None:
    data = lines(item("1")) + b'{"BH":"2","XM":"\\ud800","JE":null}\n' + lines(item("3"))
    rows = sorted(read(data, make("ndjson")), key=lambda row: row["_line"])
    assert [row["no"] for row in rows] == ["1", None, "3"]


def test_a_column_left_out_of_some_lines_is_null_there(read: Any, make: Make) -> None:
    rows = read(
        lines({"BH": "1"}, {"BH": "2", "XM": "乙", "JE": 3, "BZ": "x"}, {"XM": "丙", "BH": "3"}), make("ndjson")
    )
    assert [(row["no"], row["name"], row["amount"]) for row in rows] == [
        ("1", None, None),
        ("2", "乙", "3"),
        ("3", "丙", None),
    ]


def test_a_column_in_no_line_is_missing(read: Any, make: Make) -> None:
    error = refused(read, lines({"BH": "1", "XM": "x"}), make("ndjson"))
    assert (error.code, "缺少列 JE" in error.message) == ("columns", True)


def test_a_new_column_is_refused_with_its_line(read: Any, make: Make) -> None:
    error = refused(read, lines(*[item(str(number)) for number in range(50_000)], item("x", JE2=1)), make("ndjson"))
    assert error.code == "columns"
    assert "第 50001 行" in error.message
    assert "多出列 JE2" in error.message


def test_a_new_column_in_place_of_an_optional_one_is_seen(read: Any, make: Make) -> None:
    good = [item(str(number)) for number in range(10)]
    assert refused(read, lines(*good, {"BH": "1", "XM": "x", "NEW": "y"}), make("ndjson")).code == "columns"


def test_a_renamed_column_is_guessed(read: Any, make: Make) -> None:
    error = refused(read, lines({"BH": "1", "xm": "x", "JE": 1}), make("ndjson"))
    assert "xm 可能是 XM 改名" in error.message


@pytest.mark.parametrize(
    "data",
    [
        lines(item("1")) + b'{"BH":"2","XM":"',
        gzip.compress(lines(item("1")))[:-12],
        lines(item("1")) + '{"BH":"二'.encode()[:-1],
    ],
    ids=["half a line", "gzip", "half a character"],
)
def test_a_file_that_was_cut_short_is_refused_whole(read: Any, make: Make, data: bytes) -> None:
    assert refused(read, data, make("ndjson", mode="event")).code == "truncated"


def test_the_last_line_may_lack_its_line_break(read: Any, make: Make) -> None:
    assert len(read(lines(item("1"), item("2"))[:-1], make("ndjson"))) == 2


def test_a_file_of_nothing_is_refused_for_a_snapshot_and_no_lines_otherwise(read: Any, make: Make) -> None:
    assert refused(read, b"", make("ndjson")).code == "empty"
    assert read(b"", make("ndjson", mode="event")) == []


def test_json_that_is_not_one_object_a_line_is_refused(read: Any, make: Make) -> None:
    assert refused(read, json.dumps([item("1"), item("2")], indent=1).encode(), make("ndjson")).code in {
        "format",
        "truncated",
    }
    assert refused(read, json.dumps([item("1"), item("2")]).encode() + b"\n", make("ndjson")).code == "format"


def test_wrong_encoding_is_refused(read: Any, make: Make) -> None:
    assert refused(read, lines(item("1")).decode().encode("gb18030"), make("ndjson")).code == "encoding"


def test_a_line_without_an_end_is_refused_in_little_memory(read: Any, make: Make) -> None:
    endless = lines(item("1")) + b'{"BH":"' + b"x" * (300 << 20)
    error = refused(read, endless, make("ndjson"), Limits(memory_bytes=600 << 20))
    assert (error.code, "第 2 行" in error.message) == ("line_too_long", True)


def test_half_a_million_lines_are_read_in_bounded_memory(read: Any, make: Make) -> None:
    data = b"".join(b'{"BH":"%d","XM":"%s","JE":%d.50}\n' % (number, b"x" * 200, number) for number in range(500_000))
    rows = read(data, make("ndjson", mode="event"), Limits(memory_bytes=700 << 20))
    assert len(rows) == 500_000
    assert rows[-1]["_line"] == 500_000


def test_the_size_told_is_that_of_the_values_not_of_the_packed_file(read: Any, make: Make) -> None:
    data = gzip.compress(lines(*[item(str(number), XM="x" * 100) for number in range(1_000)]))
    read(data, make("ndjson"))
    assert len(data) < 50_000 < 100_000 < read.parsed.bytes
