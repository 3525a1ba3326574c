"""What it costs to find out who is who, without a night: ``python -m bench.resolution``.

A made-up city's subjects are written as Parquet, many copies of a small one (that is not measured). Then two processes of their
own resolve them: everybody, and the night after with some changed records.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from bench.city_subjects import make_subjects, multiply
from bench.resolution_score import score
from bench.result import load, scale, spread, write
from city.world.city import City
from citylake.contract.catalog import load_catalog
from citylake.contract.resolve_spec import ResolveSpec, load_resolve_spec
from citylake.resolve.crosswalk import ROW, resolve, resolve_touched
from citylake.resolve.ids import Minting
from citylake.resolve.store import opened

DAY = date(2026, 11, 22)
CHANGED = 5_000
COPIES = 15
"""Of a city of 20,000, who leave about nine records each: 2.8 million subjects."""
FIRST_CPU, FIRST_MB, NIGHT_CPU = 300, 6 * 1024, 30
_TYPES = {"valid_from": "DATE", "candidates": "INTEGER", "score": "DECIMAL(5, 4)"}


def main() -> None:
    """Measure and print one line of JSON per step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000, help="Of one copy of the city.")
    parser.add_argument("--copies", type=int, default=max(round(COPIES * scale()), 1))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--library", default="population")
    parser.add_argument(
        "--folder", type=Path, help="Where subjects lie or are put; default: a folder removed at the end."
    )
    parser.add_argument("--step", choices=("first", "night"), help="Only this step, in this process.")
    parser.add_argument(
        "--score", action="store_true", help="Resolve everybody once and hold it against the truth; for tuning."
    )
    said = parser.parse_args()
    if said.step is not None:
        print(json.dumps(_measured(said.step, said.library, said.folder)))
        return
    before = load()
    with tempfile.TemporaryDirectory(prefix="citylake-bench-") as temporary:
        folder = said.folder or Path(temporary)
        spec = _spec(said.library)
        _make(spec, folder, said.people, said.seed, 1 if said.score else said.copies)
        if said.score:
            _taken("first", said.library, folder)
            print(
                *score(
                    _subjects(spec, folder),
                    folder / f"{spec.kind}_crosswalk.parquet",
                    spec.kind,
                    said.people,
                    said.seed,
                ),
                sep="\n",
            )
            return
        taken = {step: _taken(step, said.library, folder) for step in ("first", "night")}
    _write(taken, before)


def _make(spec: ResolveSpec, folder: Path, people: int, seed: int, copies: int) -> None:
    if _subjects(spec, folder).exists():
        return
    made = make_subjects(City(people, seed, DAY), load_catalog(), spec, 0, folder)
    if copies > 1 and spec.kind == "person":
        multiply(made, copies, folder / "copies.parquet")
        (folder / "copies.parquet").replace(made)


def _taken(step: str, library: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.resolution", "--step", step, "--library", library, "--folder", str(folder)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    print(told, end="", flush=True)
    found: dict[str, Any] = json.loads(told)
    return found


def _write(taken: Mapping[str, Mapping[str, Any]], load_before: float) -> None:
    units = {"cpu_seconds": "CPU s", "wall_seconds": "s", "peak_mb": "MB", "touched": "subjects", "slice": "subjects"}
    figures = {
        f"{step} {name}": spread([one[name]], unit)
        for step, one in taken.items()
        for name, unit in units.items()
        if name in one
    }
    first, night = taken["first"], taken["night"]
    write(
        "resolution",
        measure=f"who is who among {first['subjects']:,} subjects of a copied made-up city: all at once, "
        f"and a night with {CHANGED:,} changed ones",
        target=f"first <= {FIRST_CPU} CPU s and <= {FIRST_MB // 1024} GB; night <= {NIGHT_CPU} CPU s",
        figures=figures,
        headline=["first cpu_seconds", "first peak_mb", "night cpu_seconds"],
        met=first["cpu_seconds"] <= FIRST_CPU and first["peak_mb"] <= FIRST_MB and night["cpu_seconds"] <= NIGHT_CPU,
        load_before=load_before,
        raw=taken,
    )


def _measured(step: str, library: str, folder: Path) -> dict[str, object]:
    began, spec = time.monotonic(), _spec(library)
    with opened() as store:
        counts = (_first if step == "first" else _night)(store, spec, folder)
        used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "step": step,
        "library": library,
        **counts,
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "wall_seconds": round(time.monotonic() - began, 1),
        "peak_mb": used.ru_maxrss // 1024,
    }


def _first(store: duckdb.DuckDBPyConnection, spec: ResolveSpec, folder: Path) -> dict[str, int]:
    store.execute(f"CREATE TABLE subject AS SELECT * EXCLUDE (number, mistakes) FROM '{_subjects(spec, folder)}'")
    columns = [f"{name} {_TYPES.get(name, 'VARCHAR')}" for name in ROW]
    store.execute(f"CREATE TABLE before ({', '.join(columns)})")
    _no_decisions(store)
    resolve(store, spec, Minting(spec.id, b"bench", DAY))
    store.execute(f"COPY made TO '{folder / f'{spec.kind}_crosswalk.parquet'}' (FORMAT parquet)")
    return {"subjects": _count(store, "subject"), "rows": _count(store, "made")}


def _night(store: duckdb.DuckDBPyConnection, spec: ResolveSpec, folder: Path) -> dict[str, int]:
    """Let some records say another telephone: their own subjects, and whoever shares one, have to be looked at again."""
    store.execute(f"CREATE TABLE everybody AS SELECT * EXCLUDE (number, mistakes) FROM '{_subjects(spec, folder)}'")
    store.execute(f"CREATE TABLE before AS SELECT * FROM '{folder / f'{spec.kind}_crosswalk.parquet'}'")
    _no_decisions(store)
    chosen = f"SELECT subject_id FROM everybody ORDER BY hash(subject_id) LIMIT {CHANGED}"
    store.execute(f"CREATE TABLE changed AS SELECT * FROM everybody WHERE subject_id IN ({chosen})")
    store.execute("UPDATE everybody SET phone = reverse(phone) WHERE subject_id IN (SELECT subject_id FROM changed)")
    store.execute("INSERT INTO changed SELECT * FROM everybody WHERE subject_id IN (SELECT subject_id FROM changed)")
    resolve_touched(store, spec, Minting(spec.id, b"bench", DAY))
    return {"changed": CHANGED, "touched": _count(store, "touched"), "slice": _count(store, "subject")}


def _no_decisions(store: duckdb.DuckDBPyConnection) -> None:
    store.execute("CREATE TABLE override (subject_id VARCHAR, other_subject_id VARCHAR, decision VARCHAR)")
    store.execute("CREATE TABLE withdrawn (subject_id VARCHAR)")


def _spec(library: str) -> ResolveSpec:
    return load_resolve_spec(Path(__file__).parents[1] / "schemas/base" / library / "resolve.yml")


def _subjects(spec: ResolveSpec, folder: Path) -> Path:
    return folder / f"{spec.kind}_0.parquet"


def _count(store: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(store.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


if __name__ == "__main__":
    main()
