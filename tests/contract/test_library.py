"""Libraries and the city's plan: what their files may say, and what compiling finds wrong with them."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from citylake.contract.catalog import SCHEMAS, load_catalog
from citylake.contract.errors import ContractError
from citylake.contract.plan import check_libraries, load_plan
from tests.contract.given import put
from tests.contract.libraries import LIBRARY, PLAN, catalog, write


def wrong(root: Path) -> list[str]:
    return check_libraries(load_catalog(root), load_plan(root))


def question(number: int, **said: Any) -> list[dict[str, Any]]:
    questions = deepcopy(LIBRARY["questions"])
    questions[number - 1] |= said
    return questions  # type: ignore[no-any-return]


def test_the_libraries_of_the_project_are_complete_and_as_planned() -> None:
    assert wrong(SCHEMAS) == []


def test_the_whole_that_the_city_wants_is_102_libraries_and_184_resources_of_46_departments() -> None:
    plan = load_plan(SCHEMAS)
    assert (len(plan.libraries), len(plan.systems)) == (102, 163)
    assert (len(plan.departments), sum(len(one.resources) for one in plan.departments.values())) == (46, 184)
    names = [name.partition(".")[2] for name in plan.libraries]
    assert len(set(names)) == len(names), "cases of a library are found by its name without the layer"
    assert [name for name in plan.libraries if not plan.served_by(name)] == []


def test_a_library_that_is_as_planned_has_nothing_wrong(tmp_path: Path) -> None:
    assert wrong(write(tmp_path)) == []
    assert load_catalog(tmp_path).libraries["topic.register"].questions[0].ask == "登记了几件？"


@pytest.mark.parametrize(
    ("said", "key", "message"),
    [
        ({"owner": "nobody"}, "owner", "'nobody' is no department; known: bureau"),
        ({"questions": LIBRARY["questions"][:2]}, "questions", "at least 3 items"),
        ({"questions": LIBRARY["questions"] * 3}, "questions", "at most 6 items"),
        ({"questions": question(2, answer="x")}, "questions.1.answer", "allowed here: ask, sql"),
        ({"serves": []}, "serves", "at least 1 item"),
        ({"purpos": "x"}, "purpos", "did you mean 'purpose'"),
    ],
)
def test_a_file_that_says_something_else_is_refused_with_key_and_what_is_allowed(
    tmp_path: Path, said: dict[str, Any], key: str, message: str
) -> None:
    with pytest.raises(ContractError) as refused:
        catalog(tmp_path, **said)
    assert "topic/register/library.yml" in str(refused.value)
    assert key in str(refused.value)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"name": "别的库"}, "name: schemas/libraries.yml calls it 登记主题库"),
        ({"serves": ["A1", "A9"]}, "serves: schemas/systems.yml has no A9"),
        ({"serves": ["A1"]}, "serves: by schemas/systems.yml it is needed by A1, A2"),
    ],
)
def test_compiling_names_what_does_not_fit_the_plan(tmp_path: Path, said: dict[str, Any], message: str) -> None:
    assert wrong(write(tmp_path, **said)) == [f"schemas/topic/register/library.yml: {message}"]


def test_a_folder_of_contracts_needs_a_library_and_a_library_needs_a_table(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "base/population/library.yml").unlink()
    put(tmp_path / "special/analysis/library.yml", {**LIBRARY, "name": "分析", "serves": ["A5"]})
    missing, empty = wrong(tmp_path)
    assert missing.startswith("schemas/base/population/library.yml is missing")
    assert empty == "schemas/special/analysis/library.yml: there is no table in its folder"


def test_what_is_not_planned_has_to_be_added_to_the_plan(tmp_path: Path) -> None:
    write(tmp_path)
    put(tmp_path / "libraries.yml", PLAN["libraries"] | {"topic": {"other": "别的主题库"}})
    put(tmp_path / "systems.yml", {"A2": {"name": "全部", "libraries": ["base.population", "topic"]}})
    put(tmp_path / "resources.yml", {"bureau": {"name": "登记局", "resources": {"fee": "收费"}}})
    found = "\n".join(wrong(tmp_path))
    assert (
        "topic/register/library.yml: schemas/libraries.yml does not plan it: add 'register: 登记主题库' under topic"
        in found
    )
    assert "schemas/resources.yml does not name bureau.record: add 'record: 登记' under bureau.resources" in found


def test_a_resource_has_one_name(tmp_path: Path) -> None:
    write(tmp_path)
    put(tmp_path / "resources.yml", {"bureau": {"name": "登记局", "resources": {"record": "登记簿"}}})
    assert wrong(tmp_path) == ["schemas/resources.yml calls bureau.record 登记局 登记簿, its contract 登记局 登记"]


@pytest.mark.parametrize(
    ("file", "said", "message"),
    [
        ("systems", {"A1": {"name": "查询"}}, "A1: Value error, give libraries, platform or both"),
        (
            "systems",
            {"A1": {"name": "查询", "libraries": ["topic.nothing"]}},
            "A1: libraries.yml plans no topic.nothing",
        ),
        ("systems", {"A1": {"nam": "查询", "libraries": ["topic"]}}, "A1.nam: unknown key; allowed here"),
        (
            "libraries",
            {"clean": {"register": "登记"}},
            "clean: unknown key; allowed here: base, office, special, topic",
        ),
        ("resources", {"bureau": {"name": "登记局"}}, "bureau.resources: Field required"),
    ],
)
def test_a_plan_that_cannot_be_read_is_refused_by_file_and_key(
    tmp_path: Path, file: str, said: dict[str, Any], message: str
) -> None:
    put(write(tmp_path) / f"{file}.yml", said)
    with pytest.raises(ContractError) as refused:
        load_plan(tmp_path)
    assert f"{file}.yml" in str(refused.value)
    assert message in str(refused.value)


def test_a_plan_that_is_not_there_is_named(tmp_path: Path) -> None:
    (write(tmp_path) / "systems.yml").unlink()
    with pytest.raises(ContractError, match=r"systems\.yml is missing"):
        load_plan(tmp_path)


def test_an_element_in_two_files_is_refused_with_both_named(tmp_path: Path) -> None:
    put(write(tmp_path) / "elements/person.yml", {"sex_code": {"label": "性别", "grade": "L3"}})
    with pytest.raises(
        ContractError, match=r"elements/person\.yml: element 'sex_code' stands in .*elements/bureau\.yml too"
    ):
        load_catalog(tmp_path)


def test_a_wrong_element_is_named(tmp_path: Path) -> None:
    put(write(tmp_path) / "elements/person.yml", {"name": {"label": "姓名"}})
    with pytest.raises(ContractError, match=r"elements/person\.yml:\n  name\.grade: Field required"):
        load_catalog(tmp_path)


def test_a_key_said_twice_in_one_file_is_refused_with_both_lines(tmp_path: Path) -> None:
    path = write(tmp_path) / "elements/person.yml"
    path.write_text(
        "name: {label: 姓名, grade: L3}\nphone: {label: 电话, grade: L3}\nname: {label: 名, grade: L3}\n", "utf-8"
    )
    with pytest.raises(ContractError, match=r"elements/person\.yml: 'name' stands in line 1 and in line 3"):
        load_catalog(tmp_path)
