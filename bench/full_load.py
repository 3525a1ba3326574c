"""The two heavy nights: everything for the first time, and everything again with one hundredth of it changed.

    python -m bench.full_load [--rounds 1] [--fresh]

2 M permits, 20 columns, 12 rules, as a whole snapshot, against the hand-written Spark job that loads and reloads them.
Both sides pay for everything from nothing: the lake for its server's start and the start of the night's process, the
hand-written job for its own Spark. What the hand-written job needed is kept until it or the data change.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from typing import Any

from bench import result
from bench.contest import ROWS, Contender, Turn, lake_take, said_half_width
from bench.deliveries import Permits
from bench.lake import BenchLake, folder_of
from bench.meter import Cost
from bench.truth import WrongAnswerError, differing

TABLE = "clean.works__permit_all"
RATIOS = {"first": 1.3, "snapshot": 0.7}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both sides and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--fresh", action="store_true", help="measure the hand-written job again, too")
    parser.add_argument("--only", choices=("ours", "theirs"))
    said = parser.parse_args(arguments)
    load = result.load()
    made = Permits(round(ROWS * result.scale()), result.CACHE / "data")
    if said.only == "theirs":
        _theirs(made, said.rounds, fresh=said.fresh)
        return 0
    ours = [_ours(made) for _ in range(said.rounds)]
    theirs = _kept(made) if said.only == "ours" else _theirs(made, said.rounds, fresh=said.fresh)
    figures: dict[str, dict[str, Any]] = {}
    for side, rounds in (("lake", ours), ("hand-written", theirs)):
        for phase in RATIOS:
            for key, unit in (("cpu", "CPU s"), ("wall", "s"), ("peak_bytes", "bytes"), ("bytes_written", "bytes")):
                figures[f"{side} {phase} {key}"] = result.spread([one[phase][key] for one in rounds], unit)
    figures["lake server start"] = result.spread([one["server"] for one in ours], "CPU s")
    for phase in RATIOS:
        base = figures[f"hand-written {phase} cpu"]["median"]
        figures[f"{phase} ratio"] = result.spread([one[phase]["cpu"] / base for one in ours], "× CPU")
        warm = [(one[phase]["cpu"] - one["server"]) / base for one in ours]
        figures[f"{phase} ratio without the server's start"] = result.spread(warm, "× CPU")
    result.write(
        "full_load",
        measure=f"{made.rows:,} rows × 20 columns, 12 rules: first load, and a whole snapshot with 1 % changed",
        target=f"first load <= {RATIOS['first']} ×, snapshot <= {RATIOS['snapshot']} × the CPU of hand-written Spark",
        figures=figures,
        headline=[f"{phase} ratio" for phase in RATIOS],
        met=all(figures[f"{phase} ratio"]["median"] <= limit for phase, limit in RATIOS.items()),
        load_before=load,
        raw={"lake": ours, "hand-written": theirs},
    )
    return 0


def _ours(made: Permits) -> dict[str, Any]:
    """Take both snapshots, each on a server started for it."""
    bench = BenchLake(result.CACHE / "homes" / f"full_load-{made.rows}")
    bench.clear()
    bench.open().ledger.dispose()
    done: dict[str, Any] = {}
    for number, phase in enumerate(RATIOS):
        turn = Turn(number, made.snapshot(number).path, number)
        with bench.served() as server:
            done["server"] = server.cpu()
            cost = lake_take(bench, turn, server, [TABLE], "permit_all")
            cost.server_cpu = server.cpu()
        _say("lake", phase, cost)
        lake = bench.open()
        wrong = differing(folder_of(lake, TABLE), said_half_width(made.snapshot_truth(number)))
        lake.ledger.dispose()
        if wrong:
            raise WrongAnswerError(f"citylake: {wrong} rows are not the truth after the {phase} load")
        done[phase] = cost.as_json()
    return done


def _kept(made: Permits) -> list[dict[str, Any]]:
    spark = Contender("pyspark_delta", result.CACHE / "contest" / f"reload-{made.rows}" / "work")
    path = spark.home.parent.parent / f"reload-{spark.fingerprint}-{made.folder.name}.json"
    return list(json.loads(path.read_text("utf-8"))) if path.exists() else []


def _theirs(made: Permits, rounds: int, *, fresh: bool) -> list[dict[str, Any]]:
    """Load and reload with the hand-written job, unless that is known."""
    if not fresh and (known := _kept(made)):
        return known
    spark = Contender("pyspark_delta", result.CACHE / "contest" / f"reload-{made.rows}" / "work")
    spark.install()
    done = []
    for _ in range(rounds):
        shutil.rmtree(spark.home, ignore_errors=True)
        spark.home.mkdir(parents=True)
        one = {}
        for number, phase in enumerate(RATIOS):
            cost = spark.take(Turn(number, made.snapshot(number).path, number), "--reload", "--clean-only")
            _say("hand-written", phase, cost)
            if wrong := differing(spark.home / "permit", f"SELECT * FROM '{made.snapshot_truth(number)}'"):
                raise WrongAnswerError(f"hand-written: {wrong} rows are not the truth after the {phase} load")
            one[phase] = cost.as_json()
        done.append(one)
    path = spark.home.parent.parent / f"reload-{spark.fingerprint}-{made.folder.name}.json"
    path.write_text(json.dumps(done, indent=1), "utf-8")
    return done


def _say(side: str, phase: str, cost: Cost) -> None:
    sys.stderr.write(
        f"{side} {phase}: {cost.cpu:.1f} CPU s (client {cost.client_cpu:.1f}), {cost.wall:.1f} s, "
        f"{cost.bytes_written / 1e6:.0f} MB, peak {cost.peak_bytes / 1e9:.1f} GB, jobs {cost.jobs}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
