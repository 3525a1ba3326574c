"""The code that decides values is part of what a table means; how it is written down is not."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from citylake.engine.code import CONFORMING, code_of, code_of_file
from citylake.settings import PROJECT_ROOT

GOLDEN, CROSSWALK, SUBJECT = (f"citylake.resolve.tables.{name}" for name in ("golden", "crosswalk", "subject"))
PLACES = {
    "survivorship": "citylake/resolve/survivorship.py",
    "ranking": "citylake/resolve/ranking.py",
    "links": "citylake/resolve/links.py",
    "identifiers": "citylake/standards/identifiers.py",
    "homophones": "citylake/standards/homophones.txt",
    "conform": "citylake/engine/clean/conform.py",
    "hashes": "citylake/engine/clean/hashes.py",
    "tables": "citylake/delta/tables.py",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("citylake/resolve", "citylake/engine", "citylake/standards", "citylake/delta"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    return tmp_path


def changed(root: Path, name: str, change: Callable[[str], str]) -> set[str]:
    """Return which of three tables of the resolver, and whether clean tables, mean something else after a change of a file."""
    asked = {"golden": (GOLDEN,), "crosswalk": (CROSSWALK,), "subject": (SUBJECT,), "clean": CONFORMING}
    before = {called: code_of(*modules, root=root) for called, modules in asked.items()}
    path = root / PLACES[name]
    told = path.read_text("utf-8")
    assert change(told) != told
    path.write_text(change(told), "utf-8")
    return {called for called, modules in asked.items() if code_of(*modules, root=root) != before[called]}


@pytest.mark.parametrize(
    ("name", "change", "means"),
    [
        ("ranking", lambda text: text.replace("UNRANKED = 99", "UNRANKED = 98"), {"golden"}),
        ("links", lambda text: text.replace("'several_candidates'", "'several'"), {"crosswalk"}),
        ("identifiers", lambda text: text.replace("sequence % 2 == 1", "sequence % 2 == 0"), {"golden", "subject"}),
        ("homophones", lambda text: text + "甲乙 x\n", {"golden", "subject"}),
        ("conform", lambda text: text.replace('"yyyy/M/d"', '"yyyy/MM/dd"'), {"clean"}),
        ("hashes", lambda text: text.replace("F.lit(0)", "F.lit(1)"), {"clean"}),
        ("survivorship", lambda text: f"{text}\n\n# a remark\n", set()),
        ("survivorship", lambda text: text.replace('"""Golden values:', '"""Values:'), set()),
        ("survivorship", lambda text: text.replace("    return ", "    return  "), set()),
        ("tables", lambda text: f"{text}\n\nMORE = 1\n", set()),
    ],
    ids=["ranking", "linking", "a standard", "a list of a standard", "conforming", "hashing", "comment", "docstring", "layout",
         "the engine"],
)  # fmt: skip
def test_what_code_decides_is_what_a_change_of_it_makes_anew(
    root: Path, name: str, change: Callable[[str], str], means: set[str]
) -> None:
    assert changed(root, name, change) == means


def test_a_transform_beside_its_contract_counts_with_what_it_imports(root: Path) -> None:
    path = root / "jobs" / "topic" / "x.py"
    path.parent.mkdir(parents=True)
    path.write_text("from citylake.resolve.survivorship import golden\n", "utf-8")
    before = code_of_file(path, root)
    deciding = root / PLACES["ranking"]
    deciding.write_text(deciding.read_text("utf-8").replace("UNRANKED = 99", "UNRANKED = 98"), "utf-8")
    assert code_of_file(path, root) != before


def test_asking_again_costs_next_to_nothing() -> None:
    code_of(CROSSWALK)
    began = time.perf_counter()
    for _ in range(100):
        code_of(CROSSWALK)
    assert time.perf_counter() - began < 0.5
