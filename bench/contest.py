"""The contest: the lake and four others take the same deliveries of permits, with the same twelve rules.

    python -m bench.contest [--only NAME …] [--phases first night again ten] [--fresh]

Every contender ends in a clean table, the rejected lines with their reasons, and totals per site, which a reader that
is no part of it can open. Each phase is one process per night, measured whole; the lake's server is started for the
phases and counted, once, in a phase of its own. What others needed is kept in ``.cache/bench/contest`` by what they and
the data are, so that only the lake is measured again when the lake changed.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import result
from bench.deliveries import Permits
from bench.lake import BenchLake, folder_of, night
from bench.meter import Cost, Server, measured_process
from bench.truth import WrongAnswerError, differing, differing_rows

ROOT = Path(__file__).parent.parent
CONTENDERS = Path(__file__).parent / "contenders"
ROWS = 2_000_000
PHASES = ("first", "night", "again", "ten")
CLEAN, SITES = "clean.works__permit", "topic.building__site_permits"
_SITES = (
    "SELECT site_no, count(*) AS permits, sum(amount)::DECIMAL(24,2) AS total_amount, max(area) AS largest_area, "
    "max(end_date) AS last_end_date FROM '{truth}' GROUP BY site_no"
)


@dataclass(frozen=True)
class Turn:
    """One night of a phase: its number, the file that comes, and the night whose truth holds after it."""

    number: int
    delivery: Path
    truth: int


def turns(made: Permits, phase: str) -> list[Turn]:
    """Return the nights of a phase; they follow one another over the phases."""
    plan = {"first": [(0, 0)], "night": [(1, 1)], "again": [(2, 1)], "ten": [(n + 1, n) for n in range(2, 12)]}
    return [Turn(number, made.change(version).path, version) for number, version in plan[phase]]


@dataclass(frozen=True)
class Contender:
    """Somebody else's way, in an environment of its own."""

    name: str
    home: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return result.CACHE / "envs" / self.name / "bin" / "python"

    @property
    def fingerprint(self) -> str:
        """What it is: its files."""
        files = sorted(path for path in (CONTENDERS / self.name).rglob("*") if path.suffix in PARTS)
        return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]

    def install(self) -> None:
        """Make its environment unless it is there."""
        if self.python.exists():
            return
        requirements = CONTENDERS / self.name / "requirements.txt"
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, self.python.parent.parent], check=True)
        subprocess.run(
            [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", self.python, requirements], check=True
        )

    def take(self, turn: Turn, *options: str) -> Cost:
        """Let it take one delivery."""
        command = [self.python, CONTENDERS / self.name / "night.py", "--work", self.home, "--delivery", turn.delivery]
        command += ["--night", turn.number, "--business-date", night(turn.number), *options]
        return measured_process(
            [str(part) for part in command],
            cwd=self.home.parent,
            environment=_environment(),
            log=self.home.parent / f"{self.name}.log",
            folders=[self.home],
        )

    def wrong(self, made: Permits, turn: Turn) -> int:
        """Return how many rows of its tables are not the truth."""
        truth = made.truth(turn.truth)
        if not self.name.endswith("duckdb"):
            return differing(self.home / "permit", f"SELECT * FROM '{truth}'") + differing(
                self.home / "site_permits", _SITES.format(truth=truth)
            )
        schema, live = ("lake.lake", " WHERE NOT is_deleted") if self.name.startswith("sqlmesh") else ("lake.main", "")
        attached = f"ATTACH '{self.home / 'lake.duckdb'}' AS lake (READ_ONLY)"
        return differing_rows(
            f"SELECT * FROM {schema}.permit{live}", f"SELECT * FROM '{truth}'", attached
        ) + differing_rows(f"SELECT * FROM {schema}.site_permits", _SITES.format(truth=truth), attached)


PARTS = frozenset({".py", ".sql", ".yml", ".txt"})
OTHERS = ("pyspark_delta", "polars_delta", "dbt_duckdb", "sqlmesh_duckdb")


def _environment() -> dict[str, str]:
    from citylake.spark.jars import delta_class_path

    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
    return {
        **kept,
        "TZ": "Asia/Shanghai",
        "PYTHONDONTWRITEBYTECODE": "",
        "DELTA_JARS": ",".join(map(str, delta_class_path())),
        "DO_NOT_TRACK": "1",
    }


def compete(name: str, made: Permits, phases: Sequence[str], *, fresh: bool) -> dict[str, Any]:
    """Return what each phase cost somebody else, from what is kept if nothing changed.

    Raises:
        WrongAnswerError: a table was not the truth after a phase.
    """
    contender = Contender(name, result.CACHE / "contest" / f"{name}-{made.rows}" / "work")
    kept = contender.home.parent / f"{contender.fingerprint}-{made.folder.name}.json"
    done: dict[str, Any] = json.loads(kept.read_text("utf-8")) if kept.exists() and not fresh else {}
    if all(phase in done for phase in phases):
        return done
    contender.install()
    if not done:
        shutil.rmtree(contender.home.parent, ignore_errors=True)
    contender.home.mkdir(parents=True, exist_ok=True)
    for phase in phases:
        if phase not in done:
            done[phase] = _phase(made, phase, contender.take, contender.wrong, name)
            kept.write_text(json.dumps(done, indent=1), "utf-8")
    return done


def _phase(
    made: Permits, phase: str, take: Callable[[Turn], Cost], wrong: Callable[[Permits, Turn], int], name: str
) -> dict[str, Any]:
    load = result.load()
    costs = []
    plan = turns(made, phase)
    for turn in plan:
        costs.append(take(turn))
    if found := wrong(made, plan[-1]):
        raise WrongAnswerError(f"{name}: {found} rows are not the truth after phase '{phase}'")
    total = costs[0]
    for cost in costs[1:]:
        total = total.plus(cost)
    sys.stderr.write(f"{name} {phase}: {total.cpu:.1f} CPU s, {total.wall:.1f} s, load {load:.1f}\n")
    changed = sum(len(turn.delivery.read_bytes()) for turn in plan)
    return {**total.as_json(), "load": round(load, 1), "delivered_bytes": changed}


def lake_take(
    bench: BenchLake, turn: Turn, server: Server, tables: Sequence[str] = (CLEAN, SITES), stem: str = "permit"
) -> Cost:
    """Let the lake take one delivery: a process of its own that brings all tables up, on a server that runs."""
    bench.drop(turn.delivery, f"{stem}_{night(turn.number):%Y%m%d}.csv")
    return measured_process(
        [sys.executable, "-m", "bench.lake_night", str(bench.folder), str(turn.number), *tables],
        cwd=ROOT,
        environment=_environment(),
        log=bench.folder.parent / f"{bench.folder.name}.log",
        folders=bench.kept,
        server=server,
    )


def said_half_width(truth: Path) -> str:
    """Return the truth as the lake promises to hold it: full-width signs made half-width."""
    return f"SELECT * REPLACE (replace(remark, '，', ',') AS remark) FROM '{truth}'"


def lake_wrong(bench: BenchLake, made: Permits, turn: Turn) -> int:
    """Return how many rows of the lake's tables are not the truth."""
    lake, truth = bench.open(), made.truth(turn.truth)
    try:
        return differing(folder_of(lake, CLEAN), said_half_width(truth)) + differing(
            folder_of(lake, SITES), _SITES.format(truth=truth)
        )
    finally:
        lake.ledger.dispose()


def lake_compete(made: Permits, phases: Sequence[str]) -> dict[str, Any]:
    """Return what each phase cost the lake; ``server`` is what its start cost, a phase of its own.

    Raises:
        WrongAnswerError: a table was not the truth after a phase.
    """
    bench = BenchLake(result.CACHE / "homes" / f"contest-{made.rows}")
    done: dict[str, Any] = {}
    if "first" in phases:
        bench.clear()
    bench.open().ledger.dispose()
    with bench.served() as server:
        starting = server.cpu()
        for phase in phases:
            done[phase] = _phase(
                made,
                phase,
                lambda turn: lake_take(bench, turn, server),
                lambda data, turn: lake_wrong(bench, data, turn),
                "citylake",
            )
    done["server"] = {"cpu": round(starting, 2)}
    return done


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the contest and write its result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=["citylake", *OTHERS], choices=["citylake", *OTHERS])
    parser.add_argument("--phases", nargs="+", default=list(PHASES), choices=PHASES)
    parser.add_argument("--fresh", action="store_true", help="measure the others again, too")
    said = parser.parse_args(arguments)
    load = result.load()
    made = Permits(round(ROWS * result.scale()), result.CACHE / "data")
    kept = result.CACHE / "contest" / f"citylake-{made.rows}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    everybody: dict[str, Any] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    for name in said.only:
        try:
            if name == "citylake":
                everybody[name] = {**everybody.get(name, {}), **lake_compete(made, said.phases)}
            else:
                everybody[name] = compete(name, made, said.phases, fresh=said.fresh)
        except WrongAnswerError as error:
            everybody[name] = {"wrong": str(error)}
            sys.stderr.write(f"{error}\n")
    kept.write_text(json.dumps(everybody, indent=1), "utf-8")
    _write(made.rows, everybody, load)
    return 0


def against_the_best(everybody: Mapping[str, Any]) -> dict[str, float]:
    """Return the lake's CPU and wall of each phase as multiples of the best contender's, where both have been measured."""
    lake = everybody.get("citylake", {})
    others = [everybody[name] for name in OTHERS if name in everybody and "wrong" not in everybody[name]]
    return {
        f"{phase} {key}": lake[phase][key] / best
        for phase in PHASES
        for key in ("cpu", "wall")
        if phase in lake and (best := min((one[phase][key] for one in others if phase in one), default=0.0))
    }


def _write(rows: int, everybody: Mapping[str, Any], load: float) -> None:
    shares = against_the_best(everybody)
    is_wrong = "wrong" in everybody.get("citylake", {})
    result.write(
        "contest",
        measure=f"the lake and four others: {rows:,} rows × 20 columns, 12 rules, nights of 5,000 changes",
        target="in each phase CPU and wall no worse than the best contender's",
        figures={
            **{name: result.spread([share], "× the best contender") for name, share in shares.items()},
            **{
                f"{name} {phase} {key}": result.spread([cost[key]], unit)
                for name, phases in everybody.items()
                for phase, cost in phases.items()
                if isinstance(cost, dict)
                for key, unit in (("cpu", "CPU s"), ("wall", "s"), ("peak_bytes", "bytes"), ("bytes_written", "bytes"))
                if key in cost
            },
        },
        headline=list(shares),
        met=not is_wrong and all(share <= 1 for share in shares.values()) if shares or is_wrong else None,
        load_before=load,
        raw=everybody,
    )


if __name__ == "__main__":
    sys.exit(main())
