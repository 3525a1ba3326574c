"""A table's log replayed in this process: its data files with all that the log says of them, at one version.

Delta's own Rust library does not tell which deletion vector a file has. Only tables of this machine's file system, and
checkpoints in one piece; of anything else there is none here.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow.parquet as pq

_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")
_ACTIONS = ("add", "txn", "metaData", "protocol")

Action = dict[str, Any]


@dataclass
class Snapshot:
    """What a table is at a version.

    Attributes:
        folder: where it lies.
        version: which of its versions.
        files: the ``add`` action of every data file.
        transactions: the newest number of each stream.
        metadata: the ``metaData`` action.
        protocol: the ``protocol`` action.
    """

    folder: Path
    version: int
    files: dict[tuple[str, str], Action] = field(default_factory=dict)
    transactions: dict[str, int] = field(default_factory=dict)
    metadata: Action = field(default_factory=dict)
    protocol: Action = field(default_factory=dict)

    def path(self, add: Mapping[str, Any]) -> Path:
        """Return where a data file lies."""
        return self.folder / unquote(add["path"])

    def _take(self, actions: Iterable[Action]) -> None:
        for one in actions:
            if add := one.get("add"):
                self.files[_identity(add)] = add
            elif remove := one.get("remove"):
                self.files.pop(_identity(remove), None)
            elif txn := one.get("txn"):
                self.transactions[txn["appId"]] = int(txn["version"])
            elif "metaData" in one:
                self.metadata = one["metaData"]
            elif "protocol" in one:
                self.protocol = one["protocol"]


def folder_of(uri: str) -> Path:
    """Return the folder of a table in this machine's file system."""
    return Path(unquote(urlsplit(uri).path)) if uri.startswith("file:") else Path(uri)


def snapshot(uri: str, version: int | None = None) -> Snapshot | None:
    """Return the table at ``uri`` as it stands or stood at a version; None when the log does not say it plainly."""
    folder = folder_of(uri)
    names = [path.name for path in (folder / "_delta_log").iterdir()]
    commits = sorted(int(named[1]) for name in names if (named := _COMMIT.fullmatch(name)))
    if not commits:
        return None
    newest = commits[-1] if version is None else version
    kept = [int(named[1]) for name in names if (named := _CHECKPOINT.fullmatch(name))]
    start = max((number for number in kept if number <= newest), default=-1)
    wanted = list(range(start + 1, newest + 1))
    if not set(wanted) <= set(commits):
        return None
    found = Snapshot(folder, newest)
    if start >= 0:
        found._take(_checkpoint(folder / "_delta_log" / f"{start:020d}.checkpoint.parquet"))  # noqa: SLF001
    for number in wanted:
        with (folder / "_delta_log" / f"{number:020d}.json").open(encoding="utf-8") as lines:
            found._take(json.loads(line) for line in lines)  # noqa: SLF001
    return found if found.metadata and found.protocol else None


def _checkpoint(path: Path) -> Iterable[Action]:
    """Yield the actions of a checkpoint as the commits spell them."""
    held = pq.ParquetFile(path)
    columns = [name for name in held.schema_arrow.names if name in _ACTIONS]
    for row in held.read(columns=columns).to_pylist():
        for kind, said in row.items():
            if said is not None:
                yield {kind: _plain(said)}


def _plain(said: Mapping[str, Any]) -> Action:
    """Return an action without what it does not say; maps are lists of pairs in Arrow."""
    maps = ("partitionValues", "tags", "configuration", "options")
    return {
        name: dict(value) if name in maps else _plain(value) if isinstance(value, dict) else value
        for name, value in said.items()
        if value is not None and name not in ("stats_parsed", "partitionValues_parsed")
    }


def _identity(action: Mapping[str, Any]) -> tuple[str, str]:
    """Return what tells one entry of a data file from another: its path and its deletion vector."""
    vector = action.get("deletionVector")
    return action["path"], f"{vector['storageType']}{vector['pathOrInlineDv']}@{vector.get('offset')}" if vector else ""
