"""Coverage counts what holds, and the page that keeps it is current."""

from copy import deepcopy
from pathlib import Path

import pytest

from citylake.contract.catalog import SCHEMAS, load_catalog
from citylake.contract.plan import load_plan
from citylake.read.coverage import Coverage, coverage, page
from citylake.settings import PROJECT_ROOT
from tests.contract.libraries import LIBRARY, write


def covered(root: Path, *cases: str) -> Coverage:
    folder = root / "cases"
    folder.mkdir()
    for library in cases:
        (folder / f"{library}.py").write_text("", "utf-8")
    return coverage(load_catalog(root), load_plan(root), folder)


def working(found: Coverage) -> list[str]:
    return [one.id for one in found.systems if one.works]


def test_the_page_is_what_the_command_writes_today() -> None:
    found = coverage(load_catalog(), load_plan(SCHEMAS), PROJECT_ROOT / "city" / "cases")
    kept = (PROJECT_ROOT / "docs" / "coverage.md").read_text("utf-8")
    assert kept == page(found), "docs/coverage.md is old: run citylake coverage --write"


@pytest.mark.parametrize(
    ("cases", "systems"), [((), []), (("register",), ["A1"]), (("register", "population", "analysis"), ["A1", "A2"])]
)
def test_a_system_counts_only_when_all_its_libraries_are_scored(
    tmp_path: Path, cases: tuple[str, ...], systems: list[str]
) -> None:
    assert working(covered(write(tmp_path), *cases)) == systems


def test_a_system_whose_library_has_a_question_that_cannot_be_asked_does_not_count(tmp_path: Path) -> None:
    questions = deepcopy(LIBRARY["questions"])
    questions[2]["sql"] = "SELECT nothing FROM topic.register__person"
    found = covered(write(tmp_path, questions=questions), "register", "population")
    assert working(found) == []
    assert {one.id: one.answered for one in found.libraries} == {
        "base.population": True, "topic.register": False, "special.analysis": False
    }  # fmt: skip


def test_a_library_without_a_table_s_folder_is_not_built_although_its_cases_are_there(tmp_path: Path) -> None:
    found = covered(write(tmp_path), "analysis")
    assert [(one.id, one.built, one.scored) for one in found.libraries if one.id == "special.analysis"] == [
        ("special.analysis", False, True)
    ]


def test_what_asks_for_the_platform_itself_is_not_proved_by_libraries(tmp_path: Path) -> None:
    found = {one.id: one for one in covered(write(tmp_path), "population", "register").systems}
    assert (found["A3"].works, found["A4"].works) == (False, False)
    assert (found["A4"].built, found["A4"].scored, found["A4"].answered) == (True, True, True)


def test_what_is_there_is_counted_against_the_whole(tmp_path: Path) -> None:
    found = covered(write(tmp_path), "register")
    assert found.counts == {"departments": (1, 2), "resources": (1, 3), "libraries": (2, 3), "systems": (1, 5)}
    text = page(found)
    assert "| 登记局 | 登记 | 收费 |" in text
    assert "| A1 | 登记查询 | 登记主题库 | ✓ | ✓ | ✓ | ✓ |" in text
    assert "| A3 | 目录 | 平台自身 |  |  |  |  |" in text
    assert "| `topic.register` | 登记主题库 | ✓ | ✓ | 3 |" in text
