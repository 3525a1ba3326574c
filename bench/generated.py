"""A project of some 350 tables above clean: the city's own contracts and, beside them, generated ones.

Every generated department delivers a few resources that name people, so that the resolver reads them; every library
table is a SELECT per person. They are held to the same checks as contracts that somebody wrote.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from citylake.contract.aliases import aliases
from citylake.contract.catalog import Catalog, load_catalog
from citylake.contract.model import Input
from citylake.contract.select import check_transforms
from citylake.spelling import table_name

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Sizes:
    """How many there are; the defaults make some 350 tables above clean, with the city's own."""

    departments: int = 14
    resources: int = 7
    topics: int = 12
    specials: int = 8
    of_topic: int = 8
    of_office: int = 4
    of_special: int = 4


def make_project(folder: Path, sizes: Sizes = Sizes()) -> Catalog:  # noqa: B008  (frozen)
    """Write a project below ``folder`` and return its checked catalog.

    Raises:
        AssertionError: a generated SELECT does not fit its contract.
    """
    shutil.copytree(ROOT / "schemas", folder / "schemas", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for layer in ("topic", "office", "special"):
        (folder / "jobs" / layer).mkdir(parents=True)
        for library in sorted(path for path in (ROOT / "jobs" / layer).glob("*") if path.is_dir()):
            (folder / "jobs" / layer / library.name).symlink_to(library)
    (folder / "jobs" / "base").symlink_to(ROOT / "jobs" / "base")
    for name in ("dags", "plugins"):
        (folder / name).symlink_to(ROOT / name)
    _write_tables(folder, sizes)
    catalog = load_catalog(folder / "schemas")
    refused = check_transforms(catalog, folder / "jobs")
    assert not refused, refused
    return catalog


def _write_tables(folder: Path, sizes: Sizes) -> None:
    linked: list[str] = []
    for number in range(sizes.departments):
        department = f"office_{number + 1:02}"
        _write(folder / "schemas" / "departments" / f"{department}.yml", _department(number))
        for resource in range(sizes.resources):
            thing = f"record_{resource + 1}"
            _write(folder / "schemas" / "clean" / department / f"{thing}.yml", _collected(department, thing))
            linked.append(table_name("linked", department, thing))
    topics: list[str] = []
    for library in range(sizes.topics):
        for nth in range(sizes.of_topic):
            start = library * sizes.of_topic + nth
            inputs = [linked[start % len(linked)], linked[(start + 1) % len(linked)]]
            topics.append(_derived(folder, "topic", f"library_{library + 1:02}", nth, inputs))
    for number in range(sizes.departments):
        for nth in range(sizes.of_office):
            start = number * sizes.of_office + nth
            inputs = [topics[start % len(topics)], linked[start % len(linked)]]
            _derived(folder, "office", f"office_{number + 1:02}", nth, inputs)
    for library in range(sizes.specials):
        for nth in range(sizes.of_special):
            start = library * sizes.of_special + nth
            _derived(folder, "special", f"question_{library + 1:02}", nth, [topics[start], topics[-start - 1]])


def _department(number: int) -> dict[str, object]:
    return {"name": f"第{number + 1}局", "cron": f"{number % 60} 1 * * *", "contact": "办公室", "org_code_kind": "11"}


def _collected(department: str, thing: str) -> dict[str, object]:
    return {
        "title": f"登记 {thing}",
        "grain": "一条为一件登记",
        "owner": department,
        "source": {"form": "csv", "files": f"{thing}_*.csv", "as_of": {"filename": thing + r"_(\d{8})"}},
        "mode": "snapshot",
        "due": {"every": "day", "time": "02:00", "grace": "1d"},
        "key": ["record_no"],
        "identity": {"person": {"self": {"id_no": "id_no", "name": "name", "birth_date": "birth_date"}}},
        "columns": {
            "record_no": {"from": "编号"},
            "id_no": {"from": "证件号"},
            "name": {"from": "姓名"},
            "birth_date": {"from": "出生日期"},
            "village_code": {"from": "村居"},
            "pay_amount": {"from": "金额"},
        },
        "rules": {"quarantine": [{"not_null": "record_no"}]},
        "share": "none",
        "grade": "L3",
    }


def _derived(folder: Path, layer: str, library: str, number: int, inputs: list[str]) -> str:
    """Write the contract and SELECT of a table per person over two inputs, and return its name."""
    thing = f"table_{number + 1}"
    amount = {name: "total_amount" if name.startswith("topic.") else "pay_amount" for name in inputs}
    owner = library if layer == "office" else "hrss"
    one, other = called = aliases([Input(table=name, on=("person_id",)) for name in inputs])
    contract: dict[str, object] = {
        "title": f"{library} {thing}",
        "grain": "一人一行",
        "owner": owner,
        "key": ["person_id"],
        "inputs": {alias: {"table": name, "on": ["person_id"]} for alias, name in zip(called, inputs, strict=True)},
        "columns": {
            "person_id": {"label": "人员标识", "grade": "L2"},
            "total_amount": {"label": "金额合计(元)", "type": "decimal(18,2)", "grade": "L3"},
            "record_count": {"label": "条数", "type": "bigint", "grade": "L3"},
        },
        "rules": {"gate": [{"not_null": "person_id"}]},
        "share": "none",
        "grade": "L3",
    }
    first, second = (amount[name] for name in inputs)
    select = f"""WITH one AS (
  SELECT person_id, SUM({first}) AS amount, COUNT(*) AS record_count
  FROM {one}
  WHERE person_id IS NOT NULL
  GROUP BY person_id
), other AS (
  SELECT person_id, SUM({second}) AS amount, COUNT(*) AS record_count
  FROM {other}
  WHERE person_id IS NOT NULL
  GROUP BY person_id
)
SELECT COALESCE(one.person_id, other.person_id) AS person_id,
       CAST(COALESCE(one.amount, 0) + COALESCE(other.amount, 0) AS DECIMAL(18,2)) AS total_amount,
       COALESCE(one.record_count, 0) + COALESCE(other.record_count, 0) AS record_count
FROM one
FULL OUTER JOIN other ON other.person_id = one.person_id
"""
    _write(folder / "schemas" / layer / library / f"{thing}.yml", contract)
    path = folder / "jobs" / layer / library / f"{thing}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(select, "utf-8")
    return table_name(layer, library, thing)


def _write(path: Path, said: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), "utf-8")
