"""Rules of the house that no linter knows."""

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from citylake.services.lock_file import pinned_versions
from citylake.settings import PROJECT_ROOT

REQUIREMENTS = PROJECT_ROOT / "requirements"
LONGEST = 400
VAGUE = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
# Written in pieces, so that this file does not break its own rule.
HOSTS = re.compile(
    "|".join(re.escape(f"{a}.{b}") for a, b in (("maven", "org"), ("pypi", "org"), ("pythonhosted", "org")))
)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
TAKEN_APART = re.compile(r"""(?<!r)["']__["']""")
RESPELT = re.compile(rf"""{TAKEN_APART.pattern}|\}}__|(?<![A-Z])__\{{|["'](?:clean|linked|raw|quarantine)\.\{{""")
"""What turns ``department.resource`` into ``department__resource`` or back."""
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:work/(?:main|shared)|root|home/[a-z]\w*|Users/\w+)/")


@cache
def files() -> tuple[Path, ...]:
    """Return the files of the project: those git knows, and those it would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout
    paths = (PROJECT_ROOT / name for name in listed.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(PROJECT_ROOT)) for path in paths]


def modules() -> list[Path]:
    return [path for path in files() if path.suffix == ".py"]


def text(path: Path) -> str:
    return path.read_text("utf-8", errors="replace")


def test_the_project_has_modules_to_look_at() -> None:
    assert PROJECT_ROOT / "citylake" / "settings.py" in modules()


def test_no_module_is_longer_than_400_lines() -> None:
    assert [f"{path.name}: {count}" for path in modules() if (count := len(text(path).splitlines())) > LONGEST] == []


def test_no_pattern_of_spark_ends_where_a_last_line_break_may_follow() -> None:
    """Java's ``$`` lets one pass: ``standards.signs.whole`` asks for the whole value."""
    ending = re.compile(r"""rlike\([^\n]*\$["']""")
    asked = [path for path in modules() if PROJECT_ROOT / "citylake" in path.parents and "rlike(" in text(path)]
    assert asked
    assert names([path for path in asked if ending.search(text(path))]) == []


def test_no_pattern_of_python_ends_where_a_last_line_break_may_follow() -> None:
    """Its ``$`` lets one pass too: ``fullmatch`` asks for the whole, ``\\Z`` for the end; lines are asked for by name."""
    asking = {"compile", "match", "search", "fullmatch", "sub", "split", "findall", "finditer", "regexp_match"}
    found = []
    for path in modules():
        if not {PROJECT_ROOT / "citylake", PROJECT_ROOT / "plugins"}.isdisjoint(path.parents):
            for call in (node for node in ast.walk(ast.parse(text(path))) if isinstance(node, ast.Call) and node.args):
                name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
                parts = call.args[0].values if isinstance(call.args[0], ast.JoinedStr) else [call.args[0]]
                last = parts[-1].value if parts and isinstance(parts[-1], ast.Constant) else ""
                ends = re.search(
                    r"(?<!\\)\$\)*\Z",
                    last if isinstance(last, str) else last.decode("latin-1") if isinstance(last, bytes) else "",
                )
                if name in asking and ends and "MULTILINE" not in ast.unparse(call):
                    found.append(f"{path.name}:{call.lineno}")
    assert found == []


def test_no_module_or_package_has_a_name_that_says_nothing() -> None:
    assert names([path for path in modules() if VAGUE & {path.stem, path.parent.name}]) == []


def test_no_file_names_a_package_registry() -> None:
    assert names([path for path in files() if HOSTS.search(text(path))]) == []


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    assert names([path for path in files() if MACHINE_PATHS.search(text(path))]) == []


@pytest.mark.parametrize("name", ["product", "test"])
def test_every_pinned_package_has_a_hash_and_no_address(name: str) -> None:
    lines = text(REQUIREMENTS / f"{name}.txt").splitlines()
    starts = [number for number, line in enumerate(lines) if line and not line.startswith((" ", "#"))]
    assert starts
    assert [lines[number] for number in starts if "==" not in lines[number]] == []
    assert [lines[number] for number in starts if "--hash=sha256:" not in lines[number + 1]] == []


def test_what_installs_the_packages_is_itself_the_pinned_one() -> None:
    recipe = text(PROJECT_ROOT / "Makefile").partition("$(BIN)/uv:\n")[2].partition("\n\n")[0].replace("$$", "$")
    assert "install" in recipe
    assert "--require-hashes --no-deps -r /dev/stdin" in recipe
    printing = re.search(r"awk .*(?= \\$)", recipe, re.MULTILINE)
    assert printing is not None
    said = subprocess.run(["bash", "-c", printing[0]], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    first, *hashes = said.stdout.replace("\\\n", "\n").splitlines()
    assert first.strip() == f"uv=={pinned_versions(REQUIREMENTS / 'product.txt')['uv']}"
    assert hashes
    assert all(line.strip().startswith("--hash=sha256:") for line in hashes)


def test_the_test_tools_come_on_top_of_the_very_packages_of_the_product() -> None:
    product, tests = (pinned_versions(REQUIREMENTS / f"{name}.txt") for name in ("product", "test"))
    assert product.items() <= tests.items()
    assert {"pytest", "mypy", "ruff"} <= tests.keys() - product.keys()


def test_the_two_distributions_of_pyspark_are_one_version() -> None:
    pinned = pinned_versions(REQUIREMENTS / "product.txt")
    assert pinned["pyspark"] == pinned["pyspark-client"]


def test_make_explains_every_target_with_a_sentence() -> None:
    targets = re.findall(r"^([a-z][a-z-]*):(?!=)(.*)$", text(PROJECT_ROOT / "Makefile"), re.MULTILINE)
    assert {"help", "install", "night", "test", "stop"} <= {name for name, _ in targets}
    assert [name for name, rest in targets if not re.search(r" ## [A-Z].*\.$", rest)] == []


def test_the_script_of_ci_is_make_test() -> None:
    script = PROJECT_ROOT / ".ci" / "run"
    orders = [line for line in text(script).splitlines() if line and not line.startswith(("#", "set ", "cd "))]
    assert orders == ["make test"]


def linked(page: Path) -> list[tuple[Path, str]]:
    """Return the file and the heading that each link of a page leads to."""
    return [((page.parent / (path or page.name)).resolve(), heading) for path, heading in LINK.findall(text(page))]


def headings(page: Path) -> set[str]:
    found = re.findall(r"^#+ (.+)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_every_link_of_a_page_leads_somewhere() -> None:
    pages = [path for path in files() if path.suffix == ".md"]
    links = [(page, *link) for page in pages for link in linked(page)]
    assert len(links) > 40
    assert [f"{page.name}: {path.name}" for page, path, _ in links if not path.exists()] == []
    assert [f"{page.name}: #{to}" for page, path, to in links if to and to not in headings(path)] == []


def test_both_first_pages_are_short_and_lead_to_the_same_pages() -> None:
    english, chinese = PROJECT_ROOT / "README.md", PROJECT_ROOT / "README.zh.md"
    assert all(len(text(page).splitlines()) <= 120 for page in (english, chinese))
    of_roles = {
        PROJECT_ROOT / "docs" / f"{role}.md" for role in ("platform", "department", "analyst", "auditor", "adding")
    }
    for page in (english, chinese):
        assert of_roles <= {path for path, _ in linked(page)}


@pytest.mark.parametrize(
    "line",
    [
        'name.replace("__", ".")',
        "table.split('__', 1)",
        'f"{domain}__{thing}"',
        'f"base.{library}__crosswalk"',
        'f"clean.{resource}"',
        "substring_index(source, '__', 1)",
    ],
)
def test_another_way_from_one_spelling_to_the_other_is_found(line: str) -> None:
    assert RESPELT.search(line)


def test_one_module_turns_the_name_of_a_resource_into_that_of_a_table_and_back() -> None:
    """The ids of Airflow's runs are spelt by Airflow. A test may fill in a part of a table's name, and not take one apart."""
    own = ("citylake/spelling.py", "citylake/services/airflow_rest.py")
    asked = [path for path in modules() if PROJECT_ROOT / "tests" not in path.parents]
    assert names([path for path in asked if RESPELT.search(text(path))]) == sorted(own)
    asked = [path for path in modules() if PROJECT_ROOT / "tests" in path.parents and path != Path(__file__)]
    assert names([path for path in asked if TAKEN_APART.search(text(path))]) == []
