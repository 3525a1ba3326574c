"""Whether a night costs what changed or what there is: 5,000 scattered changes, 1 M to 16 M rows.

    python -m bench.growth [--rows 1000000 4000000 16000000] [--step all|load|nights] [--nights 7]

One clean table (a change delivery of inspections, scattered over all of them) and one derived table (a join with the
sites, grouped). ``load`` makes the tables, through the same way as any delivery; ``nights`` measures on what ``load``
left, and writes the result when all sizes have been measured. The first nights warm the server up.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from typing import Any

import duckdb

from bench import result
from bench.deliveries import CHANGED
from bench.inspections import Inspections
from bench.lake import BenchLake, folder_of, night, quiet, run_clean, run_derived
from bench.meter import Server, measured
from bench.truth import WrongAnswerError, differing
from citylake.lake import Lake
from citylake.spark.session import session

SIZES = (1_000_000, 4_000_000, 16_000_000)
WARM_UP = 3
CLEAN, DERIVED = "clean.works__inspection", "topic.building__site_standing"
GROWS = 1.5
AMPLIFIES = 5.0
LARGEST_CPU = 5.0
"""CPU seconds of a night at the largest size."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every size and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[round(rows * result.scale()) for rows in SIZES])
    parser.add_argument("--step", choices=("all", "load", "nights"), default="all")
    parser.add_argument("--nights", type=int, default=WARM_UP + 4)
    said = parser.parse_args(arguments)
    quiet()
    load = result.load()
    with BenchLake(result.CACHE / "homes" / "growth").served() as server:
        if said.step != "nights":
            for rows in said.rows:
                _keep(rows, {"rows": rows, "load": _load(rows, server)})
        if said.step != "load":
            for rows, nights in _nights(said.rows, server, said.nights).items():
                _keep(rows, {**_known(rows), "nights": nights})
    if said.step != "load":
        _write([_known(rows) for rows in said.rows], load)
    return 0


def _known(rows: int) -> dict[str, Any]:
    path = result.CACHE / f"growth-{rows}.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {"rows": rows}


def _keep(rows: int, said: dict[str, Any]) -> None:
    (result.CACHE / f"growth-{rows}.json").write_text(json.dumps(said, indent=1), "utf-8")


def _bench(rows: int, server: Server) -> BenchLake:
    return BenchLake(result.CACHE / "homes" / f"growth-{rows}", server.remote)


def _made(rows: int) -> Inspections:
    return Inspections(rows, rows // 4, result.CACHE / "data")


def _load(rows: int, server: Server) -> dict[str, Any]:
    bench, made = _bench(rows, server), _made(rows)
    bench.clear()
    lake = bench.open()
    bench.drop(made.site_file().path, f"site_{night(0):%Y%m%d}.csv")
    bench.drop(made.change(0).path, f"inspection_{night(0):%Y%m%d}.csv")
    with session(lake.settings) as spark, measured(server, bench.kept) as cost:
        run_clean(lake, spark, "clean.works__site", 0)
        run_clean(lake, spark, CLEAN, 0)
        run_derived(lake, spark, DERIVED, 0)
    sys.stderr.write(f"{rows:,} rows loaded: {cost.cpu:.0f} CPU s, {cost.wall:.0f} s\n")
    return cost.as_json()


def _nights(sizes: Sequence[int], server: Server, nights: int) -> dict[int, list[dict[str, Any]]]:
    """Run the nights of all sizes in turn, so that what the server has compiled by then is the same for all.

    Raises:
        WrongAnswerError: a derived table is not the truth in the end.
    """
    done: dict[int, list[dict[str, Any]]] = {rows: [] for rows in sizes}
    lakes = {rows: _bench(rows, server).open() for rows in sizes}
    first = {rows: _next_night(lake) for rows, lake in lakes.items()}
    for turn in range(nights):
        for rows, lake in lakes.items():
            one = _night(_bench(rows, server), lake, server, _made(rows), first[rows] + turn)
            done[rows].append(one)
            sys.stderr.write(
                f"{rows:,} night {one['night']}: "
                + "; ".join(
                    f"{key} {one[key]['jobs']} jobs {one[key]['cpu']:.1f} CPU s" for key in ("clean", "derived")
                )
                + f", {one['written'] / one['changed']:.1f} bytes a byte\n"
            )
    for rows, lake in lakes.items():
        if found := differing(folder_of(lake, DERIVED), _made(rows).standing(range(first[rows] + nights))):
            raise WrongAnswerError(f"{found} rows of {DERIVED} are not the truth at {rows:,} rows")
    return done


def _next_night(lake: Lake) -> int:
    from citylake.ledger.runs.runs import runs

    newest = max(run.business_date for run in runs(lake.ledger, limit=100))
    return (newest - night(0)).days + 1


def _night(bench: BenchLake, lake: Lake, server: Server, made: Inspections, number: int) -> dict[str, Any]:
    delivered = made.change(number)
    bench.drop(delivered.path, f"inspection_{night(number):%Y%m%d}.csv")
    costs: dict[str, Any] = {}
    written = 0
    for name, table in (("clean", CLEAN), ("derived", DERIVED)):
        with session(lake.settings) as spark:
            spark.version  # noqa: B018 - the session is opened by the first thing asked of it
            with measured(server, bench.kept) as cost:
                done = (run_clean if table == CLEAN else run_derived)(lake, spark, table, number)
        costs[name] = cost.as_json() | {"state": done.state, "counts": done.counts}
        written += cost.bytes_written
    units = costs["derived"]["counts"].get("changed_units", 0)
    return {
        "night": number,
        **costs,
        "cpu": costs["clean"]["cpu"] + costs["derived"]["cpu"],
        "wall": costs["clean"]["wall"] + costs["derived"]["wall"],
        "jobs": costs["clean"]["jobs"] + costs["derived"]["jobs"],
        "peak_bytes": max(costs["clean"]["peak_bytes"], costs["derived"]["peak_bytes"]),
        "written": written,
        "changed": delivered.changed_bytes + units * _row_bytes(made),
    }


def _row_bytes(made: Inspections) -> int:
    """Return the mean text of a derived row."""
    small = Inspections(2_000, 500, made.root)
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT avg(strlen(concat_ws(',', COLUMNS(*)::VARCHAR)) + 1) FROM ({small.standing([0])})"
        ).fetchone()
    assert found is not None
    return round(float(found[0]))


def _write(sizes: Sequence[dict[str, Any]], load: float) -> None:
    figures: dict[str, dict[str, Any]] = {}
    for one in sizes:
        counted = one["nights"][WARM_UP:] or one["nights"]
        title = f"{one['rows']:,} rows"
        for key, unit in (("cpu", "CPU s"), ("wall", "s"), ("jobs", "Spark jobs"), ("peak_bytes", "bytes")):
            figures[f"{title} {key}"] = result.spread([item[key] for item in counted], unit)
        for name in ("clean", "derived"):
            figures[f"{title} {name} cpu"] = result.spread([item[name]["cpu"] for item in counted], "CPU s")
        figures[f"{title} bytes written / changed"] = result.spread(
            [item["written"] / item["changed"] for item in counted], "×"
        )
    first, last = f"{sizes[0]['rows']:,} rows", f"{sizes[-1]['rows']:,} rows"
    base = figures[f"{first} cpu"]["median"]
    figures["growth"] = result.spread(
        [item["cpu"] / base for item in (sizes[-1]["nights"][WARM_UP:] or sizes[-1]["nights"])], "× CPU"
    )
    worst = max(
        statistics.median([figures[f"{one['rows']:,} rows bytes written / changed"]["median"]]) for one in sizes
    )
    largest = figures[f"{last} cpu"]["median"]
    within = figures["growth"]["median"] <= GROWS and worst <= AMPLIFIES and largest <= LARGEST_CPU
    far_enough = sizes[-1]["rows"] >= SIZES[-1] / SIZES[0] * sizes[0]["rows"]
    result.write(
        "growth",
        measure=f"one clean and one derived table, {CHANGED:,} scattered changes, {first} to {last}",
        target=f"1 M to 16 M rows: CPU at the largest <= {LARGEST_CPU:.0f} CPU s and <= {GROWS} × CPU at the smallest; "
        f"bytes written <= {AMPLIFIES:.0f} × bytes changed",
        figures=figures,
        headline=[
            "growth",
            *[f"{one['rows']:,} rows cpu" for one in sizes],
            *[f"{one['rows']:,} rows bytes written / changed" for one in sizes],
        ],
        # Over a shorter way the target can be missed but not met.
        met=within if far_enough or not within else None,
        load_before=load,
        raw=sizes,
    )


if __name__ == "__main__":
    sys.exit(main())
