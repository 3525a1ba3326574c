"""The fixed cost of a small table on a warm server: a few hundred changes in twenty thousand rows, night after night.

    python -m bench.fixed_cost [--rows 20000] [--changes 200] [--nights 8] [--tidy-every 1] [--short-lived] [--keep]

Every night ``clean.works__inspection`` takes a delivery of the changed lines, and the derived
``topic.building__site_standing`` (a join of two inputs, grouped) follows it; in the first nights
``clean.works__inspection_all`` also takes a whole snapshot in which the same lines differ. The very first nights warm the
server up and are not counted.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from bench import result
from bench.inspections import Inspections
from bench.lake import BenchLake, folder_of, night, quiet, run_clean, run_derived
from bench.meter import Server, measured
from bench.truth import differing
from citylake.lake import Lake
from citylake.spark.session import session

CHANGE, DERIVED, SNAPSHOT = "clean.works__inspection", "topic.building__site_standing", "clean.works__inspection_all"
SNAPSHOTS = 8
"""Nights in which the snapshot is taken as well."""
TARGET = "derived: <= 20 jobs, <= 4 CPU s, <= 3 s wall; the same after 60 nights"
LIMITS = {"jobs": 20.0, "cpu": 4.0, "wall": 3.0}
UNITS = {
    "jobs": "Spark jobs",
    "cpu": "CPU s",
    "client_cpu": "CPU s",
    "server_cpu": "CPU s",
    "wall": "s",
    "bytes_written": "bytes",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print medians, and keep the result if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--nights", type=int, default=8)
    parser.add_argument("--warm-up", type=int, default=3, help="nights that are not counted")
    parser.add_argument("--tidy-every", type=int, default=1, help="maintenance after every so many nights; 0: never")
    parser.add_argument("--short-lived", action="store_true", help="the server compiles with the quick compiler only")
    parser.add_argument("--keep", action="store_true", help="write results/fixed_cost.json")
    said = parser.parse_args(arguments)
    quiet()
    load = result.load()
    wrong, nights = measure(
        Inspections(said.rows, said.rows, result.CACHE / "data"),
        said.changes,
        said.nights,
        said.tidy_every,
        short_lived=said.short_lived,
    )
    figures = figures_of(nights, said.warm_up)
    for name, one in figures.items():
        sys.stdout.write(f"{name:28} {one['median']:12.4g}  ({one['min']:.4g} to {one['max']:.4g})  {one['unit']}\n")
    if said.keep:
        result.write(
            "fixed_cost",
            measure=f"derived table of {said.rows:,} rows with {said.changes} changes, warm server",
            target=TARGET,
            figures=figures,
            headline=[f"derived {when}{key}" for when in WHEN for key in LIMITS if f"derived {when}{key}" in figures],
            met=all(
                figures[f"derived {when}{key}"]["median"] <= limit
                for when in WHEN
                for key, limit in LIMITS.items()
                if f"derived {when}{key}" in figures
            ),
            load_before=load,
            raw={"warm_up": said.warm_up, "short_lived": said.short_lived, "nights": nights},
        )
    if wrong:
        raise SystemExit(f"{wrong} rows are not the truth")
    return 0


def measure(
    made: Inspections, changes: int, nights: int, tidy_every: int, *, short_lived: bool
) -> tuple[int, list[dict[str, Any]]]:
    """Run that many nights; return the derived table's wrong rows at the end and the cost of every table and night."""
    bench = BenchLake(result.CACHE / "homes" / "fixed_cost")
    bench.clear()
    lake = bench.open()
    figures: list[dict[str, Any]] = []
    with bench.served(short_lived=short_lived) as server:
        _first_load(bench, lake, made)
        for number in range(1, nights + 1):
            figures.append({"night": number, **_night(bench, lake, server, made, number, changes)})
            sys.stderr.write(
                f"night {number}: " + "; ".join(_line(name, one) for name, one in figures[-1].items()) + "\n"
            )
            if tidy_every and number % tidy_every == 0:
                figures[-1]["tidy"] = _tidy(bench, lake, server, number)
    return differing(folder_of(lake, DERIVED), made.standing(range(nights + 1), changes)), figures


def _line(name: str, cost: Mapping[str, Any] | int) -> str:
    return "" if isinstance(cost, int) else f"{name} {cost['jobs']} jobs {cost['cpu']:.1f} CPU s {cost['wall']:.1f} s"


def _first_load(bench: BenchLake, lake: Lake, made: Inspections) -> None:
    bench.drop(made.site_file().path, f"site_{night(0):%Y%m%d}.csv")
    bench.drop(made.change(0).path, f"inspection_{night(0):%Y%m%d}.csv")
    bench.drop(made.snapshot([], 0).path, f"inspection_all_{night(0):%Y%m%d}.csv")
    with session(lake.settings) as spark:
        for table in ("clean.works__site", CHANGE, SNAPSHOT):
            run_clean(lake, spark, table, 0)
        run_derived(lake, spark, DERIVED, 0)


def _night(
    bench: BenchLake, lake: Lake, server: Server, made: Inspections, number: int, changes: int
) -> dict[str, dict[str, Any]]:
    bench.drop(made.change(number, changes).path, f"inspection_{night(number):%Y%m%d}.csv")
    tables = {"change": CHANGE, "derived": DERIVED}
    if number <= SNAPSHOTS:
        whole = made.snapshot(range(number + 1), changes)
        bench.drop(whole.path, f"inspection_all_{night(number):%Y%m%d}.csv")
        tables["snapshot"] = SNAPSHOT
    costs = {}
    for name, table in tables.items():
        with session(lake.settings) as spark:
            spark.version  # noqa: B018 - the session is opened by the first thing asked of it
            with measured(server, bench.kept) as cost:
                done = (run_derived if table == DERIVED else run_clean)(lake, spark, table, number)
        costs[name] = cost.as_json() | {"state": done.state, "counts": done.counts}
    return costs


def _tidy(bench: BenchLake, lake: Lake, server: Server, number: int) -> dict[str, Any]:
    from citylake.night.maintenance import tidy

    with session(lake.settings) as spark, measured(server, bench.kept) as cost:
        done = tidy(lake, spark, night(number))
    return cost.as_json() | {"tables": [one.table for one in done]}


WHEN = ("", "after 60 nights ")


def figures_of(nights: Sequence[Mapping[str, Any]], warm_up: int) -> dict[str, dict[str, Any]]:
    """Return medians and spread of the counted nights among the first, and of those after the sixtieth."""
    parts = {"": nights[warm_up : max(warm_up + 5, min(len(nights), SNAPSHOTS))], "after 60 nights ": nights[60:]}
    return {
        f"{name} {when}{key}": result.spread(values, unit)
        for when, part in parts.items()
        for name in ("derived", "change", "snapshot")
        for key, unit in UNITS.items()
        if (values := [one[name][key] for one in part if name in one and one[name][key] is not None])
    }


if __name__ == "__main__":
    sys.exit(main())
