"""What a piece of work cost: CPU, wall, memory, bytes and Spark jobs, of this process, its children and the server."""

import json
import os
import resource
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from subprocess import Popen
from urllib.request import ProxyHandler, build_opener

import psutil

_SETTLED = 0.4
"""Spark tells its pages about a job a moment after it ended."""
_SAMPLE = 0.2
MB = 1_000_000


@dataclass
class Cost:
    """One measurement.

    Attributes:
        client_cpu: CPU seconds (user and system) of the working process and its ended children.
        server_cpu: CPU seconds of the Spark server, 0 where there is none.
        wall: seconds.
        peak_bytes: resident memory at most; client and server added up, each at its own peak.
        jobs: Spark jobs; None where nobody counts them.
        bytes_written: sizes of new or changed files in the folders that were watched.
        io_bytes: everything the processes handed to the disk, scratch and shuffles included.
    """

    client_cpu: float = 0.0
    server_cpu: float = 0.0
    wall: float = 0.0
    peak_bytes: int = 0
    jobs: int | None = None
    bytes_written: int = 0
    io_bytes: int = 0
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def cpu(self) -> float:
        """CPU seconds of the whole tree."""
        return self.client_cpu + self.server_cpu

    def as_json(self) -> dict[str, object]:
        """Return all figures, rounded."""
        said = {key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(self).items()}
        return {"cpu": round(self.cpu, 3), **said}

    def plus(self, other: "Cost") -> "Cost":
        """Return the sum of two pieces of work done one after the other."""
        jobs = None if self.jobs is None or other.jobs is None else self.jobs + other.jobs
        return Cost(
            self.client_cpu + other.client_cpu,
            self.server_cpu + other.server_cpu,
            self.wall + other.wall,
            max(self.peak_bytes, other.peak_bytes),
            jobs,
            self.bytes_written + other.bytes_written,
            self.io_bytes + other.io_bytes,
            {**self.facts, **other.facts},
        )


@dataclass(frozen=True)
class Server:
    """A Spark server that runs beside the working process."""

    pid: int
    remote: str
    """Its address for clients."""
    ui_port: int | None = None

    def cpu(self) -> float:
        """CPU seconds since it began."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    def newest_job(self) -> int:
        """Return the number of its newest Spark job, -1 before the first."""
        base = f"http://127.0.0.1:{self.ui_port}/api/v1/applications"
        application = _asked(base)[0]["id"]
        return max((int(str(job["jobId"])) for job in _asked(f"{base}/{application}/jobs")), default=-1)


def _asked(url: str) -> list[dict[str, object]]:
    # No proxy of the surroundings is asked for a page of this machine.
    with build_opener(ProxyHandler({})).open(url, timeout=30) as answer:
        said: list[dict[str, object]] = json.load(answer)
        return said


@contextmanager
def measured(server: Server | None, folders: Sequence[Path] = ()) -> Iterator[Cost]:
    """Measure a block of this very process; the cost is filled in when the block ends."""
    cost = Cost()
    before = files_below(folders)
    jobs = _newest(server)
    _reset_peak(os.getpid())
    written = _written(os.getpid()) + (_written(server.pid) if server else 0)
    if server:
        _reset_peak(server.pid)
    server_cpu, client_cpu, began = server.cpu() if server else 0.0, own_cpu(), time.perf_counter()
    yield cost
    cost.wall = time.perf_counter() - began
    cost.client_cpu = own_cpu() - client_cpu
    cost.server_cpu = (server.cpu() - server_cpu) if server else 0.0
    cost.peak_bytes = _peak(os.getpid()) + (_peak(server.pid) if server else 0)
    cost.io_bytes = _written(os.getpid()) + (_written(server.pid) if server else 0) - written
    cost.bytes_written = grown(before, files_below(folders))
    if server and server.ui_port:
        time.sleep(_SETTLED)
        cost.jobs = server.newest_job() - jobs


def measured_process(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    log: Path,
    folders: Sequence[Path] = (),
    server: Server | None = None,
) -> Cost:
    """Run a command to its end and measure its whole process tree and, if given, a server beside it.

    Raises:
        RuntimeError: it failed; its last words are in the message.
    """
    before = files_below(folders)
    jobs = _newest(server)
    server_cpu = server.cpu() if server else 0.0
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost, began = Cost(), time.perf_counter()
    with log.open("wb") as output:
        process = Popen(command, cwd=cwd, env=dict(environment), stdout=output, stderr=output)
        watch = _Watch(process.pid, server.pid if server else None)
        watch.start()
        status = process.wait()
    cost.wall = time.perf_counter() - began
    watch.end()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost.client_cpu = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    cost.server_cpu = server.cpu() - server_cpu if server else 0.0
    cost.peak_bytes, cost.io_bytes = watch.peak, watch.written
    cost.bytes_written = grown(before, files_below(folders))
    if status != 0:
        raise RuntimeError(f"{' '.join(command[:3])} … ended with {status}:\n{_tail(log)}")
    if server and server.ui_port:
        time.sleep(_SETTLED)
        cost.jobs = server.newest_job() - jobs
    return cost


class _Watch(threading.Thread):
    """Looks at a process tree from outside, so that looking costs the tree nothing."""

    def __init__(self, pid: int, beside: int | None) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self.written = 0
        self._roots = [pid] if beside is None else [pid, beside]
        self._seen: dict[int, int] = {}
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(_SAMPLE):
            total = 0
            for process in self._tree():
                with suppress(psutil.Error):
                    total += process.memory_info().rss
                    self._seen[process.pid] = process.io_counters().write_bytes
            self.peak = max(self.peak, total)
            self.written = sum(self._seen.values())

    def _tree(self) -> Iterator[psutil.Process]:
        for root in self._roots:
            with suppress(psutil.Error):
                parent = psutil.Process(root)
                yield parent
                yield from parent.children(recursive=True)

    def end(self) -> None:
        self._over.set()
        self.join()


def own_cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def files_below(folders: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """Return every file below the folders with its size and the moment it was last written."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            with suppress(FileNotFoundError):
                if path.is_file():
                    seen = path.stat()
                    found[path] = (seen.st_size, seen.st_mtime_ns)
    return found


def grown(before: Mapping[Path, tuple[int, int]], after: Mapping[Path, tuple[int, int]]) -> int:
    """Return the bytes of files that are new or were written again."""
    return sum(seen[0] for path, seen in after.items() if before.get(path) != seen)


def _newest(server: Server | None) -> int:
    return server.newest_job() if server and server.ui_port else -1


def _reset_peak(pid: int) -> None:
    with suppress(PermissionError):
        Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")


def _peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _written(pid: int) -> int:
    with suppress(psutil.Error):
        return int(psutil.Process(pid).io_counters().write_bytes)
    return 0


def _tail(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-25:])
