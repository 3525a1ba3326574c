"""What it costs to find out who is who, without a night: ``python -m bench.resolution --people 1000000``.

A made-up city's subjects are written as Parquet (that is not measured). Then two processes of their own resolve them: everybody,
and the night after with some changed records. Told are CPU seconds, wall seconds and the largest resident memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

from bench.city_subjects import make_subjects
from city.world import City
from jobs.resolve.crosswalk import ROW, resolve, resolve_touched
from jobs.resolve.ids import Minting
from jobs.resolve.store import opened
from schemas.catalog import load_catalog
from schemas.resolve_spec import ResolveSpec, load_resolve_spec

DAY = date(2026, 11, 22)
CHANGED = 5_000
_TYPES = {"valid_from": "DATE", "candidates": "INTEGER", "score": "DECIMAL(5, 4)"}


def main() -> None:
    """Measure and print one line of JSON per step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--library", default="population")
    parser.add_argument(
        "--folder", type=Path, help="Where subjects lie or are put; default: a folder removed at the end."
    )
    parser.add_argument("--step", choices=("first", "night"), help="Only this step, in this process.")
    said = parser.parse_args()
    if said.step is not None:
        print(json.dumps(_measured(said.step, said.library, said.folder)))
        return
    with tempfile.TemporaryDirectory(prefix="citylake-bench-") as temporary:
        folder = said.folder or Path(temporary)
        spec = _spec(said.library)
        if not _subjects(spec, folder).exists():
            make_subjects(City(said.people, said.seed, DAY), load_catalog(), spec, 0, folder)
        for step in ("first", "night"):
            command = [sys.executable, "-m", "bench.resolution", "--step", step, "--library", said.library]
            subprocess.run([*command, "--folder", str(folder)], check=True)


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
    store.execute(f"CREATE TABLE subject AS SELECT * EXCLUDE (number) FROM '{_subjects(spec, folder)}'")
    columns = [f"{name} {_TYPES.get(name, 'VARCHAR')}" for name in ROW]
    store.execute(f"CREATE TABLE before ({', '.join(columns)})")
    _no_decisions(store)
    resolve(store, spec, Minting(spec.id, b"bench", DAY))
    store.execute(f"COPY made TO '{folder / 'crosswalk.parquet'}' (FORMAT parquet)")
    return {"subjects": _count(store, "subject"), "rows": _count(store, "made")}


def _night(store: duckdb.DuckDBPyConnection, spec: ResolveSpec, folder: Path) -> dict[str, int]:
    """Let some records say another telephone: their own subjects, and whoever shares one, have to be looked at again."""
    store.execute(f"CREATE TABLE everybody AS SELECT * EXCLUDE (number) FROM '{_subjects(spec, folder)}'")
    store.execute(f"CREATE TABLE before AS SELECT * FROM '{folder / 'crosswalk.parquet'}'")
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
