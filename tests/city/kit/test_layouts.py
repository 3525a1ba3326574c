"""What the city derives from the contracts, held against the contract files as they are written."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from city.kit import layouts as module
from city.kit import resources as made
from city.kit.layouts import Layout, Said, layout, layouts, resources
from city.world.texts import NONE, date_text, moment_text
from citylake.contract.catalog import SCHEMAS
from citylake.contract.errors import ContractError


def contract_file(resource: str) -> dict[str, Any]:
    text = (SCHEMAS / "clean" / f"{resource.replace('.', '/')}.yml").read_text("utf-8")
    return dict(yaml.load(text, yaml.BaseLoader))


def source_columns(said: dict[str, Any]) -> list[str]:
    """Return every source column a contract file names: collected, operation, ignored."""
    mapped = [(column or {}).get("from", name) for name, column in said["columns"].items()]
    operation = [said["change"]["operation"]] if "operation" in said.get("change", {}) else []
    return [*mapped, *operation, *said.get("ignore", {})]


@pytest.mark.parametrize("resource", resources())
def test_a_department_has_the_columns_of_its_contract_and_no_other(resource: str) -> None:
    assert list(layout(resource).columns) == source_columns(contract_file(resource))


def test_every_collected_contract_has_a_module_that_makes_its_rows() -> None:
    files = {f"{path.parent.name}.{path.stem}" for path in (SCHEMAS / "clean").glob("*/*.yml")}
    assert set(resources()) == files


@pytest.mark.parametrize("resource", resources())
def test_it_goes_where_its_contract_looks_for_it(resource: str) -> None:
    source, here = contract_file(resource)["source"], layout(resource)
    if here.is_file:
        before, _, after = source["files"].partition("*")
        assert here.file_name("20261122") == f"{before}20261122{after}"
    elif here.form == "database":
        assert here.table == source["table"]
    else:
        assert here.table == source["path"][1:].replace("-", "_")
    assert here.contract.source.watermark in (None, *here.columns)


def test_an_event_only_adds_rows_a_change_replaces_them_and_a_snapshot_is_whole() -> None:
    event, change, snapshot = (
        layout(f"hrss.{name}") for name in ("pension_payment", "insured_person", "pension_recipient")
    )
    assert (event.key, event.whole) == ((), False)
    assert (change.key, change.whole) == (("GRSBBH", "XZDM"), False)
    assert (snapshot.key, snapshot.whole) == (("AAC001", "AAE140"), True)


def test_what_the_contract_does_not_collect_is_empty_unless_the_city_knows_better() -> None:
    assert layout("hrss.pension_recipient").columns["AAE013"] == ""
    assert layout("hrss.pension_recipient").columns["TJRQ"] == "roster_date"
    assert layout("public_security.household_register").columns["SJLY"] == "=户政系统"
    assert layout("hrss.pension_payment").columns["AAE036"] == "entered_at"
    assert layout("hrss.insured_person").columns["CZBZ"] == "op_code"


def test_amounts_are_numbers_in_json_and_days_are_serials_where_a_sheet_has_them_so() -> None:
    assert layout("health.medical_visit").numbers == {"totalFee", "selfFee"}
    assert layout("health.medical_institution").numbers == frozenset()
    assert "基本信息/出生日期" in layout("justice.serving_sentence").serials
    assert len(layout("justice.serving_sentence").serials) == 4


def test_snapshots_come_when_they_are_due() -> None:
    assert [
        layout(name).every for name in ("education.school", "hrss.pension_recipient", "civil_affairs.marriage")
    ] == [7, 1, 1]


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("yyyyMMdd", "20260305"),
        ("yyyy-MM-dd", "2026-03-05"),
        ("yyyy/M/d", "2026/3/5"),
        ("yyyy年MM月dd日", "2026年03月05日"),
        ("excel_serial", "46086"),
    ],
)
def test_a_day_is_written_after_any_pattern_and_a_missing_one_not_at_all(style: str, text: str) -> None:
    assert date_text(np.array([20517, NONE]), style).to_pylist() == [text, None]


@pytest.mark.parametrize(
    ("style", "text"), [("yyyy-MM-dd HH:mm:ss", "2026-03-05 07:08:09"), ("yyyy-MM-dd'T'HH:mm", "2026-03-05T07:08")]
)
def test_a_moment_is_written_after_any_pattern(style: str, text: str) -> None:
    moment = 20517 * 86400 + 7 * 3600 + 8 * 60 + 9
    assert moment_text(np.array([moment, NONE]), style).to_pylist() == [text, None]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"mistakes": [["id_nr", "missing", 0.1]]},
            "pension_recipient.mistakes: no column id_nr; the contract knows bank_account_no",
        ),
        (
            {"ignored": {"AAE999": "phone"}},
            "pension_recipient.ignored: no column AAE999; the contract knows AAE013, TJRQ",
        ),
        ({"changed": {"AAE999": "AAE998"}}, "pension_recipient.changed: no column AAE999"),
    ],
)
def test_what_the_city_says_of_columns_the_contract_has_not_is_refused(said: dict[str, Any], message: str) -> None:
    made_up = Layout("hrss.pension_recipient", layout("hrss.pension_recipient").contract, Said.model_validate(said))
    with pytest.raises(ContractError, match=message):
        module._check(made_up, Path("hrss/department.yml"))


@pytest.fixture
def departments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the city's departments."""
    (tmp_path / "hrss").mkdir()
    monkeypatch.setattr(module, "DEPARTMENTS", tmp_path)
    monkeypatch.setattr(module, "resources", lambda: resources(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("hrss/department.yml", "pension_recipient:\n  colums: {}\n", "unknown key; allowed here: also, changed"),
        ("hrss/department.yml", "pension: {}\n", "no module makes pension: write city/departments/hrss/pension.py"),
        ("hrss/lawyer.py", "", "write schemas/clean/hrss/lawyer.yml"),
    ],
)
def test_an_error_says_which_file_to_write(departments: Path, file: str, text: str, message: str) -> None:
    (departments / "hrss" / "pension_recipient.py").touch()
    (departments / file).write_text(text, "utf-8")
    with pytest.raises(ContractError, match=message):
        layouts.__wrapped__()


def test_a_name_that_is_no_resource_is_told_with_what_to_do() -> None:
    with pytest.raises(
        ContractError, match=r"no resource 'hrss.pensioner': a module names itself, <department>.<resource>"
    ):
        layout("hrss.pensioner")


def test_a_module_without_a_projection_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "import_module", lambda _: SimpleNamespace())
    with pytest.raises(
        ContractError, match=r"city/departments/hrss/pension_recipient.py: it needs project\(lives, day\)"
    ):
        made._projection("hrss.pension_recipient")
