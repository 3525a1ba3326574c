"""The processes of a running lake: started apart from the terminal, found again later, stopped by their pid.

``home/run/<service>.json`` says which process a service is. A pid alone is not enough, since pids are used again: the
record also holds the machine's boot and the moment the process began, and a process that differs in either is never
touched.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from citylake.boot import boot_id
from citylake.deployment import PRIVATE
from citylake.settings import Settings

_SAME_MOMENT = 0.05
_POLL = 0.1
# Python warns about a child it forgets while it runs; these are meant to outlive the command that started them.
_started: list["subprocess.Popen[bytes]"] = []
_PLAIN = frozenset({"PATH", "HOME", "LANG", "TMPDIR"})
HOME_VARIABLE = "CITYLAKE_SUPERVISED_HOME"
"""Marks every process started here with the home it serves, so that ``doctor`` finds what was left over."""


class ServiceError(RuntimeError):
    """A service did not start, or did not stop."""


@dataclass(frozen=True)
class Record:
    """A started process, as its file in ``home/run`` holds it.

    ``started_at`` is in seconds since the machine's boot: a clock that is set does not move it.
    """

    pid: int
    boot_id: str
    started_at: float
    port: int
    command: list[str]


@dataclass(frozen=True)
class Service:
    """What to start: a command that listens on ``port`` once ``healthy`` says so."""

    name: str
    command: list[str]
    port: int
    healthy: Callable[[], bool]
    environment: Mapping[str, str]
    start_seconds: float = 120.0
    pass_fds: tuple[int, ...] = ()


def free_port() -> int:
    """Return a TCP port of the loopback address that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Return whether this process could listen on a port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Return whether something listens on this port of the loopback address."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False


def plain_environment() -> dict[str, str]:
    """Return of this process's environment what any program needs, and nothing that might be a secret."""
    return {name: value for name, value in os.environ.items() if name in _PLAIN or name.startswith("LC_")}


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can enter, and return it."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; it appears whole or not at all."""
    private_folder(path.parent)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    fresh.replace(path)


@contextmanager
def only_one(settings: Settings, wait_seconds: float = 300.0) -> Iterator[None]:
    """Let one process at a time start or stop the services of a home.

    Raises:
        ServiceError: another one has been at it for longer than ``wait_seconds``.
    """
    path = private_folder(settings.run) / ".lock"
    path.touch(0o600)
    with path.open("w") as lock:
        if not locked(lock.fileno(), wait_seconds):
            raise ServiceError("another command is still starting or stopping the services of this lake")
        yield


def locked(descriptor: int, wait_seconds: float) -> bool:
    """Take the lock on an open file; return whether it was had within that time."""
    end = time.monotonic() + wait_seconds
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() > end:
            return False
        time.sleep(_POLL)


def find(settings: Settings, name: str) -> Record | None:
    """Return the running process of a service; ``None`` when it does not run."""
    path = _file(settings, name)
    if not path.exists():
        return None
    try:
        record = Record(**json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise ServiceError(
            f"{path.name} in the run folder cannot be read ({error}): delete it once nothing runs"
        ) from error
    return record if _process(record) is not None else None


def refuse_root(settings: Settings) -> None:
    """See to it that services are not started by root, whose every file a service that is taken over could read.

    Raises:
        ServiceError: this is root, and ``allow_root`` is not set.
    """
    if os.geteuid() == 0 and not settings.allow_root:
        raise ServiceError(
            "services are not started by root: make a user for the lake and give it the lake's home (chown -R), "
            "or set CITYLAKE_ALLOW_ROOT=1 for a trial"
        )


def names(settings: Settings) -> list[str]:
    """Return the services that have a record, whether they run or not."""
    return sorted(path.stem for path in settings.run.glob("*.json"))


def start(settings: Settings, service: Service) -> Record:
    """Start a service, or find it running, and wait until it is healthy.

    It gets a session of its own, so that Ctrl-C in a terminal does not reach it; its output goes to
    ``home/logs/<name>.log``, the one of the start before is kept beside it.

    Raises:
        ServiceError: it ended, or was not healthy in time; then it has been stopped again. Or this is root.
    """
    if running := find(settings, service.name):
        return running
    refuse_root(settings)
    log = _fresh_log(settings, service.name)
    with log.open("ab") as output:
        process = subprocess.Popen(
            service.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**service.environment, HOME_VARIABLE: str(settings.home.resolve())},
            pass_fds=service.pass_fds,
            umask=PRIVATE,
            start_new_session=True,
        )
    _started.append(process)
    try:
        began = _since_boot(psutil.Process(process.pid))
    except psutil.NoSuchProcess as gone:
        raise ServiceError(f"{service.name} ended at once; its last words:\n{_tail(log)}") from gone
    record = Record(process.pid, boot_id(), began, service.port, service.command)
    _write(_file(settings, service.name), record)
    try:
        _wait_healthy(service, process, log)
    except BaseException:
        stop(settings, service.name, grace=5.0)
        raise
    return record


def stop(settings: Settings, name: str, grace: float = 30.0) -> bool:
    """Stop a service and everything it started; return whether it was running.

    It is asked first (SIGTERM) and, after ``grace`` seconds, killed together with what is left of its process group.

    Raises:
        ServiceError: it outlived even that.
    """
    record = find(settings, name)
    process = _process(record) if record else None
    if record is not None and process is not None:
        family = _family(process)
        with suppress(psutil.NoSuchProcess):
            process.terminate()
        _, alive = psutil.wait_procs([process], timeout=grace)
        _kill_group(record.pid, family)
        _, alive = psutil.wait_procs([process, *family], timeout=10.0)
        if alive:
            raise ServiceError(f"{name} (pid {record.pid}) does not stop")
    _file(settings, name).unlink(missing_ok=True)
    return process is not None


def leftovers(settings: Settings) -> list[psutil.Process]:
    """Return processes that were started for this home and that no record accounts for."""
    known = {record.pid for name in names(settings) if (record := find(settings, name))}
    home = str(settings.home.resolve())
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(HOME_VARIABLE) != home:
                continue
            line = {process.pid, *(parent.pid for parent in process.parents())}
            if not known & line:
                found.append(process)
    return found


def _file(settings: Settings, name: str) -> Path:
    return settings.run / f"{name}.json"


def _write(path: Path, record: Record) -> None:
    write_private(path, json.dumps(asdict(record), indent=1))


def _process(record: Record) -> psutil.Process | None:
    if record.boot_id != boot_id():
        return None
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(record.pid)
        # A record of a version before this one counts from the epoch.
        known = (_since_boot(process), process.create_time())
        same = any(abs(moment - record.started_at) < _SAME_MOMENT for moment in known)
        if same and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def _since_boot(process: psutil.Process) -> float:
    # The system counts from the boot; psutil adds the moment of the boot by the clock, which may have been set since.
    return process.create_time() - psutil.boot_time()


def _family(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []


def _kill_group(group: int, family: list[psutil.Process]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    for child in family:
        with suppress(psutil.NoSuchProcess):
            child.kill()


def _wait_healthy(service: Service, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + service.start_seconds
    while not service.healthy():
        if process.poll() is not None:
            raise ServiceError(f"{service.name} ended with code {process.returncode}; its last words:\n{_tail(log)}")
        if time.monotonic() > end:
            raise ServiceError(
                f"{service.name} was not ready after {service.start_seconds:.0f} s; its last words:\n{_tail(log)}"
            )
        time.sleep(_POLL)


def _fresh_log(settings: Settings, name: str) -> Path:
    log = private_folder(settings.logs) / f"{name}.log"
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    log.touch(0o600)
    return log


def _tail(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-15:])
