"""When a resource that is read by its stamps is asked for everything, and what that says of the rows that are known."""

from collections.abc import Sequence
from datetime import date, timedelta
from zlib import crc32

import duckdb
import pyarrow as pa
from pyspark.sql import DataFrame

from citylake.contract.model import CollectedContract
from citylake.delta.log import newest_version
from citylake.delta.small_read import live_keys, sql_name
from citylake.delta.write import Rows

_DAYS = {"week": 7, "month": 28, "quarter": 91}


def is_read_by_stamps(contract: CollectedContract) -> bool:
    """Return whether a night usually asks for a part only."""
    return contract.source.is_asked and contract.source.watermark is not None and contract.mode != "snapshot"


def is_due(contract: CollectedContract, last: date | None, today: date) -> bool:
    """Return whether everything is to be asked for: once in a period, each resource on a day of its own.

    Args:
        contract: the resource.
        last: business date on which everything was asked for and taken, None when it is not known.
        today: business date.
    """
    length = _DAYS.get(contract.source.full_comparison)
    if length is None or not is_read_by_stamps(contract):
        return False
    own = (today.toordinal() - crc32(contract.name.encode())) % length
    return last is None or today - timedelta(days=own) > last


def count_gone(lines: Rows, uri: str, current: DataFrame, key: Sequence[str]) -> int:
    """Return how many live rows of a clean table no line of a delivery names.

    Args:
        lines: the key of every line.
        uri: the clean table.
        current: the same as a frame, for when this process cannot hold its keys.
        key: its columns.
    """
    version = newest_version(uri)
    known = live_keys(uri, version, key) if isinstance(lines, pa.Table) and version is not None else None
    if known is None:
        told = current.sparkSession.createDataFrame(lines) if isinstance(lines, pa.Table) else lines
        return current.where("NOT _deleted").join(told, list(key), "left_anti").count()
    names = ", ".join(sql_name(name) for name in key)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("lines", lines)
        connection.register("known", known)
        row = connection.execute(f"SELECT count(*) FROM known ANTI JOIN lines USING ({names})").fetchone()
    assert row is not None
    return int(row[0])
