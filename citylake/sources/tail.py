"""What an answer and its tail come to: the tail is what the next answer will be when nothing changes until then.

An answer that is the tail of the delivery accepted last holds no row that is not there already, and is none.
"""

from pathlib import Path

import duckdb
import pyarrow as pa

from citylake.contract.source import Source
from citylake.sources.stamps import NO_YEAR, Stamp, Stamps


def sums(rows: Path | pa.Table, source: Source, stamps: Stamps) -> tuple[str, str]:
    """Return the sum of the hashes of all rows, and of those that the next request will bring again.

    Args:
        rows: the staged file, or a table of them.
        source: names the stamps' column and the overlap.
        stamps: what they came to.
    """
    kept = "true"
    if source.watermark and stamps.newest is not None:
        kept = _again(f'"{source.watermark.replace(chr(34), chr(34) * 2)}"', stamps.newest.back(source.overlap))
    query = (
        f"SELECT count(*), sum(CAST(hash(t) AS HUGEINT)), count(*) FILTER ({kept}), "
        f"sum(CAST(hash(t) AS HUGEINT)) FILTER ({kept}) FROM said t"
    )
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        if isinstance(rows, Path):
            connection.read_parquet(str(rows)).create_view("said")
        else:
            connection.register("said", rows)
        row = connection.execute(query).fetchone()
    assert row is not None
    return f"{row[0]}:{row[1]}", f"{row[2]}:{row[3]}"


def _again(column: str, since: Stamp) -> str:
    if isinstance(since.value, int):
        number = f"TRY_CAST({column} AS BIGINT) >= {since.value}"
        return f"CASE WHEN regexp_full_match({column}, '[0-9]{{1,18}}') THEN {number} ELSE true END"
    alike, others = since.shape
    odd = "".join(f" OR regexp_matches({column}, {_quoted(other)})" for other in others)
    return (
        f"coalesce({column} >= {_quoted(since.text)} OR NOT regexp_matches({column}, {_quoted(alike)}){odd} "
        f"OR {column} < '{NO_YEAR}', true)"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
