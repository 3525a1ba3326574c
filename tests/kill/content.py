"""What a table holds, as one number that knows nothing of order, files or Spark."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa


@dataclass(frozen=True)
class Content:
    """Rows of a table and a hash over all of them, whatever their order."""

    rows: int
    digest: str


def read(uri: str, version: int | None = None) -> pa.Table:
    """Return a Delta table at a version, read without Spark."""
    from deltalake import DeltaTable, QueryBuilder

    table = DeltaTable(uri, version=version)
    found = QueryBuilder().register("t", table).execute("SELECT * FROM t").read_all()
    return pa.table(found)


def content(uri: str, version: int | None = None, deliveries: Mapping[int, str] | None = None) -> Content:
    """Return what a table holds at a version, default the newest.

    Args:
        uri: the table.
        version: Delta version.
        deliveries: what to say in the place of a delivery's number, which another order of taking changes.
    """
    table = read(uri, version)
    names = sorted(table.column_names)
    rows = [_said(row, names, deliveries) for row in table.select(names).to_pylist()]
    return Content(len(rows), hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest())


def _said(row: Mapping[str, Any], names: list[str], deliveries: Mapping[int, str] | None) -> str:
    values = dict(row)
    if deliveries is not None and values.get("_delivery_id") is not None:
        values["_delivery_id"] = deliveries[values["_delivery_id"]]
    return repr([values[name] for name in names])
