"""A small lake that resolves people by the project's own rules: two resources, everything between clean and events."""

import shutil
from pathlib import Path

import yaml
from pyspark.sql import SparkSession

from citylake.settings import PROJECT_ROOT, Settings
from tests.engine.small_lake import SmallLake, contract

CHAIN = ("subject", "override", "crosswalk", "event", "review")
HEADER = ("BH", "XM", "ZJHM", "CSRQ", "DH")
_COLUMNS = {
    "record_no": {"from": "BH"},
    "name": {"from": "XM", "direct": True},
    "id_no": {"from": "ZJHM", "label": "证件号码", "grade": "L3", "direct": True},
    "birth_date": {"from": "CSRQ", "label": "出生日期", "type": "date", "grade": "L3"},
    "phone": {"from": "DH", "label": "电话", "grade": "L3", "direct": True},
}
_SELF = {name: name for name in ("id_no", "name", "birth_date", "phone")}


def small_city(settings: Settings, spark: SparkSession, root: Path) -> SmallLake:
    """Return a lake with a register (anchors) and a list, and the population library's tables."""
    small = SmallLake.make(settings, spark, root)
    for path in (PROJECT_ROOT / "schemas/codes").glob("*.csv"):
        shutil.copy(path, root / "schemas/codes" / path.name)
    for name in ("register", "list"):
        source = {"form": "csv", "files": f"{name}_*.csv", "as_of": {"filename": r"(\d{8})"}}
        said = contract("snapshot", source=source, columns=_COLUMNS, rules={}, identity={"person": {"self": _SELF}})
        small.write(f"clean/office/{name}.yml", {key: value for key, value in said.items() if key != "ignore"})
    spec = yaml.safe_load((PROJECT_ROOT / "schemas/base/population/resolve.yml").read_text("utf-8"))
    spec |= {"owner": "office", "anchors": [{"source": "office.register", "role": "self"}]}
    left_out = ("survivorship", "restricted", "cancelled")
    small.write("base/population/resolve.yml", {name: said for name, said in spec.items() if name not in left_out})
    return small


def line(number: str, **said: str) -> dict[str, str]:
    """Return a line of record ``number``."""
    return {"BH": number} | said


def deliver(small: SmallLake, **resources: list[dict[str, str]]) -> dict[str, str]:
    """Take a snapshot of each resource, bring all tables up to it; return the state of each."""
    for name, lines in resources.items():
        small.drop(f"{name}_{small.day:%Y%m%d}.csv", lines, header=HEADER)
        small.collect(f"clean.office__{name}")
    return {thing: small.run(f"base.population__{thing}").state for thing in CHAIN}


def people(small: SmallLake) -> dict[str, str]:
    """Return the person of each record: number, with its resource in front -> person id."""
    crosswalk = dict(small.rows("base.population__crosswalk", "subject_id", "person_id"))
    found = {}
    for name in ("register", "list"):
        for number, subject in small.rows(f"clean.office__{name}", "record_no", "_self_subject", where="NOT _deleted"):
            if subject in crosswalk:
                found[f"{name} {number}"] = crosswalk[subject]
    return found


def subject_of(small: SmallLake, resource: str, number: str) -> str:
    """Return the subject of a record."""
    rows = small.rows(f"clean.office__{resource}", "_self_subject", where=f"record_no = '{number}'")
    return str(rows[0][0])
