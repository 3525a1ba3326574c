"""What a cell says, and what nobody can know of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from citylake.contract.model import CollectedContract
from tests.sources.conftest import Reading
from tests.sources.test_xlsx import refused
from tests.sources.workbooks import Package, Page, Raw, number, package

Make = Callable[..., CollectedContract]
HEADER = ["BH", "XM", "JE"]
GOOD = ["1", "a", "b"]


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    """Reading without a process of its own: there are many cells."""
    return Reading(tmp_path, apart=False)


def sheet(cell: Any, **more: Any) -> bytes:
    """A workbook whose second row has the cell in XM, below it a good row."""
    return package(Package([Page("名册", [HEADER, ["0", cell, "x"], GOOD])], **more))


def one(read: Any, make: Make, data: bytes, **columns: Any) -> tuple[str | None, str | None]:
    """Return what XM of the second row says, and why the row cannot be read; the good row is always read."""
    rows = {row["_line"]: row for row in read(data, make("xlsx", **columns))}
    assert (rows[3]["no"], rows[3]["name"]) == ("1", "a")
    return rows[2]["name"], rows[2]["_unreadable"]


@pytest.mark.parametrize(
    "error",
    ["#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA", "#新!"],
)
@pytest.mark.parametrize("formula", ["", "<f>1/0</f>"])
def test_an_error_makes_its_row_unreadable(read: Any, make: Make, error: str, formula: str) -> None:
    text, why = one(read, make, sheet(Raw(f"{formula}<v>{error}</v>", ' t="e"')))
    assert text is None
    assert why is not None
    assert why.startswith("列“XM”是错误值")


@pytest.mark.parametrize(
    "cell",
    [
        Raw("<f>A1</f>"),
        Raw("<f>A1</f><v></v>"),
        Raw("<f>A1</f><v/>"),
        Raw("<f>A1</f>", ' t="str"'),
        Raw('<f t="shared" si="0"/>'),
    ],
)
def test_a_formula_without_a_result_makes_its_row_unreadable(read: Any, make: Make, cell: Raw) -> None:
    assert one(read, make, sheet(cell)) == (None, "列“XM”的公式没有存下计算结果")


def test_a_result_that_its_writer_wants_calculated_again_is_none(read: Any, make: Make) -> None:
    data = sheet(number("0", formula="B1"), calculation='fullCalcOnLoad="1"')
    assert one(read, make, data) == (None, "列“XM”的公式没有经 Excel 计算，存下的结果不可信")
    assert one(read, make, sheet(number("7", formula="B1"), calculation='calcId="1"')) == ("7", None)


def test_an_error_in_a_column_that_is_not_collected_spoils_nothing(read: Any, make: Make) -> None:
    rows: list[list[Any]] = [["BH", "BZ", "XM", "JE"], ["1", Raw("<v>#N/A</v>", ' t="e"'), "a", "b"]]
    assert [row["name"] for row in read(package(Package([Page("名册", rows)])), make("xlsx"))] == ["a"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Raw("<f>A1</f><v></v>", ' t="str"'), None),
        (Raw("<f>A1</f><v>甲</v>", ' t="str"'), "甲"),
        (Raw("<v>1</v>", ' t="b"'), "true"),
        (Raw("<v>0</v>", ' t="b"'), "false"),
        (Raw("<v>0</v>", ' t="s"'), "甲乙"),
        (Raw("<v>1</v>", ' t="s"'), "东京"),
        (Raw("<v>2</v>", ' t="s"'), "a\rb_x000D_"),
        (Raw("<v>3</v>", ' t="s"'), " 甲 "),
        (Raw("<is><r><t>甲</t></r><r><rPr><b/></rPr><t>乙</t></r></is>", ' t="inlineStr"'), "甲乙"),
        (Raw("<is><t>𠀀_xD840__xDC01_</t></is>", ' t="inlineStr"'), "𠀀𠀁"),
        (Raw("<v>2026-11-02T00:00:00</v>", ' t="d"'), "2026-11-02"),
        (Raw("<v>2026-11-02T08:09:10.5Z</v>", ' t="d"'), "2026-11-02 08:09:10.5"),
        (Raw("<v>1.0000000000000001E-7</v>"), "0.0000001"),
        (Raw("<v>00045</v>"), "45"),
        (Raw("<v>-0</v>"), "0"),
        (Raw("<v>123456789012345</v>"), "123456789012345"),
        (Raw(""), None),
        (Raw("<v></v>"), None),
    ],
)
def test_a_stored_cell_says_what_its_owner_sees(read: Any, make: Make, cell: Raw, text: str | None) -> None:
    texts = [
        "<r><t>甲</t></r><r><rPr><b/></rPr><t>乙</t></r>",
        '<t>东京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/>',
        "<t>a_x000D_b_x005F_x000D_</t>",
        '<t xml:space="preserve"> 甲 </t>',
    ]
    assert one(read, make, sheet(cell, texts=texts)) == (text, None)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (Raw("<v>1e400</v>"), "位的数字单元格"),
        (Raw("<v>NaN</v>"), "内容无法识别"),
        (Raw("<v>1e15</v>"), "位的数字单元格"),
        (Raw("<v>-123456789012345678</v>"), "位的数字单元格"),
        (Raw("<v>十</v>"), "内容无法识别"),
        (Raw("<v>2</v>", ' t="b"'), "内容无法识别"),
        (Raw("<v>x</v>", ' t="neu"'), "内容无法识别"),
        (Raw("<v>gestern</v>", ' t="d"'), "内容无法识别"),
        (Raw("<is><t>a_x0000_</t></is>", ' t="inlineStr"'), "控制字符"),
        (Raw("<is><t>a_xD840_</t></is>", ' t="inlineStr"'), "代理字符"),
    ],
)
def test_what_is_no_value_makes_its_row_unreadable(read: Any, make: Make, cell: Raw, why: str) -> None:
    text, said = one(read, make, sheet(cell))
    assert text is None
    assert said is not None
    assert why in said


def test_a_text_that_is_not_there_makes_the_workbook_damaged(read: Any, make: Make) -> None:
    assert refused(read, sheet(Raw("<v>9</v>", ' t="s"'), texts=["<t>a</t>"]), make("xlsx")).code == "truncated"


DAYS = {
    "yyyy-mm-dd": "2026-11-02",
    "yyyy/m/d;@": "2026-11-02",
    'yyyy"年"m"月"d"日";@': "2026-11-02",
    "[$-804]yyyy\\年m\\月d\\日": "2026-11-02",
    "[DBNum1][$-804]m月d日": "2026-11-02",
    "mmm-yy": "2026-11-02",
    "[红色]yyyy-mm-dd": "2026-11-02",
    "General": "46328",
    "0.00": "46328",
    '0"年"': "46328",
    "#,##0_);[Red](#,##0)": "46328",
    '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ': "46328",
    "0.00E+00": "46328",
    "0%": "46328",
    "@": "46328",
}


@pytest.mark.parametrize("code", DAYS)
def test_a_number_is_a_day_where_its_format_shows_one(read: Any, make: Make, code: str) -> None:
    assert one(read, make, sheet(number("46328", style=1), formats=[code])) == (DAYS[code], None)


@pytest.mark.parametrize(
    ("stored", "code", "text"),
    [
        ("46328.5", "yyyy-mm-dd hh:mm", "2026-11-02 12:00:00"),
        ("46328.339699074074", "yyyy-mm-dd hh:mm:ss", "2026-11-02 08:09:10"),
        ("46328.5", "yyyy-mm-dd", "2026-11-02 12:00:00"),
        ("46328.99999999999", "yyyy-mm-dd", "2026-11-03"),
        ("0.339699074074", "h:mm:ss", "08:09:10"),
        ("0", "h:mm", "00:00:00"),
        ("1.5", "[h]:mm:ss", "36:00:00"),
        ("1", "yyyy-mm-dd", "1900-01-01"),
        ("59", "yyyy-mm-dd", "1900-02-28"),
        ("61", "yyyy-mm-dd", "1900-03-01"),
        ("2958465", "yyyy-mm-dd", "9999-12-31"),
    ],
)
def test_days_and_parts_of_days_are_what_excel_shows(read: Any, make: Make, stored: str, code: str, text: str) -> None:
    assert one(read, make, sheet(number(stored, style=1), formats=[code])) == (text, None)


@pytest.mark.parametrize("stored", ["0", "0.5", "60", "60.5", "-1", "2958466", "1e300"])
def test_a_day_that_does_not_exist_makes_its_row_unreadable(read: Any, make: Make, stored: str) -> None:
    systems = ("", 'date1904="1"') if float(stored) < 1 else ("",)
    for properties in systems:
        data = sheet(number(stored, style=1), formats=["yyyy-mm-dd"], properties=properties)
        assert one(read, make, data) == (None, "列“XM”的数字不是 Excel 的有效日期")


@pytest.mark.parametrize(
    ("is_1904", "stored", "style", "text", "changes"),
    [
        (False, "46328", 0, "2026-11-02", {"serial_to_date": 1}),
        (True, "44866", 0, "2026-11-02", {"serial_to_date": 1}),
        (False, "46328", 1, "2026-11-02", {}),
        (True, "44866", 1, "2026-11-02", {}),
        (True, "1", 1, "1904-01-02", {}),
        (False, "46328.5", 0, "46328.5", {}),
        (False, "20261102", 0, "20261102", {}),
    ],
)
def test_the_date_system_of_the_workbook_says_which_day_a_number_is(
    read: Any, make: Make, is_1904: bool, stored: str, style: int, text: str, changes: dict[str, int]
) -> None:
    data = sheet(number(stored, style=style), formats=["yyyy-mm-dd"], properties='date1904="1"' if is_1904 else "")
    assert one(read, _with_days(make), data) == (text, None)
    assert read.parsed.changes == ({"name": changes} if changes else {})
    assert read.parsed.notes == (("工作簿的日期从 1904 年起计，已照此换算",) if is_1904 else ())


def test_numbers_days_and_texts_may_mix_in_a_column_of_days(read: Any, make: Make) -> None:
    rows: list[list[Any]] = [
        HEADER,
        ["1", 46328, "x"],
        ["2", number("46328", style=1), "x"],
        ["3", "2026-11-02", "x"],
        ["4", "46328", "x"],
    ]
    data = package(Package([Page("名册", rows)], formats=["yyyy-mm-dd"]))
    found = read(data, _with_days(make)("xlsx"))
    assert [row["name"] for row in found] == ["2026-11-02", "2026-11-02", "2026-11-02", "46328"]


def test_a_number_written_as_text_in_a_workbook_of_1904_may_be_either_day(read: Any, make: Make) -> None:
    text, why = one(read, _with_days(make), sheet("44866", properties='date1904="1"'))
    assert text is None
    assert why is not None
    assert "1904" in why


def _with_days(make: Make) -> Make:
    def build(form: str, **more: Any) -> CollectedContract:
        contract = make(form, **more)
        day = contract.columns["name"].model_copy(update={"type": "date", "format": ("excel_serial",)})
        return contract.model_copy(update={"columns": dict(contract.columns) | {"name": day}})

    return build


@pytest.mark.parametrize(
    ("stored", "code", "text"),
    [
        ("7", "000000", "000007"),
        ("1234567", "000000", "1234567"),
        ("7", "000000;@", "000007"),
        ("7", '"SG-"0000', "SG-0007"),
        ("7", "\\N000", "N007"),
        ("1234567", "0000-0000", "0123-4567"),
        ("1234567890", "0000-0000", "123456-7890"),
        ("1234", "000 000", "001 234"),
        ("42", "000000\\-00", "000000-42"),
        ("12345", '00"-"0000', "01-2345"),
        ("42", "#000000", "000042"),
        ("1234567", "#000000", "1234567"),
        ("42", "??0000", "0042"),
        ("42", "[$-804]000000_ ", "000042"),
        ("42", "0000号", "0042号"),
        ("42", '"0"0000', "00042"),
        ("42", "000000%", "42"),
        ("42", "00,000", "42"),
        ("0.5", "00.0E+00", "0.5"),
        ("1234567", "[>=1]000000", "1234567"),
        ("7", "0", "7"),
        ("7", "00.00", "7"),
        ("7.5", "000", "7.5"),
        ("-7", "000", "-7"),
        ("0.125", "0%", "0.125"),
        ("1234", "#,##0", "1234"),
    ],
)
def test_zeros_that_a_format_shows_belong_to_the_number(
    read: Any, make: Make, stored: str, code: str, text: str
) -> None:
    assert one(read, make, sheet(number(stored, style=1), formats=[code])) == (text, None)
    changed = text not in {stored, stored.lstrip("0")}
    assert read.parsed.changes == ({"name": {"as_displayed": 1}} if changed else {})


@pytest.mark.parametrize("code", ["[>=1]000000", "[<100]0000;0", "[DBNum1]000000", "0000x00"])
def test_zeros_that_a_format_shows_one_knows_not_how_make_their_row_unreadable(
    read: Any, make: Make, code: str
) -> None:
    why = "列“XM”的数字显示有前导零，而显示格式无法照原样读出；请存为文本"
    assert one(read, make, sheet(number("42", style=1), formats=[code])) == (None, why)


@pytest.mark.parametrize(
    "text",
    ["44538", "+44538", "44538\u200b", "\ufeff44538", "４４５３８", "+０44538 ", "4\u3164453\ufe0f8", "44538\ue5e5"],
)
def test_a_number_of_a_day_as_text_is_known_however_it_is_written(read: Any, make: Make, text: str) -> None:
    cell = Raw(f"<is><t>{text}</t></is>", ' t="inlineStr"')
    told = one(read, _with_days(make), sheet(cell, properties='date1904="1"'))
    assert told == (None, "列“XM”是文本形式的日期序号，而工作簿从 1904 年起计，无法判断是哪一天")


@pytest.mark.parametrize("text", ["①", "²", "4453²", "٤٤٥٣٨", "9" * 5000, "44538天"])
def test_a_text_that_only_looks_like_a_number_is_a_text(read: Any, make: Make, text: str) -> None:
    cell = Raw(f"<is><t>{text}</t></is>", ' t="inlineStr"')
    assert one(read, _with_days(make), sheet(cell, properties='date1904="1"')) == (text, None)


def test_digits_beyond_those_that_excel_keeps_are_counted(read: Any, make: Make) -> None:
    assert one(read, make, sheet(number("0.30000000000000004"))) == ("0.3", None)
    assert read.parsed.changes == {"name": {"fifteen_digits": 1}}
