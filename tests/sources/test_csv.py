"""CSV as departments write it, and as they should not."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from citylake.contract.model import CollectedContract
from citylake.sources.errors import DeliveryError
from citylake.sources.limits import Limits

Make = Callable[..., CollectedContract]
HEADER = "BH,XM,JE\n"


def row(
    line: int, no: str | None, name: str | None, amount: str | None, unreadable: str | None = None
) -> dict[str, Any]:
    return {"no": no, "name": name, "amount": amount, "_line": line, "_operation": None, "_unreadable": unreadable}


def refused(read: Any, data: bytes, contract: CollectedContract, limits: Limits | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        read(data, contract, limits)
    assert "文件“报送.csv”" in caught.value.message
    assert caught.value.message.endswith("报送。") or "数据局" in caught.value.message
    assert not list(read.folder.glob("*out.parquet*"))
    assert not list(read.folder.glob(".*"))
    return caught.value


def test_an_unquoted_empty_field_is_null_and_a_quoted_one_is_empty_text(read: Any, make: Make) -> None:
    assert read(b'BH,XM,JE\n1,,""\n', make()) == [row(2, "1", None, "")]


def test_line_numbers_are_physical_when_quoted_fields_hold_line_breaks(read: Any, make: Make) -> None:
    rows = read('BH,XM,JE\n1,"甲\n乙\n丙",3\n\n2,"a ""b"", c",4\n'.encode(), make())
    assert rows == [row(2, "1", "甲\n乙\n丙", "3"), row(6, "2", 'a "b", c', "4")]


def test_columns_may_come_in_any_order_and_ignored_ones_are_dropped(read: Any, make: Make) -> None:
    assert read(b"JE,BZ,BH,XM\n1,secret,2,3\n", make()) == [row(2, "2", "3", "1")]


def test_another_delimiter_is_kept_apart_from_gb18030_trail_bytes(read: Any, make: Make) -> None:
    # The second byte of this character is 0x7C, a bar.
    text = "寍"
    assert b"|" in text.encode("gb18030")
    rows = read(f"BH|XM|JE\n1|{text}|3\n".encode("gb18030"), make(source={"encoding": "GB18030", "delimiter": "|"}))
    assert rows == [row(2, "1", text, "3")]


def test_a_line_with_too_few_or_too_many_fields_is_unreadable_and_the_others_are_not(read: Any, make: Make) -> None:
    rows = read(b"BH,XM,JE\n1,a,b\n2,c\n3,d,e,f\n4,g,h\n", make())
    assert sorted(rows, key=lambda item: item["_line"]) == [
        row(2, "1", "a", "b"),
        row(3, None, None, None, "有 2 列，应为 3 列"),
        row(4, None, None, None, "有 4 列，应为 3 列"),
        row(5, "4", "g", "h"),
    ]
    assert read.parsed.lines == 4
    assert read.parsed.unreadable == 2


def test_a_stray_quote_spoils_its_own_line_only(read: Any, make: Make) -> None:
    rows = read(b'BH,XM,JE\n1,5" pipe,b\n2,"ok\nok",b\n3,"x"y,b\n4,,""\n', make())
    assert sorted(rows, key=lambda item: item["_line"]) == [
        row(2, None, None, None, "引号位置不对"),
        row(3, "2", "ok\nok", "b"),
        row(5, None, None, None, "引号位置不对"),
        row(6, "4", None, ""),
    ]


@pytest.mark.parametrize(
    "value", ["=1+1", '=HYPERLINK("x")', "'; DROP TABLE person; --", "@SUM(A1)", "NULL", "NaN", "\\N", " "]
)
def test_values_that_look_like_formulas_sql_or_nulls_are_text(read: Any, make: Make, value: str) -> None:
    quoted = '"' + value.replace('"', '""') + '"'
    assert read(f"BH,XM,JE\n1,{quoted},3\n".encode(), make()) == [row(2, "1", value, "3")]


def test_the_last_line_may_lack_its_line_break(read: Any, make: Make) -> None:
    assert read(b"BH,XM,JE\n1,2,3", make()) == [row(2, "1", "2", "3")]
    assert read(b'BH,XM,JE\r\n1,2,"3"', make()) == [row(2, "1", "2", "3")]


def test_operations_come_out_as_delivered(read: Any, make: Make) -> None:
    rows = read(b"CZ,BH,XM,JE\nI,1,2,3\nD,2,,\n", make(mode="change"))
    assert [item["_operation"] for item in rows] == ["I", "D"]


def test_the_as_of_column_gives_its_greatest_day(read: Any, make: Make) -> None:
    read(
        b"BH,XM,JE,RQ\n1,a,b,20261120\n2,a,b,2026/11/21\n3,a,b,\n4,a,b,bad\n", make(source={"as_of": {"column": "RQ"}})
    )
    assert str(read.parsed.as_of) == "2026-11-21"


def test_an_as_of_column_without_a_day_is_refused(read: Any, make: Make) -> None:
    error = refused(read, b"BH,XM,JE,RQ\n1,a,b,\n", make(source={"as_of": {"column": "RQ"}}))
    assert error.code == "as_of"


@pytest.mark.parametrize("sign", ["\0", "\x1a", "\x1b", "\x7f"])
def test_a_control_character_makes_its_line_unreadable(read: Any, make: Make, sign: str) -> None:
    rows = read(f"{HEADER}1,a{sign}b,2\n2,c,2\n".encode(), make())
    assert {item["no"]: item["_unreadable"] for item in rows} == {None: "列“XM”含有控制字符", "2": None}


@pytest.mark.parametrize("before", ["", "\n", "\r\n", "\n\n"])
@pytest.mark.parametrize(
    "end", ["\x1a", "\x1a" * 100, "\x1a\r\n", "\x1a\n\n", "\x1a \t", "\x1a" + "\0" * 64, "\x1a\r\n\x1a\0"]
)
def test_a_final_control_z_ends_the_text(read: Any, make: Make, before: str, end: str) -> None:
    assert read(f"{HEADER}1,2,3{before}{end}".encode(), make()) == [row(2, "1", "2", "3")]
    assert (
        read(f"{HEADER}1,王明,3{before}{end}".encode("gb18030"), make(source={"encoding": "GB18030"}))[0]["name"]
        == "王明"
    )


def test_what_follows_a_control_z_is_not_lost(read: Any, make: Make) -> None:
    rows = sorted(read(f"{HEADER}1,2,3\n\x1a4,5,6\n7,8,9\n".encode(), make()), key=lambda item: item["_line"])
    assert rows == [row(2, "1", "2", "3"), row(3, None, None, None, "列“BH”含有控制字符"), row(4, "7", "8", "9")]


@pytest.mark.parametrize("sign", ["\r", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_a_sign_that_only_looks_like_a_line_break_stays_in_its_value(read: Any, make: Make, sign: str) -> None:
    value = f"样例路1号{sign}2单元301"
    for written in (value, f'"{value}"'):
        rows = read(f"{HEADER}1,{written},x\r\n2,b,{written}\r\n{written},c,y\r\n".encode(), make())
        assert rows == [row(2, "1", value, "x"), row(3, "2", "b", value), row(4, value, "c", "y")]


def test_two_records_with_a_carriage_return_between_them_are_not_taken_for_one(read: Any, make: Make) -> None:
    rows = sorted(read(b"BH,XM,JE\n1,a,10\r2,b,20\n3,c\r,30\n", make()), key=lambda item: item["_line"])
    assert rows == [row(2, None, None, None, "有 5 列，应为 3 列"), row(3, "3", "c\r", "30")]
    alone = read(b"BH\n1\r2\n3\n", make(columns={"no": "BH"}))
    assert sorted((item["_line"], item["no"]) for item in alone if not item["_unreadable"]) == [(3, "3")]


def test_doubled_carriage_returns_belong_to_the_line_break(read: Any, make: Make) -> None:
    assert read(b'BH,XM,JE\r\r\n1,2,3\r\r\n\r\r\n4,5,"6"\r\r\n', make()) == [
        row(2, "1", "2", "3"),
        row(4, "4", "5", "6"),
    ]


@pytest.mark.parametrize("size", [1, 400_000])
def test_a_file_of_carriage_returns_alone_is_refused_with_what_to_do(read: Any, make: Make, size: int) -> None:
    assert refused(read, b"BH,XM,JE\r" + b"1,2,3\r" * size, make()).code == "line_breaks"


def test_a_line_of_delimiters_alone_is_blank(read: Any, make: Make) -> None:
    assert read(b"BH,XM,JE\n,,\n1,2,3\n,,\r\n,,", make()) == [row(3, "1", "2", "3")]
    assert read(b'BH,XM,JE\n,,\n1,5"5,3\n2,"",\n,,\n', make())[0] == row(4, "2", "", None)


def test_a_header_that_comes_again_is_no_data(read: Any, make: Make) -> None:
    rows = read("BH,XM,JE\n1,2,3\n\ufeffBH,XM,JE\nBH,XM,JE\n4,5,JE\n".encode(), make())
    assert sorted((item["_line"], item["no"], item["_unreadable"]) for item in rows) == [
        (2, "1", None),
        (3, None, "与表头相同，不是数据"),
        (4, None, "与表头相同，不是数据"),
        (5, "4", None),
    ]


@pytest.mark.parametrize("slow", ["", '9,a"b,c\n'])
@pytest.mark.parametrize("again", ["BH, XM, JE", "\ufeffBH, XM,JE ", "\ufeff BH,XM\t,\u3000JE", '"BH ",XM,JE\u00a0'])
def test_a_header_that_comes_again_with_blanks_is_no_data(read: Any, make: Make, again: str, slow: str) -> None:
    rows = read(f"BH, XM, JE\n1,2,3\n{again}\n4,5, JE\n{slow}".encode(), make())
    assert sorted((item["_line"], item["no"], item["_unreadable"]) for item in rows)[:3] == [
        (2, "1", None),
        (3, None, "与表头相同，不是数据"),
        (4, "4", None),
    ]


@pytest.mark.parametrize(
    "value", ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", " #N/A ", "##", "########"]
)
def test_what_excel_left_in_place_of_a_value_is_none(read: Any, make: Make, value: str) -> None:
    why = "只有 #：导出时列太窄，值已丢失" if "##" in value else "是 Excel 的错误值"
    rows = read(f"{HEADER}1,{value},2\n2,3#楼{value}室,#\n".encode(), make())
    assert sorted(rows, key=lambda item: item["_line"]) == [
        row(2, None, None, None, f"列“XM”{why}"),
        row(3, "2", f"3#楼{value}室", "#"),
    ]


def test_every_line_that_an_open_quote_swallows_is_told(read: Any, make: Make) -> None:
    rows = read(b'BH,XM,JE\n1,"a,b\n2,c,d\n3,"e,f\n4,g,h\n', make())
    assert sorted((item["_line"], item["no"]) for item in rows) == [(2, None), (3, None), (4, None), (5, "4")]


def test_gb18030_sent_as_utf8_is_refused(read: Any, make: Make) -> None:
    error = refused(read, f"{HEADER}1,张三,2\n".encode("gb18030"), make())
    assert error.code == "encoding"
    assert "是 GB18030 编码（第 2 行起）" in error.message
    assert "张" not in error.message


@pytest.mark.parametrize(
    "data",
    [
        b"BH,XM,JE\n1,2,3\n4,5",
        b'BH,XM,JE\n1,2,3\n4,"5,6\n7,8,9\n',
        "BH,XM,JE\n1,2,张".encode()[:-1],
        gzip.compress(b"BH,XM,JE\n1,2,3\n")[:-9],
    ],
    ids=["few fields", "open quote", "half a character", "gzip"],
)
def test_a_file_that_was_cut_short_is_refused_whole(read: Any, make: Make, data: bytes) -> None:
    assert refused(read, data, make()).code == "truncated"


def test_a_damaged_gzip_file_is_refused(read: Any, make: Make) -> None:
    data = bytearray(gzip.compress(b"BH,XM,JE\n1,2,3\n"))
    data[-6] ^= 1
    assert refused(read, bytes(data), make()).code == "gzip"


def test_a_gzipped_file_is_read_whatever_its_name(read: Any, make: Make) -> None:
    assert read(gzip.compress(b"BH,XM,JE\n1,2,3\n"), make()) == [row(2, "1", "2", "3")]


def test_missing_extra_and_renamed_columns_are_named(read: Any, make: Make) -> None:
    error = refused(read, b"BH,XM_,QT,YY\n1,2,3,4\n", make())
    assert error.code == "columns"
    assert "缺少列 XM、JE" in error.message
    assert "多出列 QT、XM_、YY" in error.message
    assert "XM_ 可能是 XM 改名" in error.message
    assert "缺少" not in refused(read, b"BH,XM,JE,QT\n1,2,3,4\n", make()).message


def test_a_file_without_its_header_is_refused_without_repeating_its_data(read: Any, make: Make) -> None:
    error = refused(read, "1,王小明,88\n".encode(), make())
    assert error.code == "columns"
    assert "王小明" not in error.message


def test_numbers_in_a_header_are_not_repeated(read: Any, make: Make) -> None:
    assert "5678901" not in refused(read, b"BH,XM,JE,12345678901\n1,2,3,4\n", make()).message


def test_a_header_with_a_name_twice_or_empty_is_refused(read: Any, make: Make) -> None:
    assert refused(read, b"BH,XM,JE,XM\n1,2,3,4\n", make()).code == "duplicate_columns"
    assert "第 4 列没有列名" in refused(read, b"BH,XM,JE,\n1,2,3,4\n", make()).message


def test_a_header_with_too_many_columns_is_refused(read: Any, make: Make) -> None:
    names = ",".join(f"C{number}" for number in range(600))
    assert refused(read, f"BH,XM,JE,{names}\n".encode(), make()).code == "too_many_columns"


@pytest.mark.parametrize("mode", ["snapshot", "change", "event"])
def test_a_file_of_nothing_is_always_refused(read: Any, make: Make, mode: str) -> None:
    assert refused(read, b"", make(mode=mode)).code == "empty"
    assert refused(read, b"\n\n", make(mode=mode)).code == "empty"


def test_a_header_alone_is_refused_for_a_snapshot_and_no_lines_otherwise(read: Any, make: Make) -> None:
    assert refused(read, HEADER.encode(), make()).code == "empty"
    assert read(HEADER.encode(), make(mode="event")) == []
    assert read(b"BH,XM,JE,CZ", make(mode="change")) == []
    assert read.parsed.lines == 0


def test_a_giant_line_is_refused_and_named(read: Any, make: Make) -> None:
    error = refused(read, b"BH,XM,JE\n1,2,3\n1," + b"x" * (3 << 20) + b",3\n", make())
    assert error.code == "line_too_long"
    assert "第 3 行" in error.message


def test_a_quote_left_open_does_not_swallow_the_file(read: Any, make: Make) -> None:
    error = refused(read, b'BH,XM,JE\n1,"2,3\n' + b"1,2,3\n" * 1_000_000, make())
    assert error.code == "line_too_long"
    assert "引号没有闭合" in error.message


def test_two_gigabytes_in_one_packed_line_are_refused_in_little_memory(read: Any, make: Make) -> None:
    packed = gzip.compress(b"x" * (1 << 26), 6) * 32
    error = refused(read, packed, make(), Limits(memory_bytes=1 << 30))
    assert error.code in {"line_too_long", "bomb"}


def test_a_gzip_bomb_is_refused(read: Any, make: Make) -> None:
    packed = gzip.compress(HEADER.encode() + b"1,2,3\n" * 20_000_000, 9)
    assert refused(read, packed, make()).code == "bomb"


def test_many_blocks_keep_every_line_and_its_number(read: Any, make: Make) -> None:
    count = 700_000
    body = "".join(
        f'{number},"名{number}\n",{number}.50\n' if number % 3 == 0 else f"{number},,x\n" for number in range(count)
    )
    rows = read((HEADER + body).encode(), make())
    assert len(rows) == count
    line = 2
    for number, item in enumerate(rows):
        assert (item["no"], item["_line"]) == (str(number), line)
        line += 2 if number % 3 == 0 else 1
