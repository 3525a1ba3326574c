"""One night of the lake under test, in a process of its own: ``python -m bench.lake_night FOLDER NIGHT TABLE …``."""

import sys
from pathlib import Path

from bench.lake import BenchLake, quiet, run_clean, run_derived
from citylake.contract.model import CollectedContract
from citylake.spark.session import session


def main(folder: str, number: str, *tables: str) -> None:
    """Bring the tables up to what came, one after the other, in one session."""
    quiet()
    lake = BenchLake(Path(folder)).open()
    with session(lake.settings) as spark:
        for table in tables:
            collected = isinstance(lake.catalog.contract(table), CollectedContract)
            done = (run_clean if collected else run_derived)(lake, spark, table, int(number))
            sys.stdout.write(f"{table} {done.state} {done.rows} rows {done.seconds:.1f} s {done.counts}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
