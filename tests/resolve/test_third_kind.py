"""A kind that no code knows: its ``resolve.yml`` resolves it, makes its golden values, and the second engine agrees."""

import shutil
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from citylake.engine.run.run import run_table
from citylake.ledger.nights.nights import ready
from citylake.night.judging.layer import judge_layer
from citylake.night.publication.publish import publish
from citylake.night.steps.ready import pinned_now
from citylake.read.why.why import why
from citylake.settings import PROJECT_ROOT, Settings
from citylake.verify.night import Shown, shown
from citylake.verify.verify import Verified, verify
from tests.engine.small_lake import SmallLake, contract

GOLDEN_TABLE = "base.vehicle__vehicle"
DAYS = (date(2026, 3, 1), date(2026, 3, 2))
HEADER = ("BH", "CJH", "HP", "XH", "YS", "SYR")
_COLUMNS: dict[str, dict[str, Any]] = {
    "record_no": {"from": "BH"},
    "vin": {"from": "CJH", "label": "车架号", "grade": "L2"},
    "plate_no": {"from": "HP", "label": "号牌号码", "grade": "L3", "direct": True},
    "model": {"from": "XH", "label": "型号", "grade": "L2"},
    "colour": {"from": "YS", "label": "颜色", "grade": "L2"},
    "owner_no": {"from": "SYR", "label": "所有人", "grade": "L2"},
}
_ROLE = {
    "vehicle": {"self": {"id_no": "vin", "registration_no": "plate_no", "name": "model", "representative": "owner_no"}}
}


def _given(column: str) -> list[dict[str, str]]:
    return [{"source": f"office.{source}", "column": column} for source in ("register", "list")]


SPEC: dict[str, Any] = {
    "kind": "vehicle", "noun": "车辆", "counter": "辆", "owner": "office",
    "id": {"prefix": "V", "digits": 24, "number": "[0-9A-HJ-NPR-Z]{17}"},
    "anchors": [{"source": "office.register", "role": "self"}],
    "guard": [["name"], ["registration_no"]],
    "rules": [{"name": "registration_no_name", "score": 0.99, "block": ["registration_no"], "equal": ["name"]}],
    "residue": {"rules": ["registration_no_name"]},
    "restricted": "plate",
    "survivorship": {
        "vehicle": [{"field": "colour", "given": _given("colour"), "choices": [{"pick": "source_rank", "sources": ["office.register"]}]}],
        "plate": [
            {"field": "plate_no", "given": _given("plate_no"), "choices": [{"pick": "most_recent"}]},
            {"field": "model", "role_value": "name", "choices": [{"pick": "majority"}]},
        ],
    },
}  # fmt: skip
GOLDEN: dict[str, Any] = {
    "title": "车辆基础信息", "grain": "一辆车一行", "owner": "office", "key": ["vehicle_id"],
    "columns": {
        "vehicle_id": {"label": "车辆标识", "grade": "L2"},
        "is_registered": {"label": "是否登记", "type": "boolean", "grade": "L2"},
        "subject_count": {"label": "主体数", "type": "bigint", "grade": "L2"},
        "is_red": {"label": "是否红色", "type": "boolean", "grade": "L2"},
    },
    "flags": {"is_red": "colour = '红'"},
    "golden": {"colour": {"label": "颜色", "grade": "L2"}},
}  # fmt: skip
CAR, VAN, LORRY = "LSVAA4182E2184841", "LSVBB4182E2184842", "LSVCC4182E2184843"
REGISTER = [(CAR, "鲁G12345", "桑塔纳", "红"), (VAN, "鲁G22222", "五菱", "白")]
LIST = [
    (CAR.lower(), "鲁G-12345", "桑塔纳", "蓝"),
    (LORRY, "鲁G33333", "解放", "绿"),
    ("", "鲁G12345", "桑塔纳", "红"),
    ("?", "鲁G44444", "东风", "黄"),
    ("", "鲁G44444", "东风", ""),
    (VAN, "鲁G99999", "奔驰", "黑"),
]


@pytest.fixture(scope="module")
def small(lake_of_module: Settings, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> SmallLake:
    made = SmallLake.make(lake_of_module, spark, tmp_path_factory.mktemp("project"))
    for path in (PROJECT_ROOT / "schemas/codes").glob("*.csv"):
        shutil.copy(path, made.settings.project / "schemas/codes" / path.name)
    elements: dict[str, dict[str, Any]] = {
        "plate_no": _COLUMNS["plate_no"],
        "model": _COLUMNS["model"],
        "record_no": {"label": "编号", "grade": "L2"},
    }
    made.write(
        "elements/office.yml",
        {name: {key: value for key, value in said.items() if key != "from"} for name, said in elements.items()},
    )
    for name in ("register", "list"):
        source = {"form": "csv", "files": f"{name}_*.csv", "as_of": {"filename": r"(\d{8})"}}
        said = contract("snapshot", source=source, columns=_COLUMNS, rules={}, identity=_ROLE)
        made.write(f"clean/office/{name}.yml", {key: value for key, value in said.items() if key != "ignore"})
    made.write("base/vehicle/resolve.yml", SPEC)
    made.write("base/vehicle/vehicle.yml", GOLDEN)
    return made


def night(small: SmallLake, day: date, **resources: Sequence[tuple[str, ...]]) -> dict[str, Verified]:
    """Deliver, make everything, judge, publish; return what the second engine finds."""
    small.day = day
    for name, rows in resources.items():
        lines = [
            dict(zip(HEADER, (str(number), *row, "甲公司"), strict=True)) for number, row in enumerate(rows, start=1)
        ]
        small.drop(f"{name}_{day:%Y%m%d}.csv", lines, header=HEADER)
        small.collect(f"clean.office__{name}")
    lake = small.lake
    made = ready(lake.ledger, day, pinned_now(lake), [])
    for derived in lake.catalog.derived:
        result = run_table(lake, small.spark, derived.name, day, pinned=made.vector)
        assert result.state in ("written", "unchanged"), (derived.name, result.reason)
    judge_layer(lake, small.spark, "base", day, session_id="")
    publish(lake, small.spark, day)
    return {one.table: one for one in verify(_shown(small))}


def _shown(small: SmallLake) -> Shown:
    found = shown(small.lake, small.day)
    assert found is not None
    return found


def vehicles(small: SmallLake) -> dict[str, str]:
    """Return the vehicle of each record."""
    crosswalk = dict(small.rows("base.vehicle__crosswalk", "subject_id", "vehicle_id"))
    return {
        f"{name} {number}": crosswalk[subject]
        for name in ("register", "list")
        for number, subject in small.rows(f"clean.office__{name}", "record_no", "_self_subject", where="NOT _deleted")
        if subject in crosswalk
    }


def test_a_kind_that_no_code_knows_is_resolved_night_after_night(small: SmallLake) -> None:
    verified = night(small, DAYS[0], register=REGISTER, list=LIST)
    wrong = {name: dict(one.counts) or one.reason for name, one in verified.items() if one.is_wrong}
    assert wrong == {}
    assert {one.state for one in verified.values()} == {"equal"}
    first = vehicles(small)
    assert all(found.startswith("V") for found in first.values())
    assert first["register 1"] == first["list 1"] == first["list 3"]
    assert first["list 4"] == first["list 5"]
    assert len({first[name] for name in ("register 1", "register 2", "list 2", "list 4", "list 6")}) == 5
    assert small.rows("base.vehicle__review", "review_reason") == [("borrowed_id",)]
    golden = small.rows("base.vehicle__vehicle", "vehicle_id", "colour", "is_red", "is_registered", "subject_count")
    assert (first["register 1"], "红", True, True, 3) in golden
    assert (first["list 2"], "绿", False, False, 1) in golden
    plates = dict(small.rows("base.vehicle__plate", "vehicle_id", "model"))
    assert plates[first["register 1"]] == "桑塔纳"
    agreement = small.rows("base.vehicle__agreement", "source", "field", "compared", "agreeing")
    assert agreement == [("office.list", "colour", 1, 0)]

    answer = why(_shown(small), "vehicle", first["register 1"])
    assert [
        (field.field, field.published, field.is_explained) for field in answer.fields if field.table == GOLDEN_TABLE
    ] == [("colour", "红", True)]
    assert len(answer.links) == 3

    verified = night(small, DAYS[1], list=[*LIST[:5], (VAN, "鲁G22222", "五菱", "白")])
    assert {name for name, one in verified.items() if one.is_wrong} == set()
    second = vehicles(small)
    # Two vehicles with one record each became one: it keeps the lower of the two ids, whichever that is.
    merged = {"list 6", "register 2"}
    assert {second[name] for name in merged} == {min(first[name] for name in merged)}
    assert {name: said for name, said in second.items() if name not in merged} == {
        name: said for name, said in first.items() if name not in merged
    }
    assert small.run("base.vehicle__crosswalk", rebuild=True).state == "unchanged"
    assert small.run("base.vehicle__subject", rebuild=True).state == "unchanged"
