"""A small project with two libraries, and what its city wants: builders for tests of libraries, questions and coverage."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from citylake.contract.catalog import Catalog, load_catalog
from tests.contract import given
from tests.contract.given import put

REGISTER = "topic.register"
LIBRARY: dict[str, Any] = {
    "name": "登记主题库",
    "owner": "bureau",
    "purpose": "每人登记了几件。",
    "serves": ["A1", "A2"],
    "questions": [
        {"ask": "登记了几件？", "sql": "SELECT max(records) AS n FROM topic.register__person"},
        {"ask": "男女各几件？", "sql": "SELECT sex_code, count(*) AS n FROM linked.bureau__record GROUP BY sex_code"},
        {"ask": "来自哪些来源？", "sql": "SELECT DISTINCT source FROM base.population__crosswalk"},
    ],
}
_POPULATION = {**LIBRARY, "name": "人口基础库", "serves": ["A2", "A4"]}
PLAN: dict[str, dict[str, Any]] = {
    "systems": {
        "A1": {"name": "登记查询", "libraries": ["topic.register"]},
        "A2": {"name": "全部", "libraries": ["base.population", "topic"]},
        "A3": {"name": "目录", "platform": ["catalogue"]},
        "A4": {"name": "人口与目录", "libraries": ["base.population"], "platform": ["catalogue"]},
        "A5": {"name": "分析", "libraries": ["special.analysis"]},
    },
    "libraries": {
        "base": {"population": "人口基础库"},
        "topic": {"register": "登记主题库"},
        "special": {"analysis": "分析"},
    },
    "resources": {
        "bureau": {"name": "登记局", "resources": {"record": "登记", "fee": "收费"}},
        "office": {"name": "办公室", "resources": {"letter": "来信"}},
    },
}


def write(root: Path, **library: Any) -> Path:
    """Write the folder; ``library`` says some keys of the register's library otherwise."""
    given.write(root)
    put(root / "base/population/library.yml", _POPULATION)
    put(root / "topic/register/library.yml", {**deepcopy(LIBRARY), **library})
    for name, said in PLAN.items():
        put(root / f"{name}.yml", said)
    return root


def catalog(root: Path, **library: Any) -> Catalog:
    """Write the folder and read it."""
    return load_catalog(write(root, **library))
