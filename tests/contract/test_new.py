"""``citylake new`` in a project of its own: what it writes loads, keeps the policies and can be tested at once."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from city.delivery.written import written as delivered
from city.kit import layouts
from city.world.city import City
from city.world.people.lives import Lives
from city.world.people.population import people
from citylake.cli import app
from citylake.contract.catalog import load_catalog
from citylake.contract.library import BLANK
from citylake.contract.model import CollectedContract
from citylake.contract.plan import load_plan
from citylake.contract.select import check_transforms
from citylake.settings import PROJECT_ROOT, settings
from tests.contract.test_policy import POLICIES
from tests.tables.cases import all_cases


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(
        PROJECT_ROOT / "schemas", tmp_path / "schemas", ignore=shutil.ignore_patterns("*.py", "__pycache__")
    )
    for path in (PROJECT_ROOT / "jobs").glob("*/*/*.*"):
        if path.suffix in (".sql", ".py"):
            copy = tmp_path / "jobs" / path.relative_to(PROJECT_ROOT / "jobs")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    chosen = settings().model_copy(update={"project": tmp_path, "home": tmp_path / "home"})
    for module in ("new", "night"):
        monkeypatch.setattr(f"citylake.cli.{module}.settings", lambda: chosen)
    return tmp_path


def fill_in(project: Path, library: str, sql: str) -> None:
    path = project / "schemas" / library / "library.yml"
    path.write_text(path.read_text("utf-8").replace(f"SELECT {BLANK}", f"SELECT {sql}").replace(BLANK, "住房"), "utf-8")
    load_catalog.cache_clear()


def run(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize(
    ("reads", "thing"), [("base.population__person", "person"), ("special.silent_certification__trace", "trace")]
)
def test_a_new_table_is_three_parts_that_pass_as_they_are(project: Path, reads: str, thing: str) -> None:
    written = json.loads(run("new", "topic.housing__home", "--input", reads, "--json"))["files"]
    assert written == [
        "schemas/topic/housing/home.yml",
        "jobs/topic/housing/home.sql",
        "tests/tables/topic/housing/home/first.yml",
        "schemas/topic/housing/library.yml",
    ]
    catalog = load_catalog(project / "schemas")
    contract = catalog.contract("topic.housing__home")
    assert [breach for policy in POLICIES for breach in policy(contract)] == []
    assert check_transforms(catalog, project / "jobs") == []
    case = next(iter(all_cases(project / "tests" / "tables")))
    assert case.table == contract.name
    assert case.given[thing] == case.expect
    assert set(case.expect[0]) == set(contract.columns)


def test_a_new_collected_table_is_its_contract_and_a_generator_that_delivers_what_it_asks_for(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = json.loads(run("new", "clean.hrss__unemployed", "--json"))["files"]
    assert written == [
        "schemas/clean/hrss/unemployed.yml",
        "city/departments/hrss/unemployed.py",
        "city/departments/hrss/__init__.py",
    ]
    catalog = load_catalog(project / "schemas")
    contract = catalog.contract("clean.hrss__unemployed")
    assert isinstance(contract, CollectedContract)
    made = layouts.Layout("hrss.unemployed", contract, layouts.Said())
    monkeypatch.setattr(layouts, "layouts", lambda: {"hrss.unemployed": made})
    generator: dict[str, Any] = {}
    exec((project / written[1]).read_text("utf-8"), generator)
    city = City(400, 3707, date(2026, 11, 22))
    table = delivered(generator["project"](Lives(people(city, np.arange(2))), 0))
    assert (table.column_names, table.num_rows) == (["BH"], 2)
    assert [breach for policy in POLICIES for breach in policy(contract)] == []
    assert "linked.hrss__unemployed" in catalog.contracts
    assert all_cases(project / "tests" / "tables") == []


def test_a_planned_resource_brings_its_name(project: Path) -> None:
    run("new", "clean.public_security__vehicle")
    name = load_plan(project / "schemas").departments["public_security"].resources["vehicle"]
    assert load_catalog(project / "schemas").contract("clean.public_security__vehicle").title == name


def test_a_new_library_is_planned_as_it_says_and_compiles_once_its_blanks_are_filled(project: Path) -> None:
    run("new", "topic.housing__home")
    done = CliRunner().invoke(app, ["compile"])
    assert done.exit_code == 1
    for key in ("purpose", "questions.1.ask", "questions.3.sql"):
        assert f"schemas/topic/housing/library.yml: {key}: fill in what is still blank" in done.output
    fill_in(project, "topic/housing", "count(*) AS n")
    run("compile")
    library = load_catalog(project / "schemas").libraries["topic.housing"]
    plan = load_plan(project / "schemas")
    assert library.name == plan.libraries[library.id]
    assert list(library.serves) == plan.served_by(library.id)


def test_a_second_table_of_a_library_leaves_its_file_alone(project: Path) -> None:
    run("new", "topic.housing__home")
    kept = (project / "schemas/topic/housing/library.yml").read_text("utf-8")
    written = json.loads(run("new", "topic.housing__rent", "--json"))["files"]
    assert "schemas/topic/housing/library.yml" not in written
    assert (project / "schemas/topic/housing/library.yml").read_text("utf-8") == kept


def test_compiling_refuses_a_question_with_a_wrong_column(project: Path) -> None:
    run("new", "topic.housing__home")
    fill_in(project, "topic/housing", "nothing")
    done = CliRunner().invoke(app, ["compile"])
    assert done.exit_code == 1
    assert "schemas/topic/housing/library.yml: questions.1.sql: " in done.output


def test_nothing_is_written_over_what_is_there(project: Path) -> None:
    run("new", "topic.housing__home")
    (project / "jobs/topic/housing/home.sql").write_text("SELECT 1", "utf-8")
    assert CliRunner().invoke(app, ["new", "topic.housing__home"]).exit_code == 2
    assert (project / "jobs/topic/housing/home.sql").read_text("utf-8") == "SELECT 1"


@pytest.mark.parametrize("name", ["housing__home", "raw.hrss__x", "topic.housing", "clean.nobody__x"])
def test_what_is_no_name_of_a_table_is_wrong_use_and_writes_nothing(project: Path, name: str) -> None:
    assert CliRunner().invoke(app, ["new", name]).exit_code == 2
    assert not (project / "tests").exists()


def test_compiling_refuses_a_select_that_breaks_its_contract(project: Path) -> None:
    run("new", "topic.housing__home")
    fill_in(project, "topic/housing", "count(*) AS n")
    run("compile")
    (project / "home" / "compiled.json").unlink()
    (project / "jobs/topic/housing/home.sql").write_text("SELECT MAX(person_id) AS person_id FROM person", "utf-8")
    done = CliRunner().invoke(app, ["compile"])
    assert done.exit_code == 1
    assert "topic.housing__home: the SELECT: it aggregates over all units: GROUP BY person_id" in done.output
    assert not (project / "home" / "compiled.json").exists()


def test_compiling_refuses_a_table_without_a_transform(project: Path) -> None:
    run("new", "topic.housing__home")
    (project / "jobs/topic/housing/home.sql").unlink()
    done = CliRunner().invoke(app, ["compile"])
    assert done.exit_code == 1
    assert "needs exactly one of jobs/topic/housing/home.sql and jobs/topic/housing/home.py" in done.output
