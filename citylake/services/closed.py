"""Files of a lake that others than their owner may read or change, and closing them."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from citylake.settings import Settings

_OTHERS = 0o077


def open_to_others(settings: Settings) -> Iterator[Path]:
    """Yield what others than the owner may read or change, folders before what is in them.

    What departments have put into their drop folders is theirs; the folders around it are looked at.
    """
    for place in _places(settings):
        yield from _open_below(place, settings.inbox)


def close(settings: Settings) -> int:
    """Take everybody else's rights away, and return of how many files and folders.

    Raises:
        PermissionError: one of them belongs to somebody else.
    """
    count = 0
    for path in open_to_others(settings):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~_OTHERS)
        count += 1
    return count


def close_when_open(settings: Settings) -> None:
    """Close a lake whose outermost folder is open, as those of earlier versions are."""
    if any(_is_open(place) for place in _places(settings)):
        close(settings)


def _places(settings: Settings) -> list[Path]:
    """Return home, lake and landing where they lie on this machine and exist, each only once."""
    uris = [urlsplit(uri) for uri in (settings.lake_uri, settings.landing_uri)]
    local = [Path(unquote(uri.path)) for uri in uris if uri.scheme in ("", "file")]
    home = settings.home.resolve()
    outside = [path.resolve() for path in local if not path.resolve().is_relative_to(home)]
    return [path for path in dict.fromkeys([home, *outside]) if path.exists()]


def _open_below(folder: Path, inbox: Path) -> Iterator[Path]:
    if _is_open(folder):
        yield folder
    if folder.parent == inbox.resolve():
        return
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if not entry.is_symlink()]
    for entry in found:
        if entry.is_dir():
            yield from _open_below(Path(entry.path), inbox)
        elif _is_open(Path(entry.path)):
            yield Path(entry.path)


def _is_open(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS)
    except FileNotFoundError:
        return False  # gone while it was looked for
