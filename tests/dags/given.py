"""Compiled contracts of a small made-up lake, written as ``citylake.contract.compiled`` writes them."""

import json
from pathlib import Path
from typing import Any

from citylake.spelling import parts_of
from citylake_airflow.compiled import Compiled, read_compiled

CROSSWALK = "base.population__crosswalk"


def table(name: str, inputs: list[str] | None = None, **more: Any) -> dict[str, Any]:
    parts = parts_of(name)
    said: dict[str, Any] = {
        "name": name,
        "layer": parts.layer,
        "domain": parts.domain,
        "title": f"表 {parts.thing}",
        "grain": "一条为一件",
        "description": "",
        "owner": "hrss",
        "owner_name": "人社局",
        "key": ["a"],
        "grade": "L3",
        "columns": [{"name": "a", "label": "编号", "type": "string", "grade": "L3", "direct": False}],
        "rules": {"gate": ["unique:a"]},
    }
    if inputs is None:
        said |= {"mode": "change", "form": "csv", "due": {"every": "day", "time": "02:00", "grace": "1d"}, "ignore": {}}
    else:
        said |= {"made_by": "transform", "restricted": False, "inputs": sorted(inputs)}
    return said | more


TABLES = [
    table("clean.civil_affairs__cremation"),
    table("clean.civil_affairs__marriage"),
    table("clean.hrss__pension_payment"),
    table(CROSSWALK, ["clean.civil_affairs__marriage", "clean.hrss__pension_payment"], made_by="resolver"),
    table("linked.civil_affairs__marriage", ["clean.civil_affairs__marriage", CROSSWALK]),
    table("linked.hrss__pension_payment", ["clean.hrss__pension_payment", CROSSWALK]),
    table("base.population__person", ["linked.civil_affairs__marriage"]),
    table("topic.social_security__person_benefit", ["linked.hrss__pension_payment", "base.population__person"]),
    table("special.silent_certification__evidence", ["topic.social_security__person_benefit"]),
]
LIBRARIES = [
    {
        "id": "topic.social_security",
        "name": "社会保障主题库",
        "owner_name": "人社局",
        "purpose": "每人每种待遇领了多少。",
    },
]
DEPARTMENTS = [
    {"id": "civil_affairs", "name": "民政局", "cron": "10 1 * * *", "contact": ""},
    {"id": "hrss", "name": "人社局", "cron": "20 1 * * *", "contact": ""},
    {"id": "silent", "name": "无数据的局", "cron": "20 1 * * *", "contact": ""},
]


def compiled(home: Path, tables: list[dict[str, Any]] = TABLES) -> Compiled:
    body = {"digest": "x", "departments": DEPARTMENTS, "libraries": LIBRARIES, "tables": tables}
    text = json.dumps(body, ensure_ascii=False)
    home.mkdir(parents=True, exist_ok=True)
    (home / "compiled.json").write_text(text, "utf-8")
    return read_compiled(home)
