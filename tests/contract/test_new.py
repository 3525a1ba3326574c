"""``citylake new`` in a project of its own: what it writes loads, keeps the policies and can be tested at once."""

import json
import re
import runpy
import shutil
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from city.delivery.written import written as delivered
from city.kit import layouts
from city.world.city import City
from city.world.people.lives import Lives
from city.world.people.population import people
from city.world.planting import check, libraries, planted_as
from citylake.cli import app
from citylake.contract.blanks import BLANK, blanks
from citylake.contract.catalog import load_catalog
from citylake.contract.model import CollectedContract, DerivedContract
from citylake.contract.plan import load_plan
from citylake.contract.select import check_transforms
from citylake.settings import PROJECT_ROOT, settings
from citylake.verify import identifiers
from citylake.verify.store import opened
from tests.city.cases.given import read_over_nothing
from tests.contract import test_policy
from tests.contract.test_policy import POLICIES
from tests.tables import engines
from tests.tables.cases import all_cases
from tests.tables.cases import check as check_case


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


def refused() -> str:
    load_catalog.cache_clear()
    done = CliRunner().invoke(app, ["compile"])
    assert done.exit_code == 1
    return done.output


def fill_in(project: Path, sql: str = "count(*) AS n") -> None:
    """Say something wherever ``citylake new`` left it to be said, nowhere the same in one file of YAML."""
    for name in {line.partition(": ")[0] for line in blanks(project)}:
        text = (project / name).read_text("utf-8").replace(f"SELECT {BLANK}", f"SELECT {sql}")
        for number in range(text.count(BLANK)):
            text = text.replace(BLANK, f"住房{number}" if name.endswith(".yml") else "住房", 1)
        (project / name).write_text(text, "utf-8")
    load_catalog.cache_clear()


def run(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def new(*words: str) -> list[str]:
    return list(json.loads(run("new", *words, "--json"))["files"])


@pytest.mark.parametrize(
    ("reads", "thing"),
    [
        ("base.population__person", "person"),
        ("special.silent_certification__trace", "trace"),
        ("linked.market_regulation__enterprise", "enterprise"),
    ],
)
def test_a_new_table_is_three_files_that_pass_once_its_title_is_said(project: Path, reads: str, thing: str) -> None:
    assert new("topic.housing__home", "--input", reads) == [
        "schemas/topic/housing/home.yml",
        "jobs/topic/housing/home.sql",
        "tests/tables/topic/housing/home/first.yml",
        "schemas/topic/housing/library.yml",
    ]
    assert "schemas/topic/housing/home.yml: title: fill in what is still blank" in refused()
    fill_in(project)
    run("compile")
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
    written = new("clean.hrss__job_post")
    assert written == [
        "schemas/clean/hrss/job_post.yml",
        "city/departments/hrss/job_post.py",
        "city/departments/hrss/__init__.py",
    ]
    said = refused()
    for key in ("grain", "columns.record_no.from", "columns.id_no.from", "columns.name.from"):
        assert f"schemas/clean/hrss/job_post.yml: {key}: fill in what is still blank" in said
    fill_in(project)
    run("compile")
    catalog = load_catalog(project / "schemas")
    contract = catalog.contract("clean.hrss__job_post")
    assert isinstance(contract, CollectedContract)
    assert contract.title == load_plan(project / "schemas").departments["hrss"].resources["job_post"]
    made = layouts.Layout("hrss.job_post", contract, layouts.Said())
    monkeypatch.setattr(layouts, "layouts", lambda: {"hrss.job_post": made})
    frame = module(project / written[1]).project(lives(), 0)
    assert set(frame.roles) == {"self"}
    assert 20 < len(frame) < 100
    assert [breach for policy in POLICIES for breach in policy(contract)] == []
    assert delivered(frame).column_names == [column.source for column in contract.columns.values()]
    assert "linked.hrss__job_post" in catalog.contracts
    assert all_cases(project / "tests" / "tables") == []


def test_a_resource_that_nobody_planned_is_told_with_the_line_to_add(project: Path) -> None:
    new("clean.hrss__unemployed")
    fill_in(project)
    assert (
        "schemas/resources.yml does not name hrss.unemployed: add 'unemployed: 住房0' under hrss.resources" in refused()
    )


def test_a_new_library_is_planned_as_it_says_and_compiles_once_its_blanks_are_filled(project: Path) -> None:
    new("topic.housing__home")
    said = refused()
    for key in ("purpose", "questions.1.ask", "questions.3.sql"):
        assert f"schemas/topic/housing/library.yml: {key}: fill in what is still blank" in said
    fill_in(project)
    run("compile")
    library = load_catalog(project / "schemas").libraries["topic.housing"]
    plan = load_plan(project / "schemas")
    assert library.name == plan.libraries[library.id]
    assert list(library.serves) == plan.served_by(library.id)


def test_new_cases_take_free_slots_are_in_the_truth_and_can_be_read_from_their_table(project: Path) -> None:
    new("topic.housing__home")
    (written,) = new("cases.housing")
    assert written == "city/cases/housing.py"
    said = refused()
    for line in (1, 11):
        assert f"city/cases/housing.py: line {line}: fill in what is still blank" in said
    fill_in(project)
    run("compile")
    cases = module(project / written).CASES
    check({**libraries(), "housing": cases})
    assert [kind.decoy for kind in cases.kinds] == [False, True]
    here = lives()
    truth = cases.expected(here, 0)
    case, decoy = (kind.name for kind in cases.kinds)
    assert sorted(truth["case"].to_pylist()) == [case] * 3 + [decoy] * 3
    assert set(truth["number"].to_pylist()) == set(cases.fates(here.city).person)
    assert sum(planted_as(here, cases.kinds, cases.slots, case)) == 3
    assert read_over_nothing("housing", cases).kinds == {}


@pytest.mark.parametrize(
    ("library", "message"),
    [
        (
            "nothing",
            "no library 'nothing'; there are legal_entity, population, ",
        ),
        ("legal_entity", "no table of base.legal_entity is about people: cases of legal entities are written as"),
    ],
)
def test_cases_need_a_library_with_a_table_about_people(project: Path, library: str, message: str) -> None:
    done = CliRunner().invoke(app, ["new", f"cases.{library}"])
    assert done.exit_code == 2
    assert message in done.output


def test_a_new_code_list_is_a_file_that_compiles_once_its_labels_are_said(project: Path) -> None:
    assert new("codes.house_form") == ["schemas/codes/house_form.csv"]
    said = refused()
    for line in (2, 3):
        assert f"schemas/codes/house_form.csv: line {line}: fill in what is still blank" in said
    fill_in(project)
    run("compile")
    assert load_catalog(project / "schemas").codes["house_form"] == {"1": "住房", "2": "住房"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("name,label\n1,楼房\n", "the first line must be 'code,label'"),
        ("code,label\n1,\n", "line 2: it needs a code and a label"),
        ("code,label\n1,楼房\n\n,平房\n", "line 4: it needs a code and a label"),
        ("code,label\n1\n", "line 2: it needs a code and a label"),
        ("code,label\n1,楼房\n2,平房\n1,院落\n", "code 1 stands in line 2 and in line 4: keep one of them"),
    ],
)
def test_a_code_list_that_loses_or_doubles_a_code_is_refused_with_its_line(
    project: Path, lines: str, message: str
) -> None:
    (project / "schemas/codes/house_form.csv").write_text(lines, "utf-8")
    said = refused()
    assert "schemas/codes/house_form.csv: " in said
    assert message in said


@pytest.mark.parametrize(
    ("old", "wrong", "message"),
    [
        (
            "record_no: {from",
            "rekord_no: {from",
            "columns.rekord_no: no data element 'rekord_no' in schemas/elements/; did you mean",
        ),
        (
            "name: {from",
            "name: {codes: hous_use, from",
            "columns.name.codes: no code list 'hous_use' in schemas/codes/; did you mean",
        ),
        ("owner: hrss", "owner: hrs", "owner: 'hrs' is no department; known: agriculture_rural, "),
        ("grade: L3", "grade: L5", "grade: Input should be 'L1', 'L2', 'L3' or 'L4'"),
        ("mode: snapshot", "mode: whole", "mode: Input should be 'snapshot', 'change' or 'event'"),
        ("not_null: record_no", "present: record_no", "unknown rule 'present'; known: not_null, "),
        ("valid_id_no: id_no", "valid_id_no: id", "not among the columns: id"),
        ("grain:", "grane:", "grane: unknown key; allowed here: "),
    ],
)
def test_what_is_filled_in_wrongly_is_refused_with_file_key_and_what_is_allowed(
    project: Path, old: str, wrong: str, message: str
) -> None:
    new("clean.hrss__job_post")
    fill_in(project)
    path = project / "schemas/clean/hrss/job_post.yml"
    path.write_text(path.read_text("utf-8").replace(old, wrong), "utf-8")
    said = refused()
    assert "schemas/clean/hrss/job_post.yml" in said
    assert message in said


def planned_once_more(project: Path, page: str) -> str:
    """Return the page with names of its own, planned as those it has: what it adds may be there one day."""
    for file in ("resources.yml", "libraries.yml", "systems.yml"):
        path = project / "schemas" / file
        lines = path.read_text("utf-8").splitlines()
        if file == "systems.yml":
            lines = [
                line.replace("special.elderly_care", "special.elderly_care, special.sample_care") for line in lines
            ]
        more = [re.sub("elderly_(assessment|care):", r"sample_\1:", line) for line in lines]
        both = [one for old, new in zip(lines, more, strict=True) for one in dict.fromkeys((old, new))]
        path.write_text("\n".join(both), "utf-8")
    return re.sub("(?:elderly|ability)_(assessment|care|level)", r"sample_\1", page)


def test_the_page_about_adding_adds_what_compiles_delivers_and_makes_what_its_case_expects(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = planned_once_more(project, (PROJECT_ROOT / "docs/adding.md").read_text("utf-8"))
    for words in re.findall(r"^## .*: `citylake new (.*)`$", page, re.MULTILINE):
        new(*words.split())
    blank = {line.partition(": ")[0] for line in blanks(project)}
    blocks = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    assert blank <= set(blocks)
    for name, text in blocks.items():
        assert (project / name).exists(), f"{name}: citylake new writes no such file"
        (project / name).write_text(text, "utf-8")
    load_catalog.cache_clear()
    run("compile")
    catalog = load_catalog(project / "schemas")
    clean, table = (
        catalog.contract("clean.civil_affairs__sample_assessment"),
        catalog.contract("special.sample_care__visit"),
    )
    assert isinstance(clean, CollectedContract)
    assert isinstance(table, DerivedContract)
    monkeypatch.setattr(test_policy, "CATALOG", catalog)
    assert [breach for policy in POLICIES for one in (clean, table) for breach in policy(one)] == []
    made = layouts.Layout("civil_affairs.sample_assessment", clean, layouts.Said())
    monkeypatch.setattr(layouts, "layouts", lambda: {made.resource: made})
    monkeypatch.setattr("city.kit.draws.load_catalog", lambda: catalog)
    assert len(module(project / "city/departments/civil_affairs/sample_assessment.py").project(lives(), 0))
    cases = module(project / "city/cases/sample_care.py").CASES
    check({"sample_care": cases})
    assert len(cases.expected(lives(), 0)) == 6
    assert read_over_nothing("sample_care", cases).kinds == {}
    monkeypatch.setattr(engines, "JOBS", project / "jobs")
    (case,) = all_cases(project / "tests/tables")
    with opened("Asia/Shanghai") as store:
        identifiers.install(store)
        check_case(case, engines.made_by_duckdb(case, catalog, table, store))


def module(path: Path) -> Any:
    return SimpleNamespace(**runpy.run_path(str(path)))


def lives() -> Lives:
    return Lives(people(City(400, 3707, date(2026, 11, 22)), np.arange(4)))


def test_a_second_table_of_a_library_leaves_its_file_alone(project: Path) -> None:
    run("new", "topic.housing__home")
    kept = (project / "schemas/topic/housing/library.yml").read_text("utf-8")
    written = new("topic.housing__rent")
    assert "schemas/topic/housing/library.yml" not in written
    assert (project / "schemas/topic/housing/library.yml").read_text("utf-8") == kept


def test_compiling_refuses_a_question_with_a_wrong_column(project: Path) -> None:
    run("new", "topic.housing__home")
    fill_in(project, "nothing")
    done = CliRunner().invoke(app, ["compile"])
    assert done.exit_code == 1
    assert "schemas/topic/housing/library.yml: questions.1.sql: " in done.output


def test_nothing_is_written_over_what_is_there(project: Path) -> None:
    run("new", "topic.housing__home")
    (project / "jobs/topic/housing/home.sql").write_text("SELECT 1", "utf-8")
    assert CliRunner().invoke(app, ["new", "topic.housing__home"]).exit_code == 2
    assert (project / "jobs/topic/housing/home.sql").read_text("utf-8") == "SELECT 1"


@pytest.mark.parametrize(
    "name", ["housing__home", "raw.hrss__x", "topic.housing", "clean.nobody__x", "codes.House", "cases"]
)
def test_what_is_no_name_of_anything_new_is_wrong_use_and_writes_nothing(project: Path, name: str) -> None:
    assert CliRunner().invoke(app, ["new", name]).exit_code == 2
    assert not (project / "tests").exists()


def test_compiling_refuses_a_select_that_breaks_its_contract(project: Path) -> None:
    run("new", "topic.housing__home")
    fill_in(project)
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


def test_nothing_is_written_where_there_is_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYLAKE_PROJECT", str(tmp_path))
    settings.cache_clear()
    done = CliRunner().invoke(app, ["new", "codes.ability_level"])
    settings.cache_clear()
    assert done.exit_code == 2
    assert "CITYLAKE_PROJECT" in done.output
    assert list(tmp_path.iterdir()) == []
