"""What a lake holds is its owner's only, and services are not root's."""

import dataclasses
import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from citylake.cli import app
from citylake.lake import Lake, open_lake
from citylake.services.checks import examine
from citylake.services.closed import close, close_when_open, open_to_others
from citylake.services.lake import prepare_ledger, up
from citylake.settings import Settings
from citylake.sources.limits import Limits
from citylake.supervisor import Service, ServiceError, find, start, stop

NOBODY = 65534


@pytest.fixture(autouse=True)
def others_may_read_by_default() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_service_makes_files_for_its_owner_only_whatever_the_command_was_told(settings: Settings) -> None:
    made = settings.home / "made"
    program = "import pathlib, sys, time; path = pathlib.Path(sys.argv[1]); path.mkdir(); (path / 'f').touch(); time.sleep(60)"
    command = [sys.executable, "-c", program, str(made)]
    start(settings, Service("maker", command, 0, (made / "f").exists, dict(os.environ)))
    try:
        assert {stat.S_IMODE(path.stat().st_mode) for path in (made, made / "f")} == {0o700, 0o600}
        assert [path for path in open_to_others(settings) if path != settings.home.resolve()] == []
    finally:
        stop(settings, "maker")


def test_a_command_makes_files_for_its_owner_only(own_lake: Lake) -> None:
    (own_lake.settings.home / "compiled.json").unlink(missing_ok=True)
    done = CliRunner().invoke(app, ["compile"])
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE((own_lake.settings.home / "compiled.json").stat().st_mode) == 0o600


def test_the_parser_writes_for_its_owner_only() -> None:
    program = (
        "import json, os, sys; from citylake.sources.limits import Limits\n"
        "from citylake.sources.parse_process import restrain\n"
        "restrain(Limits(**json.loads(sys.argv[1]))); print(oct(os.umask(0)))"
    )
    command = [sys.executable, "-c", program, json.dumps(dataclasses.asdict(Limits()))]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "0o77\n"


def test_an_open_home_of_before_is_found_by_the_doctor_and_closed(settings: Settings) -> None:
    open_lake(settings).ledger.dispose()
    dropped = settings.inbox / "civil_affairs" / "delivered.csv"
    restricted = settings.home / "lake" / "base" / "population__identity" / "part.parquet"
    for path in (dropped, restricted):
        path.parent.mkdir(parents=True)
        path.write_text("x", "utf-8")
    settings.home.chmod(0o755)
    link = settings.home / "link"
    link.symlink_to("/etc/hostname")
    finding = next(one for one in examine(settings) if one.check == "files")
    assert (finding.fine, "citylake doctor --close" in finding.remedy) == (False, True)
    opened = set(open_to_others(settings))
    assert {settings.home.resolve(), restricted.resolve(), restricted.parent.resolve()} <= opened
    assert dropped.resolve() not in opened
    assert close(settings) == len(opened)
    assert stat.S_IMODE(restricted.stat().st_mode) == 0o600
    assert stat.S_IMODE(restricted.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(Path("/etc/hostname").stat().st_mode) & 0o044
    assert next(one for one in examine(settings) if one.check == "files").fine
    assert list(open_to_others(settings)) == []


def test_starting_the_services_closes_a_home_of_before_and_looks_no_further_into_a_closed_one(
    settings: Settings, tmp_path: Path
) -> None:
    outside = tmp_path / "elsewhere"
    told = settings.model_copy(update={"lake": outside.as_uri()})
    for folder in (told.home, outside):
        (folder / "deep").mkdir(parents=True)
    close_when_open(told)
    assert list(open_to_others(told)) == []
    (told.home / "deep").chmod(0o755)
    close_when_open(told)
    assert list(open_to_others(told)) == [told.home.resolve() / "deep"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_of_the_machine_reads_nothing(settings: Settings) -> None:
    def read_by_nobody(path: Path) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(["cat", path], user=NOBODY, group=NOBODY, capture_output=True, check=False)

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        lake = open_lake(settings.model_copy(update={"home": Path(folder) / "home"}))
        assert lake.record_key
        lake.ledger.dispose()
        (Path(folder) / "beside").write_text("open")
        assert read_by_nobody(Path(folder) / "beside").stdout == b"open"
        for name in ("ledger.db", "secrets/record.key"):
            said = read_by_nobody(Path(folder) / "home" / name)
            assert (said.returncode, said.stdout) == (1, b"")
            assert b"Permission denied" in said.stderr


def test_root_starts_no_services_unless_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    careful = settings.model_copy(update={"allow_root": False})
    for attempt in (up, prepare_ledger, lambda one: start(one, Service("any", ["true"], 0, lambda: True, {}))):
        with pytest.raises(ServiceError, match="CITYLAKE_ALLOW_ROOT=1"):
            attempt(careful)
    assert find(careful, "any") is None
    assert not next(one for one in examine(careful) if one.check == "user").fine
    assert next(one for one in examine(settings.model_copy(update={"allow_root": True})) if one.check == "user").fine
