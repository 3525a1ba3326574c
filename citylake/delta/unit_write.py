"""Putting rows in the place of many units in this process, in one commit: the old rows are named by deletion vectors.

What Spark's ``replaceUsing`` writes, without reading the table in Spark; units may vanish in the same commit as well. Only in this
machine's file system, and only tables whose protocol is the one that the lake gives them.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from citylake.delta.deletion_vectors import vector_file, write_vectors
from citylake.delta.errors import CommitLostError
from citylake.delta.lookup import Hit, hits
from citylake.delta.small_write import CHECKPOINT, fitted
from citylake.delta.snapshot import Action, Snapshot, snapshot

_KNOWN = frozenset({"appendOnly", "changeDataFeed", "deletionVectors", "invariants"})
"""Features whose rules this module keeps: a table with any other is left to Spark."""
_ATTEMPTS = 3
_LONGEST = 32
"""Signs of a text that a file's statistics may hold."""


def replace_units(
    table: str, uri: str, rows: pa.Table, by: Sequence[str], units: pa.Table, *, metadata: str, stream: str, run_id: int
) -> bool:  # fmt: skip
    """Put rows in the place of all rows of some units, in one commit.

    Args:
        table: its name, for errors.
        uri: where it lies.
        rows: new rows, with all columns of the table; every one belongs to one of the units.
        by: columns that name a unit.
        units: distinct, without NULLs.
        metadata: the commit's ``userMetadata``.
        stream: id of the stream of transactions.
        run_id: number of the commit in it.

    Returns:
        Whether it was done; if not, nothing was written and Spark has to do it.

    Raises:
        CommitLostError: a newer run has been here.
    """
    for _ in range(_ATTEMPTS):
        present = snapshot(uri)
        if present is None or not _is_known(present):
            return False
        if present.transactions.get(stream, -1) >= run_id:
            raise CommitLostError(table, f"run {run_id} wrote nothing: a newer run has been here; run the table again")
        found = hits(present, by, units)
        if found is None:
            return False
        made = _data_file(present, fitted(rows, DeltaTable(uri))) if rows.num_rows else None
        said = {"table": by, "metadata": metadata, "removed": sum(len(hit.positions) for hit in found)}
        actions = [
            _commit_info(present, said, rows.num_rows),
            {"txn": {"appId": stream, "version": run_id, "lastUpdated": _now()}},
            *([{"add": made}] if made else []),
            *_marked(present, found),
        ]
        if _committed(present, actions):
            if (present.version + 1) % CHECKPOINT == 0:
                DeltaTable(uri).create_checkpoint()
            return True
        # Somebody was faster: what was written for this version nobody will ever name.
        if made:
            present.path(made).unlink()
        if found:
            vector_file(present.folder, actions[-2]["add"]["deletionVector"]).unlink()
    return False


def _is_known(table: Snapshot) -> bool:
    protocol, conf = table.protocol, table.metadata.get("configuration", {})
    features = {*protocol.get("readerFeatures", ()), *protocol.get("writerFeatures", ())}
    return (
        (protocol["minReaderVersion"], protocol["minWriterVersion"]) == (3, 7)
        and features <= _KNOWN
        and conf.get("delta.enableDeletionVectors") == "true"
        and not any(name.startswith("delta.constraints.") for name in conf)
        and conf.get("delta.appendOnly", "false") == "false"
        and all("numRecords" in json.loads(add.get("stats") or "{}") for add in table.files.values())
    )


def _marked(table: Snapshot, found: Sequence[Hit]) -> list[Action]:
    """Return the actions that put a file with its new deletion vector in the place of the file as it was.

    Also of a file without any row left: Delta's Rust library misreads the change feed where one with a vector is removed.
    """
    vectors = [np.union1d(hit.gone, hit.positions).astype(np.uint32) for hit in found]
    descriptors = write_vectors(table.folder, vectors) if vectors else []
    actions: list[Action] = []
    for hit, descriptor in zip(found, descriptors, strict=True):
        # Bounds hold for the rows that are gone as well.
        told = json.dumps(json.loads(hit.add["stats"]) | {"tightBounds": False}, ensure_ascii=False)
        actions.append({"add": hit.add | {"dataChange": True, "stats": told, "deletionVector": descriptor}})
        kept = ("path", "partitionValues", "size", "tags", "deletionVector")
        old = {name: hit.add[name] for name in kept if name in hit.add}
        actions.append(
            {"remove": old | {"deletionTimestamp": _now(), "dataChange": True, "extendedFileMetadata": True}}
        )
    return actions


def _data_file(table: Snapshot, rows: pa.Table) -> Action:
    """Write the new rows as a data file; return its ``add`` action."""
    path = table.folder / f"part-00000-{uuid4()}-c000.snappy.parquet"
    pq.write_table(rows, path, compression="snappy", coerce_timestamps="us", store_decimal_as_integer=True)
    counted = table.metadata.get("configuration", {}).get("delta.dataSkippingStatsColumns", "")
    stats = _statistics(rows, [name for name in counted.split(",") if name in rows.column_names])
    return {
        "path": path.name, "partitionValues": {}, "size": path.stat().st_size, "modificationTime": _now(),
        "dataChange": True, "stats": json.dumps(stats, ensure_ascii=False),
    }  # fmt: skip


def _statistics(rows: pa.Table, names: Sequence[str]) -> Mapping[str, Any]:
    """Return what a file says of these columns: NULLs of each, and the bounds of those that are plainly ordered."""
    bounds: dict[str, tuple[Any, Any]] = {}
    for name in names:
        column = rows.column(name)
        if pa.types.is_string(column.type):
            # Engines order texts by code points and shorten long ones each in its way.
            if pc.max(pc.binary_length(column)).as_py() in (None, *range(_LONGEST + 1)):
                bounds[name] = tuple(pc.min_max(column).as_py().values())
        elif pa.types.is_integer(column.type) or pa.types.is_date(column.type):
            bounds[name] = tuple(pc.min_max(column).as_py().values())
    told = {name: pair for name, pair in bounds.items() if pair[0] is not None}
    return {
        "numRecords": rows.num_rows,
        "minValues": {name: _spelt(low) for name, (low, _) in told.items()},
        "maxValues": {name: _spelt(high) for name, (_, high) in told.items()},
        "nullCount": {name: rows.column(name).null_count for name in names},
        "tightBounds": True,
    }


def _spelt(value: Any) -> Any:  # noqa: ANN401  (of JSON)
    return value.isoformat() if isinstance(value, date) else value


def _commit_info(table: Snapshot, said: Mapping[str, Any], rows: int) -> Action:
    return {
        "commitInfo": {
            "timestamp": _now(),
            "operation": "WRITE",
            "operationParameters": {
                "mode": "Overwrite", "partitionBy": "[]", "replaceUsingCols": f"({', '.join(said['table'])})",
            },
            "readVersion": table.version,
            "isolationLevel": "Serializable",
            "isBlindAppend": False,
            "operationMetrics": {"numDeletedRows": str(said["removed"]), "numOutputRows": str(rows)},
            "userMetadata": said["metadata"],
            "engineInfo": f"citylake/{version('citylake')}",
            "txnId": str(uuid4()),
        }
    }  # fmt: skip


def _committed(table: Snapshot, actions: Sequence[Action]) -> bool:
    """Write the commit behind the one that was read; return whether nobody was faster."""
    log = table.folder / "_delta_log"
    written = log / f".{uuid4()}.tmp"
    written.write_text("\n".join(json.dumps(action, ensure_ascii=False) for action in actions) + "\n", "utf-8")
    try:
        # A link is made at once or refused: nobody sees half of it, and of two commits one is first.
        os.link(written, log / f"{table.version + 1:020d}.json")
    except FileExistsError:
        return False
    finally:
        written.unlink()
    return True


def _now() -> int:
    return round(time.time() * 1000)
