"""What differs between a contract and a table's files, told from the log alone."""

from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from deltalake.schema import Field, PrimitiveType, Schema

from citylake.contract.model import CollectedContract, Column, DerivedContract
from citylake.delta.shape import differences, shape_of
from citylake.delta.tables import columns_of, marks_of

LABEL = "测试列"


def derived(**more: Any) -> DerivedContract:
    """A base table keyed by its first column."""
    columns = {name: Column(label=LABEL, grade="L2", type=kind) for name, kind in more.pop("columns").items()}
    said: dict[str, Any] = {
        "name": "base.demo__thing", "title": "测试表", "grain": "一行", "owner": "office", "key": ("a",),
        "columns": columns, "inputs": {"x": {"table": "clean.office__x", "on": ["a"]}},
    }  # fmt: skip
    return DerivedContract(**(said | more))


COLUMNS = {"a": "string", "b": "bigint", "c": "decimal(12,2)", "d": "date", "e": "month"}
DELTA = {"string": "string", "bigint": "long", "int": "integer", "date": "date", "month": "string"}


def made(folder: Path, contract: DerivedContract, **properties: str) -> str:
    """Make an empty table as the contract says."""
    fields = [
        Field(item.name, PrimitiveType(DELTA.get(item.type, item.type)), True, {"comment": item.comment})
        for item in columns_of(contract)
    ]
    DeltaTable.create(
        str(folder),
        Schema(fields),
        partition_by=list(contract.partition),
        description=contract.title,
        configuration={**marks_of(contract), **properties},
        raise_if_key_not_exists=False,
    )
    return folder.as_uri()


def found(folder: Path, before: DerivedContract, now: DerivedContract) -> dict[str, str]:
    shape = shape_of(made(folder, before))
    assert shape is not None
    return {one.kind: one.text for one in differences(now, shape)}


def test_a_table_made_from_its_contract_does_not_differ(tmp_path: Path) -> None:
    assert found(tmp_path, derived(columns=COLUMNS), derived(columns=COLUMNS)) == {}


def test_a_place_without_a_table_has_no_shape(tmp_path: Path) -> None:
    assert shape_of(tmp_path.as_uri()) is None


@pytest.mark.parametrize(
    ("change", "kind", "said", "destructive"),
    [
        ({"columns": COLUMNS | {"f": "int"}}, "add", "增加列 f（int）", False),
        ({"columns": {k: v for k, v in COLUMNS.items() if k != "d"}}, "remove", "删除列 d（date）", True),
        ({"columns": COLUMNS | {"b": "int"}}, "type", "列 b 的类型由 bigint 改为 int", True),
        ({"columns": COLUMNS | {"c": "decimal(14,2)"}}, "type", "由 decimal(12,2) 改为 decimal(14,2)", True),
        ({"columns": COLUMNS, "key": ("a", "d"), "by": ("a",)}, "key", "主键由 a 改为 a,d", True),
        ({"columns": COLUMNS, "key": ("b", "a"), "by": ("a",)}, "key", "主键由 a 改为 b,a", True),
        ({"columns": COLUMNS, "by": ("d",)}, "unit", "重算单位由 a 改为 d", True),
        ({"columns": COLUMNS, "partition": ("d",)}, "partition", "分区由 无 改为 d", True),
        ({"columns": COLUMNS, "title": "新名称"}, "dress", "表名称由“测试表”改为“新名称”", False),
    ],
)
def test_every_change_of_a_contract_is_named(
    tmp_path: Path, change: dict[str, Any], kind: str, said: str, destructive: bool
) -> None:
    shape = shape_of(made(tmp_path, derived(columns=COLUMNS)))
    assert shape is not None
    by_kind = {one.kind: one for one in differences(derived(**change), shape)}
    assert said in by_kind[kind].text  # type: ignore[index]
    assert by_kind[kind].destructive is destructive  # type: ignore[index]
    assert any(one.destructive for one in by_kind.values()) is destructive


def test_a_new_label_is_dress_and_nothing_else(tmp_path: Path) -> None:
    before = derived(columns=COLUMNS)
    columns = dict(before.columns) | {"b": Column(label="新列名", grade="L2", type="bigint")}
    now = before.model_copy(update={"columns": columns})
    assert found(tmp_path, before, now) == {"dress": f"列 b 的名称由“{LABEL}”改为“新列名”"}


def test_a_table_from_before_keys_were_noted_tells_by_what_its_rows_are_found_by(tmp_path: Path) -> None:
    before = derived(columns=COLUMNS)
    uri = made(tmp_path, before)
    log = next(tmp_path.glob("_delta_log/*.json"))
    log.write_text(log.read_text("utf-8").replace("citylake.key", "other.key"), "utf-8")
    shape = shape_of(uri)
    assert shape is not None
    assert differences(before, shape) == []
    (only,) = differences(derived(columns=COLUMNS, key=("a", "b"), by=("a",)), shape)
    assert "查找列由 a 改为 a,b" in only.text


def test_a_clean_table_has_no_unit_of_its_own() -> None:
    contract = CollectedContract(
        name="clean.office__x", title="测试", grain="一条", owner="office", key=("a",),
        columns={"a": Column(label=LABEL, grade="L2")}, mode="snapshot", due={"every": "day"},
        source={"form": "csv", "files": "x_*.csv", "as_of": {"received": True}},
    )  # fmt: skip
    assert set(marks_of(contract)) == {"citylake.key", "delta.dataSkippingStatsColumns"}
