"""What is installed is one name, wants what it imports, and says what to do where the project's files are not."""

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from citylake.services import checks
from citylake.settings import PROJECT_ROOT, Settings

OUTSIDE = "import sys; sys.path.insert(0, {wheel!r}); "
CALL = "from citylake.cli import app; app()"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("wheel")
    build = [
        str(Path(sys.executable).with_name("uv")),
        "build",
        "--quiet",
        "--offline",
        "--wheel",
        "--no-build-isolation",
    ]
    subprocess.run([*build, "--python", sys.executable, "--out-dir", str(made), str(PROJECT_ROOT)], check=True)
    with zipfile.ZipFile(next(made.glob("*.whl"))) as packed:
        packed.extractall(made / "unpacked")
    return made / "unpacked"


def called(wheel: Path, where: Path, code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run code with the wheel's package, outside the checkout, knowing nothing of it."""
    known = {
        name: value for name, value in os.environ.items() if not name.startswith(("CITYLAKE_", "AIRFLOW_", "PYTHON"))
    }
    command = [sys.executable, "-I", "-c", OUTSIDE.format(wheel=str(wheel)) + code, *arguments]
    return subprocess.run(command, cwd=where, env=known, capture_output=True, text=True, timeout=120, check=False)


def test_one_name_is_installed(wheel: Path) -> None:
    names = {path.name for path in wheel.iterdir()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"citylake"}
    assert not list(wheel.rglob("*.yml")) + list(wheel.rglob("*.sql"))


def test_the_commands_are_there_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    done = called(wheel, tmp_path, CALL, "--help")
    assert done.returncode == 0
    assert "doctor" in done.stdout


def test_doctor_says_that_the_contracts_are_elsewhere(wheel: Path, tmp_path: Path) -> None:
    done = called(wheel, tmp_path, CALL, "doctor")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "CITYLAKE_PROJECT" in done.stdout
    assert "none is pinned here" in done.stdout


def test_connecting_says_where_a_lake_was_looked_for(wheel: Path, tmp_path: Path) -> None:
    done = called(wheel, tmp_path, "import citylake; print(citylake.__file__, flush=True); citylake.connect()")
    assert done.stdout.startswith(str(wheel))
    assert "NotPublishedError" in done.stderr
    assert f"no night is published in {tmp_path / '.citylake'}" in done.stderr


def test_what_is_installed_asks_for_the_packages_it_cannot_do_without(wheel: Path) -> None:
    (installed,) = distributions(name="citylake", path=[str(wheel)])
    wanted = {Requirement(said).name for said in installed.requires or ()}
    assert {"apache-airflow", "pyspark-client", "delta-spark", "sqlalchemy", "great-expectations"} <= wanted


@pytest.mark.parametrize(("project", "is_told"), [(PROJECT_ROOT, True), (None, False)])
def test_every_pinned_package_must_be_there_where_the_list_was_installed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Path | None, is_told: bool
) -> None:
    installed = checks._installed
    monkeypatch.setattr(checks, "_installed", lambda name: "" if name == "trove-classifiers" else installed(name))
    if project is None:
        project = tmp_path
        (project / "requirements").mkdir()
        shutil.copy(PROJECT_ROOT / "requirements/product.txt", project / "requirements")
    found = [one for one in checks.examine(settings.model_copy(update={"project": project})) if one.check == "packages"]
    assert any("trove-classifiers is missing" in one.found for one in found) == is_told
