"""The DAG files as Airflow reads them, from the contracts of the project, each time in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from citylake.contract.catalog import load_catalog
from citylake.contract.compiled import compile_catalog, write_compiled
from citylake_airflow import policy

ROOT = Path(__file__).resolve().parents[2]
PARSE_SECONDS = 1.0
PARSE = """
import importlib.util, json, sys, time
import airflow.sdk
began = time.process_time()
found = {}
for path in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("dag_" + str(len(found)), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found |= {name: dag for name, dag in vars(module).items() if isinstance(dag, airflow.sdk.DAG)}
seconds = time.process_time() - began
heavy = sorted({"pyspark", "pandas", "great_expectations", "citylake.engine", "citylake.ledger"} & set(sys.modules))
from airflow.serialization.serialized_objects import DagSerialization
written = {name: DagSerialization.to_dict(dag) for name, dag in found.items()}
print(json.dumps({"seconds": seconds, "heavy": heavy, "dags": written}))
"""
KEPT = """
import os, sys
from airflow.dag_processing.dagbag import BundleDagBag
from pathlib import Path
from airflow.serialization.serialized_objects import DagSerialization
from citylake_airflow import build
def in_a_task(name):
    os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"], os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"] = name, "settle"
    return BundleDagBag(dag_folder=sys.argv[1], bundle_path=Path(sys.argv[1]).parent, bundle_name="dags-folder").dags
fresh = in_a_task("collect_hrss")
del os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"]
build.keep_dags()
build.read_compiled = None
kept = in_a_task("collect_hrss")
assert list(fresh) == list(kept) == ["collect_hrss"]
assert DagSerialization.to_dict(fresh["collect_hrss"]) == DagSerialization.to_dict(kept["collect_hrss"])
"""


def parse(home: Path) -> dict[str, Any]:
    files = [str(path) for path in sorted((ROOT / "dags").glob("*.py"))]
    parsed: dict[str, Any] = json.loads(run(home, PARSE, *files).splitlines()[-1])
    return parsed


def run(home: Path, code: str, *arguments: str) -> str:
    environment = os.environ | {
        "AIRFLOW_HOME": str(home / "airflow"),
        "CITYLAKE_HOME": str(home),
        "PYTHONPATH": str(ROOT / "plugins"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "PYTHONHASHSEED": str(len(str(home)) + os.getpid() % 1000),
    }
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("home")
    write_compiled(load_catalog(), made)
    return made


@pytest.fixture(scope="module")
def parsed(home: Path) -> dict[str, Any]:
    return parse(home)


def tasks_of(dag: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {task["__var"]["task_id"]: task["__var"] for task in dag["dag"]["tasks"]}


def test_all_dags_parse_within_a_second_and_without_spark_jobs_or_ledger(parsed: dict[str, Any]) -> None:
    assert parsed["heavy"] == []
    assert parsed["seconds"] < PARSE_SECONDS
    assert {"cutoff", "ready", "libraries", "maintenance"} < set(parsed["dags"])


def test_dags_written_in_two_processes_are_the_same(parsed: dict[str, Any], home: Path) -> None:
    assert parse(home)["dags"] == parsed["dags"]


def test_a_task_is_given_the_dag_that_was_built_before_it_was_forked(home: Path) -> None:
    run(home, KEPT, str(ROOT / "dags" / "collect.py"))


def test_compiling_the_same_contracts_twice_gives_the_same_text() -> None:
    load_catalog.cache_clear()
    first = compile_catalog(load_catalog())
    load_catalog.cache_clear()
    assert compile_catalog(load_catalog()) == first


def test_every_collection_starts_between_midnight_and_the_cutoff() -> None:
    minute, hour = (int(part) for part in policy.CUTOFF.split()[:2])
    for department in load_catalog().departments.values():
        at = tuple(int(part) for part in reversed(department.cron.split()[:2]))
        assert (0, 0) <= at < (hour, minute), department.id


def test_every_resource_is_expected_before_the_cutoff() -> None:
    minute, hour = (int(part) for part in policy.CUTOFF.split()[:2])
    for contract in load_catalog().collected:
        assert contract.due.time < f"{hour:02}:{minute:02}", contract.name


def test_every_resource_of_the_contracts_is_collected_by_its_departments_dag(parsed: dict[str, Any]) -> None:
    for contract in load_catalog().collected:
        task = tasks_of(parsed["dags"][f"collect_{contract.domain}"])[contract.thing]
        assert contract.name in json.dumps(task["outlets"])


def test_every_task_ends_after_a_time_and_those_that_use_spark_share_a_pool(parsed: dict[str, Any]) -> None:
    for dag in parsed["dags"].values():
        for name, task in tasks_of(dag).items():
            if name == "watch":
                continue
            assert task["execution_timeout"] > 0, name
            assert task["retries"] >= 1, name
            without = name in ("settle", "start", "decide", "cutoff", "forget")
            assert task.get("pool", "default_pool") == ("default_pool" if without else policy.POOL), name


def test_dags_start_by_themselves_and_are_never_paused_when_they_first_appear(parsed: dict[str, Any]) -> None:
    for name, dag in parsed["dags"].items():
        assert dag["dag"]["is_paused_upon_creation"] is False, name
        assert dag["dag"]["catchup"] is False, name


def test_no_dag_waits_for_several_assets_at_once(parsed: dict[str, Any]) -> None:
    for name, dag in parsed["dags"].items():
        assert "asset_all" not in json.dumps(dag["dag"]["timetable"]).lower(), name


def test_airflow_executes_no_module_of_the_plugins_under_its_bare_name() -> None:
    from airflow._shared.module_loading import find_path_from_directory

    taken = find_path_from_directory(str(ROOT / "plugins"), ".airflowignore")
    assert [path for path in taken if path.endswith(".py")] == []
