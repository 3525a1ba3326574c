"""Texts in the agreed encoding, in another one, and in both."""

from collections.abc import Callable
from typing import Any

import pytest

from citylake.contract.model import CollectedContract
from tests.sources.test_csv import HEADER, refused, row

Make = Callable[..., CollectedContract]


@pytest.mark.parametrize(
    ("encoding", "declared"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("gb18030", "GB18030"), ("gbk", "GBK")]
)
def test_text_in_the_agreed_encoding_is_read_with_rare_characters(
    read: Any, make: Make, encoding: str, declared: str
) -> None:
    name = "张三" if encoding == "gbk" else "张㙓𠀀"
    rows = read(f"{HEADER}1,{name},2.50\r\n2,李四,\r\n".encode(encoding), make(source={"encoding": declared}))
    assert rows == [row(2, "1", name, "2.50"), row(3, "2", "李四", None)]


def test_utf8_sent_as_gb18030_is_refused_even_where_it_decodes(read: Any, make: Make) -> None:
    data = (HEADER + "1,山东济南,2\n" * 10).encode()
    data.decode("gb18030")
    error = refused(read, data, make(source={"encoding": "GB18030"}))
    assert error.code == "encoding"
    assert "UTF-8" in error.message
    assert refused(read, b"\xef\xbb\xbf" + data, make(source={"encoding": "GB18030"})).code == "encoding"


def test_a_wrong_byte_spoils_its_line_only(read: Any, make: Make) -> None:
    body = ("1,张三,2\n" * 400_000).encode()
    rows = read(HEADER.encode() + body + "2,李".encode() + b"\xff,3\n" + body, make())
    assert [(item["_line"], item["_unreadable"]) for item in rows if item["_unreadable"]] == [
        (400_002, "列“XM”有无法识别的字符（编码不对，或导出时已丢失）")
    ]
    assert len(rows) == 800_001


def test_a_file_without_one_readable_line_is_refused_with_the_place_of_its_first_wrong_byte(
    read: Any, make: Make
) -> None:
    error = refused(read, HEADER.encode() + b"2,a\xff,3\n", make())
    assert (error.code, "第 2 行、行内第 4 个字节" in error.message) == ("encoding", True)


@pytest.mark.parametrize(("agreed", "other"), [("GB18030", "UTF-8"), ("UTF-8", "GB18030")])
@pytest.mark.parametrize("name", ["张三", "张", "喆喆", "㙓𠀀甲", "样例路一号"])
def test_lines_in_another_encoding_are_read_in_theirs_and_told(
    read: Any, make: Make, agreed: str, other: str, name: str
) -> None:
    head, tail = f"{HEADER}1,王小示,样例路一号\n".encode(agreed), "3,李小例,样例路二号\n".encode(agreed)
    rows = read(head + f"2,{name},乙丙丁戊己庚辛\n".encode(other) + tail, make(source={"encoding": agreed}))
    assert [(item["_line"], item["name"]) for item in rows] == [(2, "王小示"), (3, name), (4, "李小例")]
    assert read.parsed.notes == (f"1 行是 {other} 编码而非约定的 {agreed}（第一处在第 3 行），已按其编码读取",)


def test_a_short_line_that_two_encodings_allow_is_read_like_those_around_it(read: Any, make: Make) -> None:
    for agreed, text in (("GB18030", "目"), ("GB18030", "路"), ("UTF-8", "·"), ("UTF-8", "Ŀ"), ("UTF-8", "é")):
        text.encode(agreed).decode("UTF-8" if agreed == "GB18030" else "GB18030")
        rows = read(f"{HEADER}1,王小示,2\n2,{text},2\n3,李小例,2\n".encode(agreed), make(source={"encoding": agreed}))
        assert [item["name"] for item in rows] == ["王小示", text, "李小例"]
        assert read.parsed.notes == ()


def test_a_line_that_is_nothing_in_the_agreed_encoding_and_chinese_in_the_other_is_not_guessed(
    read: Any, make: Make
) -> None:
    lines = ["1,王小示样例,2", "2,毛萍,2", "3,José,2", "4,lǜ,2", "5,±α,2"]
    data = HEADER.encode() + b"".join(f"{one}\n".encode("gb18030" if "毛" in one else "utf-8") for one in lines)
    rows = sorted(read(data, make()), key=lambda item: item["_line"])
    assert [item["name"] for item in rows] == ["王小示样例", None, "José", "lǜ", "±α"]
    assert [item["_line"] for item in rows if item["_unreadable"]] == [3]


def test_a_short_line_between_two_encodings_is_not_guessed(read: Any, make: Make) -> None:
    data = f"{HEADER}1,王小示样例,2\n".encode("GB18030") + "2,路,2\n".encode("GB18030") + "3,李小例样例,2\n".encode()
    rows = read(data, make(source={"encoding": "GB18030"}))
    assert [(item["_line"], item["name"]) for item in rows if not item["_unreadable"]] == [
        (2, "王小示样例"),
        (4, "李小例样例"),
    ]


@pytest.mark.parametrize("lost", ["\ufffd", "锟斤拷"])
def test_a_character_lost_before_delivery_makes_its_line_unreadable(read: Any, make: Make, lost: str) -> None:
    rows = read(f"{HEADER}1,王小{lost},2\n2,李小例,2\n".encode(), make())
    assert {item["no"]: item["_unreadable"] for item in rows} == {
        None: "列“XM”有无法识别的字符（编码不对，或导出时已丢失）",
        "2": None,
    }


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_refused_by_its_name(read: Any, make: Make, encoding: str) -> None:
    error = refused(read, f"{HEADER}1,2,3\n".encode(encoding), make())
    assert (error.code, "UTF-16" in error.message) == ("encoding", True)
