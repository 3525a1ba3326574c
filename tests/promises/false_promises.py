"""Contracts with SELECTs that break their promise, each in its own way, and honest ones over the same inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from citylake.contract.catalog import Catalog, load_catalog
from citylake.contract.model import DerivedContract

TABLE = "topic.test__made"
_ELEMENTS = {
    "record_no": {"label": "编号", "grade": "L2"},
    "person_no": {"label": "人员", "grade": "L2"},
    "other_no": {"label": "另一人员", "grade": "L2"},
    "firm_no": {"label": "单位", "grade": "L2"},
    "old_firm_no": {"label": "原单位", "grade": "L2"},
    "name": {"label": "名称", "grade": "L3"},
    "amount": {"label": "金额", "type": "decimal(12,2)", "grade": "L2"},
    "until_date": {"label": "截止日期", "type": "date", "grade": "L2"},
    "n": {"label": "数", "type": "bigint", "grade": "L2"},
    "is_valid": {"label": "是否有效", "type": "boolean", "grade": "L2"},
    "_recheck_on": {"label": "重算日期", "type": "date", "grade": "L2"},
}
_DELIVERED = {
    "payment": ("record_no", "person_no", "other_no", "firm_no", "old_firm_no", "amount", "until_date"),
    "couple": ("record_no", "person_no", "other_no"),
    "firm": ("firm_no", "name"),
}
PAYMENTS = {"p": {"table": "linked.bureau__payment", "on": ["person_no"]}}
COUPLES = {"m": {"table": "linked.bureau__couple", "any": [["person_no"], ["other_no"]]}}
FIRMS = PAYMENTS | {"f": {"table": "linked.bureau__firm", "on": ["firm_no"], "via": "p"}}
_RECORDS = "(SELECT record_no, MAX(until_date) AS until_date, MAX(amount) AS amount FROM p GROUP BY record_no) r"
BY_RECORD = {"p": {"table": "linked.bureau__payment", "on": ["record_no"]}}
_BOTH = (
    "SELECT who AS person_no, COUNT(*) AS n FROM (SELECT person_no AS who FROM m UNION ALL SELECT other_no FROM m) t "
    "GROUP BY who"
)


@dataclass(frozen=True)
class Said:
    """A contract and what makes its table."""

    inputs: Mapping[str, Any]
    text: str
    key: tuple[str, ...] = ("person_no",)
    columns: tuple[str, ...] = ("person_no", "n")


HONEST = {
    "a sum a person": Said(PAYMENTS, "SELECT person_no, COUNT(*) AS n FROM p GROUP BY person_no"),
    "a firm reached through its payments": Said(
        FIRMS,
        "SELECT p.person_no, COUNT(DISTINCT f.name) AS n FROM p JOIN f ON f.firm_no = p.firm_no GROUP BY p.person_no",
    ),
    "a row of two units": Said(
        COUPLES,
        _BOTH,
    ),
    "a row that says when time changes it": Said(
        BY_RECORD,
        "SELECT record_no, until_date > :business_date AS is_valid, "
        "CASE WHEN until_date > :business_date THEN until_date END AS _recheck_on "
        f"FROM {_RECORDS}",
        ("record_no",),
        ("record_no", "is_valid", "_recheck_on"),
    ),
}
OTHER_UNITS = "reads rows of other units"
BY_TIME = "the day without saying so in _recheck_on"
LIES = {
    "a window over all rows": (
        Said(
            BY_RECORD,
            f"SELECT record_no, ROW_NUMBER() OVER (ORDER BY amount, record_no) AS n FROM {_RECORDS}",
            ("record_no",),
            ("record_no", "n"),
        ),
        OTHER_UNITS,
    ),
    "a count of all rows": (
        Said(
            PAYMENTS,
            "SELECT p.person_no, MAX(t.n) AS n FROM p CROSS JOIN (SELECT COUNT(*) AS n FROM p) t GROUP BY p.person_no",
        ),
        OTHER_UNITS,
    ),
    "a join on another column than declared": (
        Said(
            PAYMENTS | {"m": {"table": "linked.bureau__couple", "on": ["person_no"]}},
            "SELECT p.person_no, COUNT(*) AS n FROM p JOIN m ON m.other_no = p.person_no GROUP BY p.person_no",
        ),
        OTHER_UNITS,
    ),
    "a join with another column of the driver": (
        Said(
            PAYMENTS | {"m": {"table": "linked.bureau__couple", "on": ["person_no"]}},
            "SELECT p.person_no, COUNT(*) AS n FROM p JOIN m ON m.person_no = p.other_no GROUP BY p.person_no",
        ),
        OTHER_UNITS,
    ),
    "a way through another column": (
        Said(
            FIRMS,
            "SELECT p.person_no, COUNT(DISTINCT f.name) AS n FROM p JOIN f ON f.firm_no = p.old_firm_no GROUP BY p.person_no",
        ),
        OTHER_UNITS,
    ),
    "a second role that is not declared": (
        Said(
            {"m": {"table": "linked.bureau__couple", "on": ["person_no"]}},
            _BOTH,
        ),
        OTHER_UNITS,
    ),
    "another unit given out than read": (
        Said(PAYMENTS, "SELECT other_no AS person_no, COUNT(*) AS n FROM p GROUP BY other_no"),
        OTHER_UNITS,
    ),
    "the newest of all": (
        Said(
            PAYMENTS,
            "SELECT p.person_no, COUNT(*) AS n FROM p WHERE p.amount >= (SELECT MAX(amount) FROM p) GROUP BY p.person_no",
        ),
        OTHER_UNITS,
    ),
    "a day that is not told": (
        Said(
            BY_RECORD,
            f"SELECT record_no, until_date > :business_date AS is_valid FROM {_RECORDS}",
            ("record_no",),
            ("record_no", "is_valid"),
        ),
        BY_TIME,
    ),
    "a day that is told too late": (
        Said(
            BY_RECORD,
            "SELECT record_no, until_date > :business_date AS is_valid, "
            "CASE WHEN until_date > :business_date THEN DATE_ADD(until_date, 1) END AS _recheck_on "
            f"FROM {_RECORDS}",
            ("record_no",),
            ("record_no", "is_valid", "_recheck_on"),
        ),
        BY_TIME,
    ),
    "a day that has come and stays": (
        Said(
            BY_RECORD,
            f"SELECT record_no, until_date > :business_date AS is_valid, until_date AS _recheck_on FROM {_RECORDS}",
            ("record_no",),
            ("record_no", "is_valid", "_recheck_on"),
        ),
        "every further run of the same night would make it again",
    ),
    "a key that is given out twice": (
        Said(PAYMENTS, "SELECT person_no, COUNT(*) AS n FROM p GROUP BY person_no, firm_no"),
        "is repeated: the gate would stop the table",
    ),
    "whatever row comes first": (
        Said(PAYMENTS, "SELECT person_no, CAST(FIRST(amount) AS BIGINT) AS n FROM p GROUP BY person_no"),
        "the order in which rows come decides a value",
    ),
}


def catalog_of(root: Path, said: Said) -> tuple[Catalog, DerivedContract]:
    """Write the contracts below a folder and read them; nothing looks at the SELECT."""
    _put(root / "elements" / "bureau.yml", _ELEMENTS)
    _put(root / "departments" / "bureau.yml", {"name": "登记局", "cron": "30 0 * * *"})
    for thing, columns in _DELIVERED.items():
        contract = {
            "source": {"form": "csv", "files": f"{thing}_*.csv", "as_of": {"received": True}},
            "mode": "snapshot",
            "due": {"every": "day"},
        }
        _put(root / "clean" / "bureau" / f"{thing}.yml", _contract(columns[:1], columns) | contract)
    _put(root / "topic" / "test" / "made.yml", _contract(said.key, said.columns) | {"inputs": dict(said.inputs)})
    catalog = load_catalog(root)
    made = catalog.contract(TABLE)
    assert isinstance(made, DerivedContract)
    return catalog, made


def _contract(key: tuple[str, ...], columns: tuple[str, ...]) -> dict[str, Any]:
    named = {"title": "试验", "grain": "一件一行", "owner": "bureau"}
    return named | {"key": list(key), "columns": {name: {} for name in columns}}


def _put(path: Path, values: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(values), allow_unicode=True, sort_keys=False), "utf-8")
