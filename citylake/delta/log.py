"""Reading a table's log directly: which version is newest and which commit a run made, without asking Spark."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import fsspec

_NAME_LENGTH = 20


@dataclass(frozen=True)
class Commit:
    """One version of a table.

    Attributes:
        version: Delta version.
        metadata: what the writing run said in ``userMetadata``, empty when a foreign hand wrote it.
        bytes_written: sizes of the data files and deletion vectors it added.
    """

    version: int
    metadata: dict[str, Any]
    bytes_written: int


def newest_version(uri: str) -> int | None:
    """Return the newest version of the table at ``uri``, None when there is no table."""
    return max(versions(uri), default=None)


def versions(uri: str) -> list[int]:
    """Return the versions of the table at ``uri`` whose commits the log still holds, oldest first."""
    files, folder = fsspec.core.url_to_fs(f"{uri}/_delta_log")
    if not files.exists(folder):
        return []
    names = (str(path).rsplit("/", 1)[-1] for path in files.ls(folder, detail=False, refresh=True))
    return sorted(
        int(name[:_NAME_LENGTH]) for name in names if name.endswith(".json") and name[:_NAME_LENGTH].isdigit()
    )


def actions(uri: str, version: int) -> Iterator[dict[str, Any]]:
    """Yield the actions of one commit of the table at ``uri``."""
    files, folder = fsspec.core.url_to_fs(f"{uri}/_delta_log")
    with files.open(f"{folder}/{version:020d}.json", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def said(uri: str, version: int) -> dict[str, Any]:
    """Return what a commit says of itself (``commitInfo``), nothing when its log file is gone."""
    try:
        return next((dict(one["commitInfo"]) for one in actions(uri, version) if "commitInfo" in one), {})
    except FileNotFoundError:
        return {}


def commit(uri: str, version: int) -> Commit:
    """Read one commit of the table at ``uri``."""
    metadata: dict[str, Any] = {}
    written = 0
    for action in actions(uri, version):
        if "commitInfo" in action:
            metadata = _user_metadata(action["commitInfo"].get("userMetadata"))
        elif "add" in action:
            vector = action["add"].get("deletionVector")
            written += vector["sizeInBytes"] if vector else action["add"]["size"]
    return Commit(version, metadata, written)


def find_commit(uri: str, run_id: int, step: int, *, after: int) -> Commit | None:
    """Return the commit that run ``run_id`` made as its ``step``, looking at versions newer than ``after``.

    Args:
        uri: the table.
        run_id: number of the run in the ledger.
        step: 1 for the run's first commit.
        after: newest version before the run began, -1 for a table that did not exist.
    """
    newest = newest_version(uri)
    for version in range(newest if newest is not None else -1, after, -1):
        found = commit(uri, version)
        if found.metadata.get("run") == run_id and found.metadata.get("step") == step:
            return found
    return None


def _user_metadata(text: str | None) -> dict[str, Any]:
    try:
        said = json.loads(text) if text else {}
    except json.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def has_plain_feed(uri: str, since: int, until: int) -> bool:
    """Return whether Delta's Rust library reads the change feed after a version up to another as Spark does.

    It does not pass a change of columns; of deletion vectors it gives out wrong rows, or it ends the process.
    """
    commits = [one for version in range(since + 1, until + 1) for one in actions(uri, version)]
    files = [one[kind] for one in commits for kind in ("add", "remove") if kind in one]
    return (
        bool(commits)
        and not any("metaData" in one for one in commits)
        and not any(one.get("deletionVector") for one in files)
    )
