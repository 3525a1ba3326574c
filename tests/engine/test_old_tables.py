"""A table that rarely changes stays readable and restorable, however old its log is."""

import os
import time
from pathlib import Path
from urllib.parse import urlsplit

from citylake.delta.tables import at_version
from tests.engine.small_lake import SmallLake, line

TABLE = "clean.office__change"
COMMITS_TO_A_CHECKPOINT = 11
LONG_AGO = 40
"""Days; Delta keeps superseded files for seven and logs for thirty unless it is told otherwise."""


def test_a_version_superseded_today_but_written_long_ago_is_still_read_and_restored(small: SmallLake) -> None:
    small.drop("change_20260301.csv", [line("1"), line("2")])
    small.collect(TABLE)
    uri = small.lake.location(TABLE)
    published = small.spark.sql(f"DESCRIBE HISTORY delta.`{uri}` LIMIT 1").collect()[0]["version"]
    _age(Path(urlsplit(uri).path), LONG_AGO)
    for number in range(COMMITS_TO_A_CHECKPOINT):
        change = line("1", CZBZ="U", JE=f"{number}.00", GXSJ=f"2026-02-{number + 2:02d} 00:00:00")
        small.drop(f"change_202603{number + 2:02d}.csv", [change])
        small.collect(TABLE)
    assert list(Path(urlsplit(uri).path, "_delta_log").glob("*.checkpoint*.parquet"))
    small.spark.sql(f"VACUUM delta.`{uri}` LITE").collect()
    assert at_version(small.spark, uri, published).count() == 2
    small.spark.sql(f"RESTORE TABLE delta.`{uri}` TO VERSION AS OF {published}").collect()
    assert small.rows(TABLE, "CAST(amount AS DOUBLE)") == [(10.0,), (10.0,)]


def _age(table: Path, days: int) -> None:
    """Make every file of the table look as if it had been written that many days ago."""
    then = time.time() - days * 86_400
    for file in table.rglob("*"):
        if file.is_file():
            os.utime(file, (then, then))
