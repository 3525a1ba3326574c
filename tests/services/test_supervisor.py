"""Starting, finding and stopping processes, with real ones."""

import json
import os
import signal
import stat
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from citylake.settings import Settings
from citylake.supervisor import (
    Record,
    Service,
    ServiceError,
    answers,
    find,
    free_port,
    leftovers,
    names,
    only_one,
    start,
    stop,
    write_private,
)

LISTEN = """
import socket, subprocess, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("listening", flush=True)
time.sleep(600)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


def listener(name: str = "listener") -> Service:
    port = free_port()
    command = [sys.executable, "-c", LISTEN, str(port)]
    return Service(name, command, port, lambda: answers(port), dict(os.environ), start_seconds=30)


def test_a_service_is_found_by_later_commands_and_stopped_with_its_children(settings: Settings) -> None:
    service = listener()
    record = start(settings, service)
    try:
        assert find(settings, "listener") == record
        assert start(settings, service) == record, "a second start finds it"
        children = psutil.Process(record.pid).children()
        assert len(children) == 1
    finally:
        assert stop(settings, "listener") is True
    assert not psutil.pid_exists(record.pid)
    assert not children[0].is_running()
    assert names(settings) == []
    assert stop(settings, "listener") is False


def test_a_process_that_only_got_the_same_pid_is_never_touched(settings: Settings) -> None:
    record = start(settings, listener())
    path = settings.run / "listener.json"
    try:
        for other in (replace(record, started_at=record.started_at - 60), replace(record, boot_id="an earlier boot")):
            path.write_text(json.dumps(vars(other)), "utf-8")
            assert find(settings, "listener") is None
            assert stop(settings, "listener") is False
            assert psutil.pid_exists(record.pid)
    finally:
        path.write_text(json.dumps(vars(record)), "utf-8")
        stop(settings, "listener")


def test_a_service_that_ends_at_once_leaves_its_last_words_in_the_error(settings: Settings) -> None:
    command = [sys.executable, "-c", "raise SystemExit('the port is taken')"]
    service = Service("brief", command, 0, lambda: False, dict(os.environ), start_seconds=30)
    with pytest.raises(ServiceError, match="the port is taken"):
        start(settings, service)
    assert names(settings) == []


def test_a_service_that_does_not_become_ready_in_time_is_stopped(settings: Settings) -> None:
    service = replace(listener("slow"), healthy=lambda: False, start_seconds=1.0)
    with pytest.raises(ServiceError, match="not ready after 1 s"):
        start(settings, service)
    assert not answers(service.port)
    assert leftovers(settings) == []


def test_a_service_that_ignores_the_request_to_end_is_killed(settings: Settings) -> None:
    log = settings.logs / "stubborn.log"
    service = Service(
        "stubborn", [sys.executable, "-c", STUBBORN], 0, lambda: "up" in log.read_text(), dict(os.environ)
    )
    record = start(settings, service)
    assert stop(settings, "stubborn", grace=0.5) is True
    assert not psutil.pid_exists(record.pid)


def test_the_log_of_the_start_before_is_kept(settings: Settings) -> None:
    for _ in range(2):
        start(settings, listener())
        stop(settings, "listener")
    assert "listening" in (settings.logs / "listener.log").read_text()
    assert "listening" in (settings.logs / "listener.log.1").read_text()


def test_what_outlived_its_service_is_found(settings: Settings) -> None:
    record = start(settings, listener())
    child = psutil.Process(record.pid).children()[0]
    assert leftovers(settings) == []
    os.kill(record.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(record.pid)] if psutil.pid_exists(record.pid) else [], timeout=10)
    try:
        assert find(settings, "listener") is None
        assert leftovers(settings) == [child]
    finally:
        child.kill()


def test_an_unreadable_record_is_an_error_and_not_a_service_that_does_not_run(settings: Settings) -> None:
    settings.run.mkdir(parents=True)
    (settings.run / "spark.json").write_text("{", "utf-8")
    with pytest.raises(ServiceError, match=r"spark\.json"):
        find(settings, "spark")


def test_two_commands_do_not_start_services_at_the_same_time(settings: Settings) -> None:
    began = time.monotonic()
    with only_one(settings), pytest.raises(ServiceError, match="another command"), only_one(settings, wait_seconds=0.3):
        pass
    assert time.monotonic() - began < 5
    with only_one(settings, wait_seconds=0.3):
        pass


def test_a_secret_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "key"
    write_private(path, "one")
    write_private(path, "two")
    assert path.read_text() == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(sys.platform != "linux", reason="how psutil learns of the boot differs elsewhere")
def test_a_service_is_found_after_the_clock_was_set_back_an_hour(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = start(settings, listener())
    try:
        said = psutil.boot_time()
        monkeypatch.setattr("psutil._pslinux.boot_time", lambda: said - 3600)
        assert psutil.boot_time() == said - 3600, "the system tells the boot by the clock"
        assert find(settings, "listener") == record
    finally:
        monkeypatch.undo()
        stop(settings, "listener")


def test_a_record_holds_what_the_run_folder_promises(settings: Settings) -> None:
    record = start(settings, listener())
    try:
        written = json.loads((settings.run / "listener.json").read_text())
        assert written.keys() == {"pid", "boot_id", "started_at", "port", "command"}
        assert Record(**written) == record
    finally:
        stop(settings, "listener")
