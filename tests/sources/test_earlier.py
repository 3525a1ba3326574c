"""Deliveries that were accepted under an earlier contract are read again under one that has gained and lost columns."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from citylake.contract.model import CollectedContract
from citylake.sources.errors import DeliveryError
from citylake.sources.parse import Parsed, parse

Make = Callable[..., CollectedContract]
ROWS: list[dict[str, Any]] = [{"BH": "1", "XM": "甲", "OLD": "x"}, {"BH": "2", "XM": None, "OLD": "y"}]
"""Delivered before JE was agreed on, with a column that the contract no longer names."""


def csv(rows: list[dict[str, Any]]) -> bytes:
    lines = [",".join(rows[0]), *[",".join(value or "" for value in row.values()) for row in rows]]
    return ("\n".join(lines) + "\n").encode()


def ndjson(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def xlsx(rows: list[dict[str, Any]]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in ([*rows[0]], *[list(row.values()) for row in rows]):
        sheet.append(row)
    book.save(out)
    return out.getvalue()


def database(rows: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


FORMS = {"csv": csv, "ndjson": ndjson, "xlsx": xlsx, "database": database}


def again(folder: Path, data: bytes, contract: CollectedContract, *, earlier: bool = True) -> Parsed:
    (folder / "landed").write_bytes(data)
    return parse(folder / "landed", contract, folder / "out.parquet", earlier=earlier)


@pytest.mark.parametrize("form", FORMS)
def test_a_column_gained_since_is_nothing_and_one_lost_is_left_out(tmp_path: Path, make: Make, form: str) -> None:
    parsed = again(tmp_path, FORMS[form](ROWS), make(form))
    found = [(row["no"], row["name"], row["amount"]) for row in pq.read_table(parsed.path).to_pylist()]
    assert found == [("1", "甲", None), ("2", None, None)]
    assert (parsed.absent, parsed.unreadable) == (("amount",), 0)


@pytest.mark.parametrize("form", FORMS)
def test_the_same_delivery_offered_today_is_refused(tmp_path: Path, make: Make, form: str) -> None:
    with pytest.raises(DeliveryError) as refused:
        again(tmp_path, FORMS[form](ROWS), make(form), earlier=False)
    assert refused.value.code == "columns"


@pytest.mark.parametrize("form", FORMS)
def test_without_its_key_no_delivery_can_be_read(tmp_path: Path, make: Make, form: str) -> None:
    rows = [{name: value for name, value in row.items() if name != "BH"} for row in ROWS]
    with pytest.raises(DeliveryError) as refused:
        again(tmp_path, FORMS[form](rows), make(form))
    assert refused.value.code == "columns"


def test_a_delivery_with_all_columns_lacks_nothing(tmp_path: Path, make: Make) -> None:
    rows = [{"BH": "1", "XM": "甲", "JE": "1.00"}]
    assert again(tmp_path, csv(rows), make("csv")).absent == ()


def test_a_change_delivery_still_says_its_operation(tmp_path: Path, make: Make) -> None:
    contract = make("csv", mode="change")
    with pytest.raises(DeliveryError):
        again(tmp_path, csv(ROWS), contract)
    parsed = again(tmp_path, csv([{**row, "CZ": "D"} for row in ROWS]), contract)
    assert [row["_operation"] for row in pq.read_table(parsed.path).to_pylist()] == ["D", "D"]
