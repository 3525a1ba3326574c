"""Drop folders: ``inbox/<department>/`` and the files in it."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from citylake.contract.catalog import Catalog
from citylake.contract.department import Department
from citylake.contract.model import CollectedContract
from citylake.settings import Settings
from citylake.sources.errors import DeliveryError, shown
from citylake.sources.limits import GIB, Limits
from citylake.sources.offer import Fetched, Offer, Rejected, as_of
from citylake.sources.staging import copy_and_hash, staging

QUIET_SECONDS = 2.0
"""A file that was touched less long ago may still be growing."""
PATIENCE_SECONDS = 30.0
"""How long a growing file is waited for; then it stays for the next night."""


@dataclass(frozen=True)
class Seen:
    """A directory entry at one moment."""

    name: str
    mode: int
    inode: int
    size: int
    modified_ns: int

    @property
    def regular(self) -> bool:
        """A plain file: no link, folder, pipe or device."""
        return stat.S_ISREG(self.mode)


def fetch_files(
    contract: CollectedContract, settings: Settings, department: Department, business_date: date, limits: Limits
) -> Iterator[Offer]:
    """Yield the files of one resource, by as-of, then name; see :func:`citylake.sources.fetch.fetch`."""
    folder = drop_folder(settings, department.id)
    matching = [entry for entry in _entries(folder) if _claims(contract, entry.name)]
    if not matching:
        return
    quiet = _quiet(folder, matching)
    days: dict[str, date | None | DeliveryError] = {}
    for entry in quiet:
        try:
            days[entry.name] = as_of(contract.source.as_of, entry.name, business_date)
        except DeliveryError as error:
            days[entry.name] = error
    with staging(settings) as stage:
        for number, entry in enumerate(sorted(quiet, key=lambda item: _order(days[item.name], item.name))):
            offer = _taken(folder, entry, days[entry.name], stage / str(number), limits)
            if offer is not None:
                yield offer
            (stage / str(number)).unlink(missing_ok=True)


def unclaimed(catalog: Catalog, settings: Settings, department: str) -> list[str]:
    """Return the names in a department's drop folder that no contract's pattern takes, fit for a report."""
    try:
        folder = drop_folder(settings, department)
    except DeliveryError:
        return []
    contracts = [item for item in catalog.of_department(department) if item.source.files]
    return [shown(entry.name) for entry in _entries(folder) if not any(_claims(item, entry.name) for item in contracts)]


def drop_folder(settings: Settings, department: str) -> Path:
    """Return a department's drop folder, which need not exist.

    Raises:
        DeliveryError: ``folder``: it leads out of the inbox.
    """
    inbox = settings.inbox.resolve()
    folder = settings.inbox / department
    if folder.resolve().parent != inbox:
        raise DeliveryError(
            "folder", f"单位“{department}”的报送目录指向收件箱之外，不予读取。请由平台管理员改为真实目录。"
        )
    return folder


def _entries(folder: Path) -> list[Seen]:
    """All names but hidden and unfinished ones, sorted."""
    if not folder.is_dir():
        return []
    names = sorted(entry.name for entry in folder.iterdir())
    return [seen for name in names if not _unfinished(name) and (seen := _look(folder, name)) is not None]


def _unfinished(name: str) -> bool:
    return name.startswith((".", "~$")) or name.lower().endswith((".part", ".tmp"))


def _claims(contract: CollectedContract, name: str) -> bool:
    pattern = contract.source.files
    return pattern is not None and (fnmatchcase(name, pattern) or fnmatchcase(name.removesuffix(".gz"), pattern))


def _look(folder: Path, name: str) -> Seen | None:
    try:
        found = (folder / name).lstat()
    except FileNotFoundError:
        return None
    return Seen(name, found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns)


def _quiet(folder: Path, entries: list[Seen]) -> list[Seen]:
    """Wait for files that may still be growing; leave out those that do not come to rest."""
    done = [entry for entry in entries if not _fresh(entry)]
    waiting = [entry for entry in entries if _fresh(entry)]
    until = time.monotonic() + PATIENCE_SECONDS
    while waiting and time.monotonic() < until:
        time.sleep(QUIET_SECONDS)
        now = {entry.name: _look(folder, entry.name) for entry in waiting}
        done += [entry for entry in waiting if now[entry.name] == entry]
        waiting = [later for entry in waiting if (later := now[entry.name]) is not None and later != entry]
    return done


def _fresh(entry: Seen) -> bool:
    return entry.regular and time.time() - entry.modified_ns / 1e9 < QUIET_SECONDS


def _order(day: date | None | DeliveryError, name: str) -> tuple[date, str]:
    return (day if isinstance(day, date) else date.min, name)


def _taken(folder: Path, entry: Seen, day: date | None | DeliveryError, target: Path, limits: Limits) -> Offer | None:
    """Copy one file to the stage; None when it changed meanwhile and has to wait for the next time."""
    name, release = shown(entry.name), _release(folder, entry, target)
    if not entry.regular:
        kind = "链接" if stat.S_ISLNK(entry.mode) else "目录或特殊文件"
        message = f"“{name}”是{kind}而不是普通文件，不予读取。请直接放入文件本身。"
        return Rejected(name, DeliveryError("not_a_file", message), release=release)
    if entry.size > limits.file_bytes:
        message = (
            f"文件“{name}”有 {entry.size / GIB:.1f} GiB，超过上限 {limits.file_bytes / GIB:.1f} GiB。请拆分后重新报送。"
        )
        return Rejected(name, DeliveryError("too_large", message), size=entry.size, release=release)
    try:
        # O_NOFOLLOW: the name may have become a link since it was looked at.
        descriptor = os.open(folder / entry.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"文件“{name}”无法打开（{error.strerror}）。请检查文件权限后重新报送。"
        return Rejected(name, DeliveryError("unreadable", message))
    with os.fdopen(descriptor, "rb") as source:
        sha256, size = copy_and_hash(source, target)
    if _look(folder, entry.name) != entry:
        return None
    if isinstance(day, DeliveryError):
        return Rejected(name, day, target, sha256, size, release)
    return Fetched(target, name, day, sha256, size, release=release)


def _release(folder: Path, entry: Seen, target: Path) -> Callable[[], None]:
    def release() -> None:
        """Take the file out of the inbox, unless another one came under its name."""
        target.unlink(missing_ok=True)
        if _look(folder, entry.name) == entry and not stat.S_ISDIR(entry.mode):
            (folder / entry.name).unlink()

    return release
