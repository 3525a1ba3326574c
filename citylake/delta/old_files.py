"""Which files of a table may go: those that no version which somebody needs reads any more, and that are old enough.

Delta's VACUUM alone does not know: it takes a file for an orphan as soon as the table's state has forgotten the file's removal,
which is ``deletedFileRetentionDuration`` after it, whatever RETAIN says. The log forgets nothing, so it is asked.
"""

import uuid
from base64 import b85decode
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import fsspec

from citylake.delta.log import actions, versions

_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_B85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_FROM_Z85 = str.maketrans(_Z85, _B85)
_UUID_DIGITS = 20
"""Signs in which a deletion vector's name tells its UUID; what stands before them is its folder."""


@dataclass(frozen=True)
class Needed:
    """Versions that must stay readable.

    Attributes:
        versions: each by itself.
        since: this and all later ones, with the changes between them; None if nobody asks for changes.
    """

    versions: frozenset[int]
    since: int | None = None


@dataclass(frozen=True)
class OldFile:
    """A file that nobody needs: where it lies in the table, bytes, last written (milliseconds since the epoch)."""

    path: str
    size: int
    written: int


def old_files(uri: str, needed: Needed, before: float) -> list[OldFile]:
    """Return the files that may go; none when the log is not whole.

    Args:
        uri: the table.
        needed: versions that must stay readable.
        before: milliseconds since the epoch; what was written or removed later stays.
    """
    files, root = fsspec.core.url_to_fs(uri)
    old = []
    for path, told in files.find(root, detail=True).items():
        name = str(path).removeprefix(str(root)).lstrip("/")
        written = files.modified(path).timestamp() * 1000 if _is_data(name) else before
        if written < before:
            old.append(OldFile(name, int(told["size"]), int(written)))
    if not old:
        return []
    kept = _kept(uri, needed, before)
    return [] if kept is None else [one for one in old if one.path not in kept]


def _is_data(name: str) -> bool:
    return not any(part.startswith((".", "_")) and part != "_change_data" for part in name.split("/"))


def _kept(uri: str, needed: Needed, before: float) -> set[str] | None:
    """Return the paths of files that stay, None when a commit is missing from the log."""
    present = versions(uri)
    if present != list(range(len(present))):
        return None
    lives = _Lives(sorted(needed.versions), needed.since, before)
    for version in present:
        lives.follow(version, actions(uri, version))
    return lives.kept | {path for names, _ in lives.live.values() for path in names}


@dataclass
class _Lives:
    """From which version to which every file is read, as far as the log has been followed."""

    versions: Sequence[int]
    since: int | None
    before: float
    live: dict[tuple[str, str], tuple[list[str], int]] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)

    def follow(self, version: int, said: Iterator[dict[str, Any]]) -> None:
        """Go on by one commit."""
        for action in said:
            if "add" in action:
                names = _files(action["add"])
                self.live.setdefault(_of(action["add"]), (names, version))
            elif "remove" in action:
                gone = action["remove"]
                # A removal without an addition should not be; then the file counts as there from the beginning.
                names, since = self.live.pop(_of(gone), (_files(gone), 0))
                if self._is_read(since, version) or gone.get("deletionTimestamp", self.before) >= self.before:
                    self.kept.update(names)
            elif "cdc" in action and self.since is not None and version > self.since:
                self.kept.update(_files(action["cdc"]))

    def _is_read(self, first: int, until: int) -> bool:
        """Return whether a needed version is among those from ``first`` on and before ``until``."""
        place = bisect_left(self.versions, first)
        return (place < len(self.versions) and self.versions[place] < until) or (
            self.since is not None and until > self.since
        )


def _of(action: dict[str, Any]) -> tuple[str, str]:
    vector = action.get("deletionVector") or {}
    return action["path"], f"{vector.get('pathOrInlineDv', '')}@{vector.get('offset', '')}"


def _files(action: dict[str, Any]) -> list[str]:
    """Return the file of an action and that of its deletion vector, below the table."""
    names = [unquote(action["path"])]
    vector = action.get("deletionVector")
    if vector is not None and vector["storageType"] == "u":
        told = vector["pathOrInlineDv"]
        folder, digits = told[:-_UUID_DIGITS], told[-_UUID_DIGITS:]
        name = f"deletion_vector_{uuid.UUID(bytes=b85decode(digits.translate(_FROM_Z85)))}.bin"
        names.append(f"{folder}/{name}" if folder else name)
    return names
