"""A second, independent reader for each form: both say the same of every cell, or the line is unreadable."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citylake.sources.errors import DeliveryError
from citylake.sources.layout import Layout
from citylake.sources.limits import Limits
from citylake.sources.parse_process import parse_file
from tests.sources.fuzzing import fuzz
from tests.sources.workbooks import Package, Page, Raw, number, package

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
NAMES = ("A", "B", "C")
LONE = "\ue0ff"
"""Stands for a carriage return that ends no line: Python's csv has another opinion of it."""
Line = list[str | None]


def ours(form: str, data: bytes, **more: Any) -> tuple[dict[int, Line], set[int]] | None:
    """Return rows by line and unreadable lines, None of a file that is refused."""
    layout = Layout("文件", form, "event", {name.lower(): name for name in NAMES}, **more)
    with TemporaryDirectory() as folder:
        path, target = Path(folder) / "landed", Path(folder) / "lines.parquet"
        path.write_bytes(data)
        try:
            parse_file(path, layout, target, Limits())
        except DeliveryError:
            return None
        rows = pq.read_table(target).to_pylist()
    good = {row["_line"]: [row[name.lower()] for name in NAMES] for row in rows if row["_unreadable"] is None}
    return good, {row["_line"] for row in rows if row["_unreadable"] is not None}


def theirs(text: str) -> dict[int, list[str]]:
    """Return what Python's csv reads, by the line on which a record begins."""
    marked = text.replace("\r\n", "\n")
    while "\r\n" in marked:  # doubled by a second conversion
        marked = marked.replace("\r\n", "\n")
    lines = marked.rstrip("\r").replace("\r", LONE).split("\n")
    reader = csv.reader(line + "\n" for line in lines)
    found, before = {}, 0
    for record in reader:
        if record:
            found[before + 1] = [field.replace(LONE, "\r") for field in record]
        before = reader.line_num
    return found


HOSTILE = st.sampled_from(
    [
        "1",
        "张三",
        "㙓𠀀",
        " ",
        ",",
        '"',
        '""',
        "\r",
        "\n",
        "\r\n",
        "\v",
        "\x85",
        "\u2028",
        "'",
        "\\",
        "=1+1",
        "\t",
        "é·",
    ]
)
VALUE = st.lists(HOSTILE, max_size=4).map("".join)


@fuzz
@given(
    st.lists(st.tuples(VALUE, VALUE, VALUE), max_size=6),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["UTF-8", "GB18030"]),
)
def test_what_python_writes_as_csv_is_read_as_it_was(
    rows: Sequence[Sequence[str]], quoting: Any, ends: str, encoding: str
) -> None:
    if quoting == csv.QUOTE_MINIMAL:
        # Python leaves it without quotes: at the end of a line nobody can tell it from the break.
        rows = [tuple(value.replace("\r", "\v") for value in row) for row in rows]
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, lineterminator=ends)
    writer.writerow(["A", "B", "表头"])
    writer.writerows(rows)
    found = ours("csv", out.getvalue().replace("表头", "C", 1).encode(encoding), encoding=encoding)
    assert found is not None
    good, bad = found
    assert not bad
    told = [tuple(value or "" for value in row) for row in good.values()]
    assert told == [row for row in rows if any(row) or quoting == csv.QUOTE_ALL]


@fuzz
@given(st.lists(st.one_of(HOSTILE, st.sampled_from([",", "\n", '"', "a,b,c\n"])), max_size=40).map("".join))
def test_of_any_text_python_reads_the_same_or_the_line_is_unreadable(body: str) -> None:
    found = ours("csv", f"A,B,C\n{body}".encode())
    if found is None:
        return
    good, bad = found
    told = theirs(f"A,B,C\n{body}")
    for line, row in good.items():
        assert told[line] == [value or "" for value in row]
    said = {line for line, row in told.items() if line > 1 and any(row)}
    assert said <= good.keys() | bad


@fuzz
@given(st.binary(max_size=60), st.sampled_from(["UTF-8", "GB18030"]))
def test_any_bytes_are_read_as_they_are_or_not_at_all(body: bytes, encoding: str) -> None:
    found = ours("csv", b"A,B,C\nx,y,\xe5\xbc\xa0\xe4\xb8\x89\n" + body, encoding=encoding)
    if found is None:
        return
    texts = [body.decode(name, "replace") for name in ("UTF-8", "GB18030")]
    for value in (value for line, row in found[0].items() if line > 2 for value in row if value):
        assert any(value.replace('"', "") in text.replace('"', "") for text in texts) or "\n" in value


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)


@fuzz
@given(st.lists(st.tuples(JSON, JSON, JSON), min_size=1, max_size=5), st.booleans())
def test_what_python_writes_as_json_is_read_as_it_was(rows: Sequence[Sequence[Any]], is_ascii: bool) -> None:
    lines = [json.dumps(dict(zip(NAMES, row, strict=True)), ensure_ascii=is_ascii) for row in rows]
    found = ours("ndjson", "\n".join(lines).encode("utf-8", "surrogatepass"))
    if found is None:
        return
    good, bad = found
    assert good.keys() | bad == set(range(1, len(rows) + 1))
    for line, row in good.items():
        whole = json.loads(lines[line - 1], parse_float=Decimal, parse_int=Decimal)
        assert [_json_agrees(text, whole[name]) for name, text in zip(NAMES, row, strict=True)] == [True] * 3
    for line in bad:  # nothing that text can hold is held back
        assert any(not _is_text(value) for value in rows[line - 1])


def _json_agrees(text: str | None, value: Any) -> bool:
    if value is None or isinstance(value, str):
        return text == value
    assert text is not None
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    return bool(json.loads(text, parse_float=Decimal, parse_int=Decimal) == value)


def _is_text(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_text(name) and _is_text(item) for name, item in value.items())
    if isinstance(value, list):
        return all(map(_is_text, value))
    if not isinstance(value, str):
        return True
    return "锟斤拷" not in value and not any(
        sign < "\t" or "\x0e" <= sign < " " or sign in "\x7f\ufffd" or "\ud800" <= sign <= "\udfff" for sign in value
    )


FORMATS = ["yyyy-mm-dd", "yyyy/m/d h:mm", "000000", "0.00", "@", "h:mm:ss", "0%"]
NUMBERS = st.one_of(
    st.integers(-5, 80_000),
    st.floats(0, 80_000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(0, 10**18),
)
CELLS = st.one_of(
    st.none(),
    st.text(st.sampled_from("aé张㙓𠀀 \n<&>'\"_0"), max_size=6),
    st.builds(lambda value, style: number(repr(value), style=style), NUMBERS, st.integers(0, len(FORMATS))),
    st.sampled_from(["#N/A", "#DIV/0!", "#REF!"]).map(lambda error: Raw(f"<v>{error}</v>", ' t="e"')),
    st.sampled_from(["1", "0"]).map(lambda truth: Raw(f"<v>{truth}</v>", ' t="b"')),
    st.just(Raw("<f>1+1</f>")),
    st.just(number("2", formula="1+1")),
    st.sampled_from([0, 1]).map(lambda place: Raw(f"<v>{place}</v>", ' t="s"')),
)


@fuzz
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=5), st.booleans())
def test_openpyxl_reads_a_workbook_as_we_do_or_the_row_is_unreadable(
    rows: Sequence[Sequence[Any]], is_1904: bool
) -> None:
    texts = ["<r><t>甲</t></r><r><t>乙</t></r>", '<t>东京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh>']
    data = package(Package([Page("表", [NAMES, *rows, "xyz"])], FORMATS, texts, 'date1904="1"' if is_1904 else ""))
    found = ours("xlsx", data)
    assert found is not None
    good, bad = found
    results, formulas = _sheet(data, data_only=True), _sheet(data, data_only=False)
    for line in range(2, len(rows) + 2):
        cells = [results.cell(line, column) for column in (1, 2, 3)]
        has_formula = [formulas.cell(line, column).value is not None for column in (1, 2, 3)]
        errors = [cell.data_type == "e" for cell in cells]
        if any(errors) or any(has and cell.value is None for cell, has in zip(cells, has_formula, strict=True)):
            assert line in bad
        elif line in good:
            assert all(_cell_agrees(text, cell.value) for text, cell in zip(good[line], cells, strict=True))
        elif line not in bad:
            assert all(cell.value in (None, "") for cell in cells)


def _sheet(data: bytes, *, data_only: bool) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data), data_only=data_only).active


def _cell_agrees(text: str | None, value: Any) -> bool:
    if value in (None, ""):
        return text is None
    assert text is not None
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, datetime | time) or not isinstance(value, int | float):
        return text[:19] in {str(value)[:19], str(value)[:19].removesuffix(" 00:00:00")}
    return float(text) == float(format(value, ".15g"))
