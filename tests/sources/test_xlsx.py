"""Workbooks: what a registry office makes of a table, and bombs."""

import datetime
import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from citylake.contract.model import CollectedContract
from citylake.sources.errors import DeliveryError
from citylake.sources.limits import Limits
from tests.sources.workbooks import Package, Page, package

Make = Callable[..., CollectedContract]


def book(
    *rows: list[Any],
    merged: tuple[str, ...] = (),
    title: str = "名册",
    more: Callable[[Any], None] = lambda sheet: None,
) -> bytes:
    workbook = openpyxl.Workbook()
    sheet: Any = workbook.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for area in merged:
        sheet.merge_cells(area)
    more(sheet)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def refused(read: Any, data: bytes, contract: CollectedContract, limits: Limits | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        read(data, contract, limits)
    assert not list(Path(read.folder).glob(".*"))
    return caught.value


def test_merged_header_rows_are_joined_from_top_to_bottom(read: Any, make: Make) -> None:
    contract = make(
        "xlsx",
        columns={"no": "编号", "name": "人员/姓名", "id_no": "人员/证件", "day": "日期"},
        source={"skip_rows": 1, "header_rows": 2, "sheet": "名册"},
    )
    data = book(
        ["服刑人员名册"],
        ["编号", "人员", None, "日期"],
        [None, "姓 名".replace(" ", "\n"), "证件", None],
        ["1", "甲", "370700X", 45678],
        merged=("A1:D1", "A2:A3", "B2:C2", "D2:D3"),
    )
    assert read(data, contract) == [
        {
            "no": "1",
            "name": "甲",
            "id_no": "370700X",
            "day": "45678",
            "_line": 4,
            "_operation": None,
            "_unreadable": None,
        }
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (7, "7"),
        (7.0, "7"),
        (12.5, "12.5"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (123456789012345, "123456789012345"),
        (datetime.date(2026, 11, 2), "2026-11-02"),
        (datetime.datetime(2026, 11, 2, 8, 9, 10), "2026-11-02 08:09:10"),
        (True, "true"),
        ("007", "007"),
        ("'; DROP TABLE x", "'; DROP TABLE x"),
        ("-1+1", "-1+1"),
        ("370700199001010011", "370700199001010011"),
        (None, None),
    ],
)
def test_cells_come_out_as_plain_text(read: Any, make: Make, cell: Any, text: str | None) -> None:
    rows = read(book(["BH", "XM", "JE"], ["1", cell, "x"]), make("xlsx"))
    assert (rows[0]["name"], rows[0]["amount"]) == (text, "x")


def test_text_that_looks_like_a_formula_stays_text(read: Any, make: Make) -> None:
    def as_text(sheet: Any) -> None:
        sheet["B2"].value = "=1+1"
        sheet["B2"].data_type = "s"

    assert read(book(["BH", "XM", "JE"], ["1", "", ""], more=as_text), make("xlsx"))[0]["name"] == "=1+1"


def test_a_long_number_in_a_number_cell_makes_its_row_unreadable(read: Any, make: Make) -> None:
    rows = read(book(["BH", "XM", "JE"], ["1", 370700199001010011, 1], ["2", "x", 1]), make("xlsx"))
    by_line = {row["_line"]: row for row in rows}
    assert "列“XM”" in by_line[2]["_unreadable"]
    assert "存为文本" in by_line[2]["_unreadable"]
    assert by_line[3]["no"] == "2"


def test_blank_rows_are_no_rows_and_cells_beside_the_table_spoil_their_row(read: Any, make: Make) -> None:
    rows = read(book(["BH", "XM", "JE"], [], ["1", None, None], [], ["2", "b", "c", None, "note"]), make("xlsx"))
    assert sorted((row["_line"], row["no"], row["_unreadable"] is None) for row in rows) == [
        (3, "1", True),
        (5, None, False),
    ]


def test_a_header_that_comes_again_with_blanks_is_no_data(read: Any, make: Make) -> None:
    rows = [["BH ", "XM", "JE"], ["1", "a", "2"], ["BH ", " XM", "\ufeffJE"], ["2", "b", "JE"]]
    found = sorted(read(package(Package([Page("名册", rows)])), make("xlsx")), key=lambda row: row["_line"])
    told = [(row["_line"], row["no"], row["_unreadable"]) for row in found]
    assert told == [(2, "1", None), (3, None, "与表头相同，不是数据"), (4, "2", None)]


def test_a_table_that_does_not_begin_at_the_first_cell_keeps_its_row_numbers(read: Any, make: Make) -> None:
    def place(sheet: Any) -> None:
        for place, value in zip(["B4", "C4", "D4", "B5", "D5"], ["BH", "XM", "JE", "1", "9"], strict=True):
            sheet[place] = value

    rows = read(book(more=place), make("xlsx", source={"skip_rows": 3}))
    assert [(row["no"], row["name"], row["amount"], row["_line"]) for row in rows] == [("1", None, "9", 5)]


def test_a_gzipped_workbook_is_read(read: Any, make: Make) -> None:
    assert len(read(gzip.compress(book(["BH", "XM", "JE"], ["1", "2", "3"])), make("xlsx"))) == 1


def test_header_only_is_refused_for_a_snapshot_and_no_lines_otherwise(read: Any, make: Make) -> None:
    assert refused(read, book(["BH", "XM", "JE"]), make("xlsx")).code == "empty"
    assert read(book(["BH", "XM", "JE"]), make("xlsx", mode="event")) == []
    assert refused(read, book(), make("xlsx", mode="event")).code == "empty"


def test_changed_columns_are_named(read: Any, make: Make) -> None:
    error = refused(read, book(["BH", "XM2", "JE"], ["1", "2", "3"]), make("xlsx"))
    assert (error.code, "XM2 可能是 XM 改名" in error.message) == ("columns", True)


def test_a_missing_sheet_is_named(read: Any, make: Make) -> None:
    error = refused(read, book(["BH", "XM", "JE"]), make("xlsx", source={"sheet": "别的"}))
    assert (error.code, "别的" in error.message) == ("no_sheet", True)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"BH,XM,JE\n1,2,3\n", "not_excel"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "not_excel"),
        (book(["BH", "XM", "JE"], ["1", "2", "3"])[:-100], "truncated"),
        (book(["BH", "XM", "JE"], ["1", "2", "3"])[:2000], "truncated"),
        (b"", "not_excel"),
    ],
    ids=["csv", "xls or encrypted", "no directory", "half", "nothing"],
)
def test_what_is_no_whole_workbook_is_refused(read: Any, make: Make, data: bytes, code: str) -> None:
    assert refused(read, data, make("xlsx")).code == code


def bomb(size: int, *, lie: bool = False) -> bytes:
    """A workbook whose sheet is blanks; ``lie``: its entries say that it is small."""
    out = io.BytesIO(book(["BH", "XM", "JE"], ["1", "2", "3"]))
    with (
        zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as package,
        package.open("xl/worksheets/sheet2.xml", "w") as part,
    ):
        for _ in range(size >> 20):
            part.write(b" " * (1 << 20))
        part.write(b" " * (size % (1 << 20)))
    data = bytearray(out.getvalue())
    if lie:
        assert data.count(struct.pack("<I", size)) >= 1
        data = data.replace(struct.pack("<I", size), struct.pack("<I", 100))
    return bytes(data)


@pytest.mark.parametrize("lie", [False, True], ids=["honest", "lying"])
def test_a_zip_bomb_is_refused_while_it_unpacks(read: Any, make: Make, lie: bool) -> None:
    error = refused(read, bomb((256 << 20) + 0x12345, lie=lie), make("xlsx"), Limits(memory_bytes=500 << 20))
    assert error.code == "bomb"


def test_a_sheet_larger_than_allowed_is_refused(read: Any, make: Make) -> None:
    assert refused(read, bomb(64 << 20), make("xlsx"), Limits(ratio=10_000, sheet_bytes=32 << 20)).code == "bomb"


def test_a_workbook_of_too_many_parts_is_refused(read: Any, make: Make) -> None:
    out = io.BytesIO(book(["BH", "XM", "JE"]))
    with zipfile.ZipFile(out, "a") as package:
        for number in range(50):
            package.writestr(f"part{number}", b"")
    assert refused(read, out.getvalue(), make("xlsx"), Limits(zip_entries=40)).code == "bomb"


def test_a_cell_at_the_far_end_of_the_sheet_spoils_its_row_only(read: Any, make: Make) -> None:
    def far(sheet: Any) -> None:
        sheet["XFD1048576"] = "x"

    rows = read(book(["BH", "XM", "JE"], ["1", "2", "3"], more=far), make("xlsx"), Limits(memory_bytes=500 << 20))
    assert sorted((row["_line"], row["_unreadable"]) for row in rows) == [(2, None), (1_048_576, "表头以外的列有内容")]
