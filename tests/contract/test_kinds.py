"""A kind of thing is one ``resolve.yml`` and the contract of its golden values; all its tables follow."""

from pathlib import Path
from typing import Any

import pytest

from citylake.contract.catalog import Catalog, load_catalog
from citylake.contract.compiled import write_compiled
from citylake.contract.errors import ContractError
from citylake.contract.model import DerivedContract
from citylake.contract.select import check_transforms
from citylake.verify.verify import how_verified
from citylake_airflow.compiled import read_compiled
from citylake_airflow.plan import libraries_plan
from tests.contract.given import clean, put, write

RECORD = "bureau.record"
CLEAN, LINKED, ALIAS = "clean.bureau__record", "linked.bureau__record", "bureau__record__vehicle"
SPEC: dict[str, Any] = {
    "kind": "vehicle",
    "noun": "车辆",
    "counter": "辆",
    "owner": "bureau",
    "id": {"prefix": "V", "digits": 24, "number": "[0-9A-HJ-NPR-Z]{17}"},
    "anchors": [{"source": RECORD, "role": "vehicle"}],
    "guard": [["registration_no"], ["name"]],
    "rules": [{"name": "registration_no_name", "score": 0.99, "block": ["registration_no"], "equal": ["name"]}],
    "restricted": "plate",
    "survivorship": {
        "vehicle": [
            {"field": "colour_code", "given": [{"source": RECORD, "role": "vehicle", "column": "colour_code"}],
             "choices": [{"pick": "most_recent"}]},
        ],
        "plate": [
            {"field": "plate_no", "given": [{"source": RECORD, "role": "vehicle", "column": "plate_no"}],
             "choices": [{"pick": "most_recent"}]},
        ],
    },
}  # fmt: skip
GOLDEN: dict[str, Any] = {
    "title": "车辆基础信息",
    "grain": "一辆车一行",
    "owner": "bureau",
    "key": ["vehicle_id"],
    "columns": {
        "vehicle_id": {"label": "车辆标识", "grade": "L2"},
        "source_count": {"label": "来源资源数", "type": "bigint", "grade": "L2"},
        "is_painted": {"label": "是否有颜色", "type": "boolean", "grade": "L2"},
    },
    "flags": {"is_painted": "colour_code IS NOT NULL"},
    "golden": {"colour_code": {"label": "颜色", "grade": "L2"}},
}
COLUMNS = {
    "vin": {"label": "车架号", "grade": "L3"},
    "plate_no": {},
    "model": {"label": "型号", "grade": "L2"},
    "colour_code": {"label": "颜色", "grade": "L2"},
}
TABLES = ("subject", "override", "crosswalk", "event", "review", "vehicle", "vehicle_comparison", "agreement", "plate")


def with_vehicles(root: Path, *, spec: dict[str, Any] = SPEC, golden: dict[str, Any] | None = GOLDEN) -> Path:
    """Write the small folder with a third kind: its two files, and who is named in the delivered table."""
    said = clean()
    said["columns"] |= COLUMNS
    said["identity"]["vehicle"] = {"vehicle": {"id_no": "vin", "registration_no": "plate_no", "name": "model"}}
    write(root, collected=said)
    put(root / "elements" / "bureau.yml", {"plate_no": {"label": "号牌号码", "grade": "L3", "direct": True},
                                "id_no": {"label": "公民身份号码", "grade": "L3", "direct": True},
                                "sex_code": {"label": "性别代码", "grade": "L3", "codes": "sex"}})  # fmt: skip
    for name in ("link_rule", "link_guard", "link_decision", "id_state", "review_reason", "id_event_kind"):
        (root / "codes" / f"{name}.csv").write_text("code,label\nregistration_no_name,号牌、型号相同\n", "utf-8")
    put(root / "base" / "vehicle" / "resolve.yml", spec)
    if golden is not None:
        put(root / "base" / "vehicle" / "vehicle.yml", golden)
    return root


def table(catalog: Catalog, thing: str) -> DerivedContract:
    contract = catalog.contract(f"base.vehicle__{thing}")
    assert isinstance(contract, DerivedContract)
    return contract


def test_a_third_kind_costs_its_two_files_and_gets_its_tables(tmp_path: Path) -> None:
    catalog = load_catalog(with_vehicles(tmp_path))
    made = {item.thing for item in catalog.derived if item.domain == "vehicle"}
    assert made == set(TABLES)
    refused = check_transforms(catalog, tmp_path / "jobs")
    assert [told for told in refused if "vehicle" in told] == []
    assert all(how_verified(catalog, table(catalog, thing), tmp_path / "jobs") is not None for thing in TABLES)


def test_the_tables_of_a_kind_read_each_other_and_what_survivorship_names(tmp_path: Path) -> None:
    catalog = load_catalog(with_vehicles(tmp_path))
    read = {thing: {alias: item.table for alias, item in table(catalog, thing).inputs.items()} for thing in TABLES}
    crosswalk = "base.vehicle__crosswalk"
    assert read == {
        "subject": {ALIAS: CLEAN},
        "override": {},
        "crosswalk": {"subject": "base.vehicle__subject", "override": "base.vehicle__override"},
        "event": {"crosswalk": crosswalk},
        "review": {"crosswalk": crosswalk},
        "vehicle": {"crosswalk": crosswalk, ALIAS: LINKED},
        "vehicle_comparison": {ALIAS: LINKED},
        "agreement": {"comparison": "base.vehicle__vehicle_comparison"},
        "plate": {"crosswalk": crosswalk, ALIAS: CLEAN},
    }


def test_the_tables_of_a_kind_speak_of_it_and_keep_the_border(tmp_path: Path) -> None:
    catalog = load_catalog(with_vehicles(tmp_path))
    assert table(catalog, "crosswalk").title == "车辆交叉索引"
    assert table(catalog, "crosswalk").columns["vehicle_id"].label == "车辆标识"
    assert catalog.contract(LINKED).columns["vehicle_id"].label == "车辆标识(vehicle)"
    restricted = {thing for thing in TABLES if table(catalog, thing).restricted}
    assert restricted == {"subject", "plate"}
    direct = {thing for thing in TABLES if any(column.direct for column in table(catalog, thing).columns.values())}
    assert direct == restricted
    assert {table(catalog, thing).owner for thing in TABLES} == {"bureau"}


def test_a_third_kind_is_resolved_by_a_task_of_its_own(tmp_path: Path) -> None:
    catalog = load_catalog(with_vehicles(tmp_path / "schemas"))
    write_compiled(catalog, tmp_path)
    tasks = {task.id: task for task in libraries_plan(read_compiled(tmp_path), "ready").tasks}
    names = [f"base.vehicle__{thing}" for thing in ("subject", "override", "crosswalk")]
    assert sorted(tasks["resolve_vehicle"].arguments["tables"]) == sorted(names)
    assert "resolve_vehicle" in tasks["link_bureau"].after


def changed(**more: Any) -> dict[str, Any]:
    return {**SPEC, **more}


def chosen(**more: Any) -> dict[str, Any]:
    """Return the spec with something else said of where the colour is given."""
    given = {"source": RECORD, "role": "vehicle", "column": "colour_code", **more}
    field = {"field": "colour_code", "given": [given], "choices": [{"pick": "most_recent"}]}
    return changed(survivorship={**SPEC["survivorship"], "vehicle": [field]})


@pytest.mark.parametrize(
    ("spec", "golden", "said"),
    [
        (chosen(source="bureau.records"), GOLDEN, "field colour_code: no source 'bureau.records'"),
        (chosen(source="bureau__record"), GOLDEN, "'bureau__record': a resource is spelt <department>.<resource>: write bureau.record"),
        (chosen(source="clean.bureau__record"), GOLDEN, "write bureau.record"),
        (chosen(role="self"), GOLDEN, "bureau.record has no role 'self' of a vehicle; it has vehicle"),
        (chosen(column="color"), GOLDEN, "linked.bureau__record has no column color"),
        (chosen(today="sex"), GOLDEN, "today: codes/sex.csv has no column 'successor'"),
        (chosen(date="painted"), GOLDEN, "linked.bureau__record has no column painted"),
        (SPEC, None, "has golden values of base.vehicle__vehicle: write its contract"),
        (SPEC, {**GOLDEN, "golden": {"model": {"label": "型号", "grade": "L2"}}}, "only one of them has colour_code, model"),
        (SPEC, {**GOLDEN, "inputs": {"c": {"table": "base.vehicle__crosswalk", "all": True}}}, "take them out"),
        (SPEC, {**GOLDEN, "flags": {}}, "nobody makes is_painted"),
        (SPEC, {**GOLDEN, "flags": {"is_painted": "plate_no IS NOT NULL"}}, "flags.is_painted: it names plate_no"),
        (changed(restricted="secret"), GOLDEN, "restricted: survivorship has no secret"),
        (changed(restricted=None), GOLDEN, "one table of golden values, and one restricted"),
        (changed(id={"prefix": "V", "digits": 24}), GOLDEN, "needs the pattern 'number'"),
        (changed(guard=[["surname"]]), GOLDEN, "a vehicle has no surname"),
        (changed(rules=[{**SPEC["rules"][0], "name": "same_plate"}]), GOLDEN, "add what same_plate is called to codes/link_rule.csv"),
        (changed(owner="nobody"), GOLDEN, "owner: 'nobody' is no department"),
    ],
)  # fmt: skip
def test_a_wrong_kind_is_refused_with_what_to_do(
    tmp_path: Path, spec: dict[str, Any], golden: dict[str, Any] | None, said: str
) -> None:
    with pytest.raises(ContractError) as error:
        load_catalog(with_vehicles(tmp_path, spec=spec, golden=golden))
    assert said in str(error.value)


def test_nobody_writes_a_table_that_follows(tmp_path: Path) -> None:
    root = with_vehicles(tmp_path)
    put(root / "base" / "vehicle" / "event.yml", {**GOLDEN, "flags": {}, "golden": {}, "made_by": "resolver"})
    with pytest.raises(ContractError, match=r"event follows from base/vehicle/resolve\.yml: take its own contract out"):
        load_catalog(root)


def test_a_transform_beside_a_table_that_follows_is_refused(tmp_path: Path) -> None:
    catalog = load_catalog(with_vehicles(tmp_path))
    for name in ("vehicle.py", "review.sql"):
        path = tmp_path / "jobs" / "base" / "vehicle" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", "utf-8")
    told = [one for one in check_transforms(catalog, tmp_path / "jobs") if "vehicle" in one]
    assert [one.split(": ")[0] for one in told] == ["base.vehicle__review", "base.vehicle__vehicle"]
    assert all("the resolver makes it" in one for one in told)
