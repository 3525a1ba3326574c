"""The fixed cost of a small table on a warm server: a few hundred changes in twenty thousand rows, night after night.

    python -m bench.fixed_cost [--rows 20000] [--changes 200] [--nights 8] [--tidy-every 1] [--short-lived] [--out FILE]

Three tables, every night: ``clean.works__inspection`` takes a delivery of the changed lines, the derived
``topic.building__site_standing`` (a join of two inputs, grouped) follows it, and ``clean.works__inspection_all`` takes
a whole snapshot in which the same lines differ. The first nights warm the server up and are not counted.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.deliveries import Inspections
from bench.lake import BenchLake, night, run_clean, run_derived
from bench.meter import Server, measured
from bench.truth import differing
from jobs.lake import Lake

CACHE = Path(".cache/bench")
CHANGE, DERIVED, SNAPSHOT = "clean.works__inspection", "topic.building__site_standing", "clean.works__inspection_all"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and keep the raw figures if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--nights", type=int, default=8)
    parser.add_argument("--warm-up", type=int, default=3, help="nights that are not counted")
    parser.add_argument("--tidy-every", type=int, default=1, help="maintenance after every so many nights; 0: never")
    parser.add_argument("--short-lived", action="store_true", help="the server compiles with the quick compiler only")
    parser.add_argument("--out", type=Path, help="write the raw figures here, as JSON")
    said = parser.parse_args(arguments)
    raw = measure(said.rows, said.changes, said.nights, said.warm_up, said.tidy_every, short_lived=said.short_lived)
    sys.stdout.write(table(raw))
    if said.out:
        said.out.write_text(json.dumps(raw, indent=1), "utf-8")
    return 0


def measure(
    rows: int, changes: int, nights: int, warm_up: int, tidy_every: int, *, short_lived: bool
) -> dict[str, object]:
    """Run that many nights and return the cost of every table in every one of them.

    Raises:
        WrongAnswerError: a table does not hold the truth at the end.
    """
    made = Inspections(rows, rows, CACHE.resolve() / "data")
    bench = BenchLake(CACHE.resolve() / "homes" / "fixed_cost")
    bench.clear()
    lake = bench.open()
    figures: list[dict[str, object]] = []
    with bench.served(short_lived=short_lived) as server:
        _first_load(bench, lake, made)
        for number in range(1, nights + 1):
            figures.append({"night": number, **_night(bench, lake, server, made, number, changes)})
            if tidy_every and number % tidy_every == 0:
                figures[-1]["tidy"] = _tidy(bench, lake, server, number)
    wrong = differing(Path(lake.location(DERIVED).removeprefix("file://")), made.standing(range(nights + 1), changes))
    return {
        "rows": rows,
        "changes": changes,
        "warm_up": warm_up,
        "short_lived": short_lived,
        "wrong": wrong,
        "nights": figures,
    }


def _first_load(bench: BenchLake, lake: Lake, made: Inspections) -> None:
    from jobs.spark.session import session

    bench.drop(made.site_file().path, f"site_{night(0):%Y%m%d}.csv")
    bench.drop(made.change(0).path, f"inspection_{night(0):%Y%m%d}.csv")
    bench.drop(made.snapshot([], 0).path, f"inspection_all_{night(0):%Y%m%d}.csv")
    with session(lake.settings) as spark:
        for table in ("clean.works__site", CHANGE, SNAPSHOT):
            run_clean(lake, spark, table, 0)
        run_derived(lake, spark, DERIVED, 0)


def _night(
    bench: BenchLake, lake: Lake, server: Server, made: Inspections, number: int, changes: int
) -> dict[str, object]:
    from jobs.spark.session import session

    nights = range(number + 1)
    bench.drop(made.change(number, changes).path, f"inspection_{night(number):%Y%m%d}.csv")
    bench.drop(made.snapshot(nights, changes).path, f"inspection_all_{night(number):%Y%m%d}.csv")
    costs: dict[str, object] = {}
    for name, table in (("change", CHANGE), ("derived", DERIVED), ("snapshot", SNAPSHOT)):
        with session(lake.settings) as spark:
            spark.version  # noqa: B018 - the session is opened by the first thing asked of it
            with measured(server, bench.kept) as cost:
                run = run_derived if table == DERIVED else run_clean
                result = run(lake, spark, table, number)
        costs[name] = cost.as_json() | {"state": result.state, "counts": result.counts}
    return costs


def _tidy(bench: BenchLake, lake: Lake, server: Server, number: int) -> dict[str, object]:
    from jobs.maintenance import tidy
    from jobs.spark.session import session

    with session(lake.settings) as spark, measured(server, bench.kept) as cost:
        done = tidy(lake, spark, night(number))
    return cost.as_json() | {"tables": [one.table for one in done]}


def table(raw: dict[str, object]) -> str:
    """Return medians and spread of the counted nights, and of the last five of them."""
    nights = raw["nights"]
    assert isinstance(nights, list)
    counted = nights[int(str(raw["warm_up"])) :] or nights
    lines = [f"rows {raw['rows']}, changes {raw['changes']}, wrong rows {raw['wrong']}, nights counted {len(counted)}"]
    for part, title in ((counted, "all"), (counted[-5:], "last five")):
        for name in ("change", "derived", "snapshot"):
            lines.append(f"{title:>9} {name:>9}: " + "  ".join(_said([one[name] for one in part], key) for key in KEYS))
    return "\n".join(lines) + "\n"


KEYS = ("jobs", "cpu", "client_cpu", "server_cpu", "wall", "bytes_written")


def _said(costs: Sequence[dict[str, float]], key: str) -> str:
    values = [cost[key] for cost in costs if cost[key] is not None]
    if not values:
        return f"{key} -"
    return f"{key} {statistics.median(values):.4g} ({min(values):.4g}–{max(values):.4g})"


if __name__ == "__main__":
    sys.exit(main())
