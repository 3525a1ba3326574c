"""Comparing a table with the truth, read as an outside reader would read it."""

from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder


class WrongAnswerError(AssertionError):
    """A contender's table is not the truth; it gets no time."""


def differing(table: Path, truth: str) -> int:
    """Return how many rows a Delta table has that the truth has not, and the other way round.

    Args:
        table: folder of the table; tombstones are left out.
        truth: a SELECT of DuckDB, its columns those to compare.
    """
    opened = DeltaTable(str(table))
    live = " WHERE NOT _deleted" if any(item.name == "_deleted" for item in opened.schema().fields) else ""
    rows = QueryBuilder().register("t", opened).execute(f"SELECT * FROM t{live}")
    return differing_rows("SELECT * FROM found", truth, found=pa.RecordBatchReader.from_stream(rows))


def differing_rows(select: str, truth: str, first: str = "", **found: object) -> int:
    """Return how many rows stand on one side only; columns are those of the truth, in its types."""
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = 'Asia/Shanghai'; {first}")
        for name, value in found.items():
            connection.register(name, value)
        described = connection.execute(f"DESCRIBE {truth}").fetchall()
        columns = ", ".join(f'CAST("{row[0]}" AS {row[1]}) AS "{row[0]}"' for row in described)
        connection.execute(f"CREATE TEMP TABLE ours AS SELECT {columns} FROM ({select})")
        connection.execute(f"CREATE TEMP TABLE truth AS {truth}")
        sides = connection.execute(
            "SELECT (SELECT count(*) FROM (FROM ours EXCEPT ALL FROM truth)), "
            "(SELECT count(*) FROM (FROM truth EXCEPT ALL FROM ours))"
        ).fetchone()
    assert sides is not None
    return int(sides[0]) + int(sides[1])
