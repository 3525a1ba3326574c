"""The identical delivery again: nothing may be written, and nothing but the hash of the file may cost.

    python -m bench.again [--rounds 5]

The whole snapshot of 2 M permits is taken once, then comes again under the names of the next days. The same bytes are
hashed and copied by the same function without the lake, and that is taken off.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from bench import result
from bench.contest import ROWS
from bench.deliveries import Permits
from bench.lake import BenchLake, night, quiet, run_clean
from bench.meter import measured
from citylake.sources.staging import copy_and_hash
from citylake.spark.session import session

TABLE = "clean.works__permit_all"
BESIDE = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    said = parser.parse_args(arguments)
    quiet()
    load = result.load()
    made = Permits(round(ROWS * result.scale()), result.CACHE / "data")
    delivered = made.snapshot(0)
    rounds = measure(made, said.rounds)
    figures = {
        "cpu": result.spread([one["cpu"] for one in rounds], "CPU s"),
        "hashing": result.spread([one["hashing"] for one in rounds], "CPU s"),
        "besides hashing": result.spread([one["cpu"] - one["hashing"] for one in rounds], "CPU s"),
        "wall": result.spread([one["wall"] for one in rounds], "s"),
        "bytes written": result.spread([one["bytes_written"] for one in rounds], "bytes"),
        "jobs": result.spread([one["jobs"] for one in rounds], "Spark jobs"),
        "peak_bytes": result.spread([one["peak_bytes"] for one in rounds], "bytes"),
    }
    result.write(
        "again",
        measure=f"the identical delivery again: {delivered.lines:,} lines, {delivered.path.stat().st_size / 1e6:.0f} MB",
        target=f"0 bytes written to tables and landing, <= {BESIDE:.0f} CPU s besides hashing",
        figures=figures,
        headline=["bytes written", "besides hashing"],
        met=figures["bytes written"]["max"] == 0 and figures["besides hashing"]["median"] <= BESIDE,
        load_before=load,
        raw=rounds,
    )
    return 0


def measure(made: Permits, rounds: int) -> list[dict[str, Any]]:
    """Take the snapshot once, then so many times again."""
    bench = BenchLake(result.CACHE / "homes" / "again")
    bench.clear()
    lake = bench.open()
    path = made.snapshot(0).path
    done = []
    with bench.served() as server:
        bench.drop(path, f"permit_all_{night(0):%Y%m%d}.csv")
        with session(lake.settings) as spark:
            run_clean(lake, spark, TABLE, 0)
        for number in range(1, rounds + 1):
            bench.drop(path, f"permit_all_{night(number):%Y%m%d}.csv")
            folders = [*bench.kept, bench.folder / "landing"]
            with session(lake.settings) as spark:
                spark.version  # noqa: B018 - the session is opened by the first thing asked of it
                with measured(server, folders) as cost:
                    state = run_clean(lake, spark, TABLE, number).state
            assert state == "unchanged", state
            with measured(None) as hashing, path.open("rb") as source:
                copy_and_hash(source, bench.folder / "hashed")
            (bench.folder / "hashed").unlink()
            done.append(cost.as_json() | {"hashing": hashing.cpu})
            sys.stderr.write(f"again {number}: {cost.cpu:.2f} CPU s, of which hashing {hashing.cpu:.2f}\n")
    return done


if __name__ == "__main__":
    sys.exit(main())
