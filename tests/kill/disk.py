"""A disk that is full and a lake that is read-only, for as long as the first attempt runs."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ENOUGH = "512m"
_PAGE = 4096


class NoMountError(PermissionError):
    """This machine does not let the grid mount anything."""


def full(folder: str, room: int) -> Callable[[Path], Any]:
    """Return a context in which a folder of a home lies on a small disk that is all but full.

    At its end the disk grows, as it would when somebody makes room.

    Args:
        folder: its name.
        room: bytes that are left.
    """

    @contextmanager
    def around(home: Path) -> Iterator[None]:
        _onto_small_disk(home / folder, room)
        try:
            yield
        finally:
            _mount("-o", f"remount,size={_ENOUGH}", str(_disk(home / folder)))

    return around


@contextmanager
def read_only(home: Path) -> Iterator[None]:
    """Let nothing be written to the lake of a home."""
    lake = str(home / "lake")
    _mount("--bind", lake, lake)
    try:
        _mount("-o", "remount,bind,ro", lake)
        yield
    finally:
        release(home)


def release(home: Path) -> None:
    """Take off whatever is mounted in a home."""
    table = Path("/proc/self/mounts")
    mounted = [line.split()[1] for line in table.read_text("utf-8").splitlines()] if table.exists() else []
    for place in reversed(mounted):
        if place.startswith(f"{home}/"):
            subprocess.run(["umount", "--lazy", place], check=True)


def _onto_small_disk(folder: Path, room: int) -> None:
    used = sum(_PAGE * -(-item.stat().st_size // _PAGE) for item in folder.rglob("*") if item.is_file())
    disk = _disk(folder)
    disk.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={used + room}", "tmpfs", str(disk))
    shutil.copytree(folder, disk, symlinks=True, dirs_exist_ok=True)
    # Laid over the folder at once: a reader is asking all the time.
    _mount("--bind", str(disk), str(folder))


def _disk(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.disk")


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoMountError("mounting needs rights that this process does not have")
