"""Which run of this machine it is: it tells a process from one that had its number before the machine was started again."""

import socket
import uuid
from functools import lru_cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_UPTIME = Path("/proc/stat")


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Return what identifies this boot of the host.

    Where the kernel offers no boot id it is made from host and boot time; where that is unknown too, from
    the host alone, and a restart is then noticed only by process ids that no longer exist.
    """
    if _BOOT_ID.exists():
        return _BOOT_ID.read_text("ascii").strip()
    booted = ""
    if _UPTIME.exists():
        booted = next((line for line in _UPTIME.read_text("ascii").splitlines() if line.startswith("btime")), "")
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{socket.gethostname()} {booted}"))
