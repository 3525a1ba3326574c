"""A small schemas folder of a test's own: one department, two elements, a delivered table and one that is made of it."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

CLEAN: Mapping[str, Any] = {
    "title": "登记",
    "grain": "一条为一件登记",
    "owner": "bureau",
    "source": {"form": "csv", "files": "dj_*.csv", "as_of": {"filename": r"dj_(\d{8})"}},
    "mode": "snapshot",
    "due": {"every": "day"},
    "key": ["record_no"],
    "identity": {"person": {"self": {"id_no": "id_no"}, "spouse": {"id_no": "spouse_id_no"}}},
    "columns": {
        "record_no": {"label": "编号", "grade": "L2", "from": "BH"},
        "id_no": {"from": "SFZH"},
        "spouse_id_no": {"element": "id_no", "label": "配偶公民身份号码"},
        "sex_code": {},
    },
    "ignore": {"BZ": "自由文本"},
}
DERIVED: Mapping[str, Any] = {
    "title": "登记情况",
    "grain": "一人一行",
    "owner": "bureau",
    "key": ["person_id"],
    "inputs": {"r": {"table": "linked.bureau__record", "on": ["person_id"]}},
    "columns": {"person_id": {"label": "人员标识", "grade": "L2"}, "records": {"label": "登记件数", "grade": "L2"}},
}
ELEMENTS: Mapping[str, Any] = {
    "id_no": {"label": "公民身份号码", "grade": "L3", "mask": "id_no", "direct": True},
    "sex_code": {"label": "性别代码", "grade": "L3", "codes": "sex"},
}


def clean(**changes: Any) -> dict[str, Any]:
    """Return the delivered table's contract with some keys said otherwise."""
    return {**deepcopy(dict(CLEAN)), **changes}


def derived(**changes: Any) -> dict[str, Any]:
    """Return the made table's contract with some keys said otherwise."""
    return {**deepcopy(dict(DERIVED)), **changes}


def write(root: Path, *, collected: Mapping[str, Any] = CLEAN, made: Mapping[str, Any] = DERIVED) -> Path:
    """Write the folder; the crosswalk of persons that every linked table needs is there too."""
    put(root / "elements" / "bureau.yml", ELEMENTS)
    put(root / "departments" / "bureau.yml", {"name": "登记局", "cron": "30 0 * * *"})
    codes = root / "codes" / "sex.csv"
    codes.parent.mkdir(parents=True, exist_ok=True)
    codes.write_text("code,label\n1,男\n2,女\n", "utf-8")
    put(root / "base" / "population" / "resolve.yml", {"kind": "person", "noun": "人员"})
    put(root / "base" / "population" / "crosswalk.yml", _CROSSWALK)
    put(root / "clean" / "bureau" / "record.yml", collected)
    put(root / "topic" / "register" / "person.yml", made)
    return root


_CROSSWALK = {
    "title": "人员交叉索引",
    "grain": "一条为一个主体",
    "owner": "bureau",
    "key": ["subject_id"],
    "made_by": "resolver",
    "columns": {name: {"label": "标识", "grade": "L2"} for name in ("subject_id", "person_id", "source")},
}


def put(path: Path, values: Mapping[str, Any]) -> None:
    """Write a YAML file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(values), allow_unicode=True, sort_keys=False), "utf-8")
