"""Code and contracts that a long-lived process has read for its forks: whether they still are what is on disk."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

PACKAGES = frozenset({"citylake", "citylake_airflow"})
"""The project's own packages: what they hold in memory follows from files that may change."""
_seen: dict[Path, int] = {}


def remember(contracts: Path) -> None:
    """Keep in mind the project's modules that are loaded, and the contracts.

    Args:
        contracts: their folder, or the one file made of them; folders count as well, so that a new file is noticed.
    """
    _seen.update(_stamps([*_code(), contracts, *(path for path in contracts.rglob("*") if _counts(path))]))


def forget_if_changed() -> bool:
    """Drop the project's modules, and with them the contracts they have read, when a remembered file has changed.

    Returns:
        Whether they were dropped; whoever imports one now reads it anew.
    """
    if changed := _changed(_seen):
        for name in _own():
            del sys.modules[name]
    return changed


def _changed(seen: Mapping[Path, int]) -> bool:
    return _stamps(seen) != seen


def _stamps(paths: Iterable[Path]) -> dict[Path, int]:
    """Return when each file was last changed, in nanoseconds; 0 when it is gone."""
    found = {}
    for path in paths:
        try:
            found[path] = path.stat().st_mtime_ns
        except FileNotFoundError:
            found[path] = 0
    return found


def _own() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] in PACKAGES]


def _code() -> list[Path]:
    return [Path(file) for name in _own() if (file := getattr(sys.modules[name], "__file__", None))]


def _counts(path: Path) -> bool:
    return path.suffix in (".yml", ".csv") or (path.is_dir() and path.name != "__pycache__")
