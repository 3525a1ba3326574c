"""Which sheet, which rows and which columns of a workbook are read, and what is said of those nobody sees."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from citylake.contract.model import CollectedContract
from tests.sources.conftest import Reading
from tests.sources.test_xlsx import refused
from tests.sources.workbooks import Package, Page, Raw, package

Make = Callable[..., CollectedContract]
HEADER = ["BH", "XM", "JE"]


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    """Reading without a process of its own."""
    return Reading(tmp_path, apart=False)


def keys(rows: list[Any]) -> list[tuple[int, str | None]]:
    return sorted((row["_line"], row["no"]) for row in rows)


def test_a_hidden_sheet_is_not_the_first_one(read: Any, make: Make) -> None:
    for state in ("hidden", "veryHidden"):
        pages = [
            Page("旧", [HEADER, ["8", "a", "b"]], state=state),
            Page("新", [HEADER, ["1", "a", "b"], ["2", "a", "b"]]),
        ]
        assert keys(read(package(Package(pages)), make("xlsx"))) == [(2, "1"), (3, "2")]
        assert read.parsed.notes == ("隐藏的工作表“旧”也有约定的表头和 1 行数据，没有读取，只读了“新”",)


def test_rows_under_the_agreed_header_on_another_sheet_are_told(read: Any, make: Make) -> None:
    pages = [
        Page("一季度", [HEADER, ["1", "a", "b"]]),
        Page("说明", [["填报说明"], ["请逐行填写"]]),
        Page("二季度", [["XM", "BH", "JE"], ["a", "2", "b"], [], ["a", "3", "b"]]),
        Page("空", [HEADER]),
    ]
    assert keys(read(package(Package(pages)), make("xlsx"))) == [(2, "1")]
    assert read.parsed.notes == ("工作表“二季度”也有约定的表头和 2 行数据，没有读取，只读了“一季度”",)


def test_an_agreed_sheet_is_read_even_when_it_is_hidden_and_that_is_told(read: Any, make: Make) -> None:
    pages = [Page("封面", [["封面"]]), Page("名册", [HEADER, ["1", "a", "b"]], state="hidden")]
    contract = make("xlsx", source={"sheet": "名册"})
    assert keys(read(package(Package(pages)), contract)) == [(2, "1")]
    assert read.parsed.notes == ("约定的工作表“名册”是隐藏的，已读取",)


def test_a_workbook_with_hidden_sheets_only_is_refused(read: Any, make: Make) -> None:
    pages = [Page("名册", [HEADER, ["1", "a", "b"]], state="hidden")]
    assert refused(read, package(Package(pages)), make("xlsx")).code == "no_sheet"


def test_hidden_rows_and_columns_are_read_and_told(read: Any, make: Make) -> None:
    page = Page(
        "名册",
        [HEADER, ["1", "a", "b"], ["2", "a", "b"], []],
        hidden_rows=[3, 4],
        columns='<col min="2" max="2" hidden="1"/><col min="4" max="9" hidden="1"/>',
    )
    assert keys(read(package(Package([page])), make("xlsx"))) == [(2, "1"), (3, "2")]
    assert read.parsed.notes == ("1 行是隐藏或被筛选掉的，也已读取", "列“XM”是隐藏的，也已读取")


def test_a_cell_under_a_merged_one_makes_its_row_unreadable(read: Any, make: Make) -> None:
    rows: list[list[Any]] = [
        HEADER,
        ["1", "乡", "x"],
        ["2", None, "y"],
        ["3", "村", "z"],
        ["4", None, "w"],
        [None, None, None],
        ["6", "乙", None],
    ]
    page = Page("名册", rows, merged=["B2:B3", "A4:A4", "B5:B6", "B7:C7", "A6:C6"])
    found = {row["_line"]: (row["no"], row["_unreadable"]) for row in read(package(Package([page])), make("xlsx"))}
    assert found == {
        2: ("1", None),
        3: (None, "列“XM”在合并单元格里，无法判断该行的值；请取消合并并逐行填写"),
        4: ("3", None),
        5: ("4", None),  # nothing is seen in B5:B6
        7: (None, "列“JE”在合并单元格里，无法判断该行的值；请取消合并并逐行填写"),
    }


def test_a_value_hidden_under_a_merged_cell_is_not_taken(read: Any, make: Make) -> None:
    page = Page("名册", [HEADER, ["1", "甲", "x"], ["2", "乙", "y"]], merged=["B2:B3"])
    assert keys(read(package(Package([page])), make("xlsx"))) == [(2, "1"), (3, None)]


def test_the_header_again_is_no_data(read: Any, make: Make) -> None:
    page = Page("名册", [HEADER, ["1", "a", "b"], HEADER, ["2", "a", "b"]])
    assert keys(read(package(Package([page])), make("xlsx"))) == [(2, "1"), (3, None), (4, "2")]


def test_rows_of_formulas_that_show_nothing_are_blank(read: Any, make: Make) -> None:
    nothing = Raw("<f>IF(A9=0,A9)</f><v></v>", ' t="str"')
    page = Page("名册", [HEADER, ["1", "a", "b"], [nothing, nothing, nothing, None, nothing]])
    assert keys(read(package(Package([page])), make("xlsx"))) == [(2, "1")]


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>',
        '<row r="3"><c r="A3"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></row>',
    ],
    ids=["a row twice", "rows going back", "a cell twice", "no XML"],
)
def test_a_sheet_that_contradicts_itself_is_refused(read: Any, make: Make, rows: str) -> None:
    whole = package(Package([Page("名册", [HEADER, ["1", "a", "b"]])]))
    start = '<worksheet><sheetData><row r="1"><c t="inlineStr"><is><t>BH</t></is></c></row>'
    part = {"xl/worksheets/sheet1.xml": f"{start}{rows}</sheetData></worksheet>"}
    contract = make("xlsx", columns={"no": "BH"})
    assert refused(read, package(Package([Page("名册", [])], parts=part)), contract).code == "truncated"
    assert keys(read(whole, make("xlsx"))) == [(2, "1")]


def test_cells_and_rows_may_lack_their_places_and_names_may_have_prefixes(read: Any, make: Make) -> None:
    cells = "".join(f'<x:c t="inlineStr"><x:is><x:t>{text}</x:t></x:is></x:c>' for text in HEADER)
    row = "<x:row><x:c><x:v>1</x:v></x:c><x:c/><x:c><x:v>3</x:v></x:c></x:row>"
    sheet = f'<x:worksheet xmlns:x="n"><x:sheetData><x:row>{cells}</x:row>{row}</x:sheetData></x:worksheet>'
    found = read(package(Package([Page("名册", [])], parts={"xl/worksheets/sheet1.xml": sheet})), make("xlsx"))
    assert [(row["_line"], row["no"], row["name"], row["amount"]) for row in found] == [(2, "1", None, "3")]


def test_a_part_in_utf16_is_read_with_its_merged_cells(read: Any, make: Make) -> None:
    cells = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in HEADER)
    rows = '<row><c><v>1</v></c><c t="b"><v>1</v></c></row><row><c><v>2</v></c></row>'
    sheet = f'<worksheet><sheetData><row>{cells}</row>{rows}</sheetData><mergeCells><mergeCell ref="B2:B3"/></mergeCells></worksheet>'
    declared = f'<?xml version="1.0" encoding="UTF-16"?>{sheet}'.encode("utf-16")
    data = package(Package([Page("名册", [])], parts={"xl/worksheets/sheet1.xml": declared}))
    assert keys(read(data, make("xlsx"))) == [(2, "1"), (3, None)]


def test_a_document_type_is_refused(read: Any, make: Make) -> None:
    sheet = '<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData/></worksheet>'
    assert (
        refused(
            read, package(Package([Page("名册", [])], parts={"xl/worksheets/sheet1.xml": sheet})), make("xlsx")
        ).code
        == "truncated"
    )


@pytest.mark.parametrize("parts", [{"_rels/.rels": "<Relationships/>"}, {"xl/workbook.xml": "<workbook/>"}])
def test_another_kind_of_package_is_no_workbook(read: Any, make: Make, parts: dict[str, str]) -> None:
    assert refused(read, package(Package([Page("名册", [HEADER])], parts=parts)), make("xlsx")).code == "not_excel"
