"""Clean rows that change although no good line bears their key: a snapshot tells them no more, or their line is held back.

Of few lines they are found in this process without asking Spark; mostly there are none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

import duckdb
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from citylake.delta.log import newest_version
from citylake.delta.small_read import Values, live_keys, rows_of_units, sql_name
from citylake.delta.write import LISTED_UNITS


@dataclass(frozen=True)
class FewAbsent:
    """What was found in this process: the rows as they will be, None when there are none, and how many have vanished."""

    rows: pa.Table | None
    vanished: int

    @property
    def count(self) -> int:
        """How many rows change."""
        return 0 if self.rows is None else self.rows.num_rows


def few_absent(lines: pa.Table, uri: str, key: Sequence[str], as_of: date, *, vanish: bool) -> FewAbsent | None:
    """Return what changes of the clean table at ``uri``, None when Spark has to find it.

    Args:
        lines: key, ``_outcome`` and ``_good`` of every line of the delivery.
        uri: the clean table.
        key: its columns.
        as_of: day since which a row is held.
        vanish: a live row whose key no line bears has vanished.
    """
    version = newest_version(uri)
    known = None if version is None else live_keys(uri, version, key)
    if version is None or known is None:
        return None
    gone, held = _units(lines, known, key, vanish=vanish)
    if len(gone) + len(held) > LISTED_UNITS:
        return None
    parts = []
    for units, column, value in ((gone, "_deleted", pa.scalar(True)), (held, "_held_since", pa.scalar(as_of))):
        if units:
            found = rows_of_units(uri, version, [key], units)
            if found is None:
                return None
            told = pa.repeat(value, found.num_rows)
            parts.append(found.set_column(found.schema.get_field_index(column), column, told))
    rows = pa.concat_tables([part.cast(parts[0].schema) for part in parts]) if parts else None
    return FewAbsent(rows, len(gone))


def _units(lines: pa.Table, known: pa.Table, key: Sequence[str], *, vanish: bool) -> tuple[list[Values], list[Values]]:
    """Return the keys that have vanished and those whose newer line was held back."""
    names = ", ".join(sql_name(name) for name in key)
    told = f"SELECT {names} FROM known ANTI JOIN lines USING ({names})"
    stopped = (
        f"SELECT {names} FROM known SEMI JOIN (FROM lines WHERE _outcome = 'quarantined') USING ({names})"
        " WHERE _held_since IS NULL"
    )
    taken = "(FROM lines WHERE _good AND _outcome <> 'quarantined')"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("lines", lines)
        connection.register("known", known)
        gone = connection.execute(told).fetchall() if vanish else []
        held = connection.execute(f"FROM ({stopped}) ANTI JOIN {taken} USING ({names})").fetchall()
    return gone, held


def absent_rows(
    lines: DataFrame, keys: DataFrame, current: DataFrame, key: Sequence[str], as_of: date, *, vanish: bool, hold: bool
) -> DataFrame:
    """Return the rows that change, found by Spark.

    Args:
        lines: as for ``few_absent``, but lines that are known to be unchanged may be missing.
        keys: the keys of all lines.
        current: the clean table, tombstones included.
        key: its columns.
        as_of: day since which a row is held.
        vanish: a live row whose key no line bears has vanished; it becomes a tombstone.
        hold: a live row whose newer line was held back is marked; one of both is true.
    """
    names, live = list(key), current.where("NOT _deleted")
    parts = []
    if vanish:
        told = keys.select(*names).distinct()
        parts.append(live.join(told, names, "left_anti").withColumn("_deleted", F.lit(True)))
    if hold:
        stopped = lines.where("_outcome = 'quarantined'").select(*names).distinct()
        taken = lines.where("_good AND _outcome <> 'quarantined'").select(*names).distinct()
        free = live.where("_held_since IS NULL").join(stopped, names, "left_semi").join(taken, names, "left_anti")
        parts.append(free.withColumn("_held_since", F.lit(as_of)))
    return reduce(DataFrame.unionByName, parts)
