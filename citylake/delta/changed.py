"""Old and new images of the rows that commits changed, read by DuckDB from the files that the log names.

Delta's Rust library reads change feeds too, but of a data file with a deletion vector that is removed for good it gives out the wrong
rows, and where a file with a new vector has several row groups, it ends the process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import duckdb
import numpy as np
import pyarrow as pa

from citylake.delta.deletion_vectors import Positions, read_vector
from citylake.delta.log import actions
from citylake.delta.small_read import sql_literal
from citylake.delta.small_write import takes
from citylake.delta.snapshot import Snapshot, snapshot

_READ = (
    "read_parquet([{files}], filename = true, file_row_number = true, hive_partitioning = false, union_by_name = true)"
)


@dataclass
class _Files:
    """Files whose rows changed: all of them but some, only some, or those that a writer has put down as changed."""

    whole: dict[str, Positions] = field(default_factory=dict)
    marked: list[tuple[str, Positions]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def register_changes(
    store: duckdb.DuckDBPyConnection, name: str, uri: str, since: int, until: int, columns: Sequence[str]
) -> bool:
    """Make a temporary view of the images of all rows that changed after a version, up to another.

    Args:
        store: where; its time zone is UTC.
        name: of the view.
        uri: the table.
        since: version whose rows are known.
        until: newest version that counts.
        columns: those that are wanted; at least one is in every file.

    Returns:
        Whether it was done; a table elsewhere, one in parts, and a log that is not plainly read are for others.
    """
    table = snapshot(uri, until) if takes(uri) else None
    if table is None or table.metadata.get("partitionColumns"):
        return False
    found = _Files()
    for version in range(since + 1, until + 1):
        _add(found, table, list(actions(uri, version)))
    selects = [_select(columns, _from(found.told))] if found.told else []
    if found.whole:
        store.register(f"{name}_gone", _positions(list(found.whole.items())))
        left = f"{_from(list(found.whole))} ANTI JOIN {name}_gone USING (filename, file_row_number)"
        selects.append(_select(columns, left))
    if found.marked:
        store.register(f"{name}_marked", _positions(found.marked))
        files = list(dict.fromkeys(path for path, _ in found.marked))
        selects.append(_select(columns, f"{_from(files)} SEMI JOIN {name}_marked USING (filename, file_row_number)"))
    if not selects:
        return False
    store.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {' UNION ALL BY NAME '.join(selects)}")
    return True


def _add(found: _Files, table: Snapshot, commit: Sequence[Mapping[str, Any]]) -> None:
    """Add what a commit changed: where it has put down the images itself, they are all of it."""
    folder = table.folder
    if told := [str(folder / unquote(one["cdc"]["path"])) for one in commit if "cdc" in one]:
        found.told += told
        return
    sides: dict[str, list[Mapping[str, Any]]] = {}
    for one in commit:
        said = one.get("add") or one.get("remove")
        if said is not None and said.get("dataChange", True):
            sides.setdefault(str(folder / unquote(said["path"])), []).append(said)
    for path, entries in sides.items():
        gone = [_gone(table, one) for one in entries]
        if len(gone) == 1 and path not in found.whole:
            found.whole[path] = gone[0]
        elif len(gone) == 1:
            # Added by one of these commits and removed by another: a row of either image counts.
            found.whole[path] = np.intersect1d(found.whole[path], gone[0])
        else:
            found.marked.append((path, np.setxor1d(gone[0], gone[1])))


def _gone(table: Snapshot, said: Mapping[str, Any]) -> Positions:
    vector = said.get("deletionVector")
    return read_vector(table.folder, vector) if vector else np.empty(0, np.uint32)


def _positions(files: Sequence[tuple[str, Positions]]) -> pa.Table:
    names = pa.concat_arrays([pa.repeat(path, len(rows)) for path, rows in files])
    numbers = np.concatenate([rows for _, rows in files]).astype(np.int64)
    return pa.table({"filename": names, "file_row_number": numbers})


def _from(files: Sequence[str]) -> str:
    return _READ.format(files=", ".join(sql_literal(path) for path in files))


def _select(columns: Sequence[str], source: str) -> str:
    """Return a SELECT of the columns that there are: files from before a column was added lack it."""
    wanted = ", ".join(sql_literal(name) for name in columns)
    return f"SELECT COLUMNS(lambda one: one IN ({wanted})) FROM {source}"
