"""Who is written down as having decided: whom the kernel knows, not what the environment says."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from citylake.ledger.people import actor as module
from citylake.ledger.people.actor import actor
from citylake.settings import PROJECT_ROOT

OWN = pwd.getpwuid(os.getuid()).pw_name


def login(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str | None) -> None:
    path = folder / "loginuid"
    if text is not None:
        path.write_text(text, "ascii")
    monkeypatch.setattr(module, "_LOGIN", path)


def test_the_environment_cannot_say_who_decides() -> None:
    program = "from citylake.ledger.people.actor import actor; print(actor())"
    claimed = {name: "mayor" for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER")}
    said = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **claimed},
        cwd=PROJECT_ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert said.split()[-1] == OWN
    assert "mayor" not in said


@pytest.mark.parametrize("text", [None, str(2**32 - 1), str(os.getuid()), "x"])
def test_without_another_login_it_is_the_user_of_the_process(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login(monkeypatch, tmp_path, text)
    assert actor() == OWN


def test_who_became_somebody_else_is_named_with_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    login(monkeypatch, tmp_path, "4000001234")
    assert actor() == f"uid 4000001234 as {OWN}"
