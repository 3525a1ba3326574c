"""Which process is this, and does another one still live?"""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from citylake.boot import boot_id


@dataclass(frozen=True)
class Owner:
    """A process: host name, id of the host's boot, process id, and when the process started (in clock ticks)."""

    host: str
    boot_id: str
    pid: int
    process_started: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def this_process() -> Owner:
    """Return the owner that this process is."""
    return Owner(socket.gethostname(), boot_id(), os.getpid(), process_started(os.getpid()))


def process_started(pid: int) -> str:
    """Return when a local process started, in clock ticks since boot; empty where the system does not say.

    It tells a process from a later one that was given the same number.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""
    # The command's name stands in brackets and may hold spaces; the start time is the 20th field after it.
    fields = stat.rpartition(")")[2].split()
    return fields[19]


def is_dead(owner: Owner) -> bool:
    """Return whether a process is known to have ended: it is local, and its boot or itself is gone.

    Of a process on another host nothing is known; its lease has to expire.
    """
    if owner.host != socket.gethostname():
        return False
    if owner.boot_id != boot_id():
        return True
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    if _is_zombie(owner.pid):
        return True
    return bool(owner.process_started) and process_started(owner.pid) != owner.process_started


def _is_zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return stat.rpartition(")")[2].split()[0] in ("Z", "X")
