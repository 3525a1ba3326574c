"""A night in which nothing moved: some 350 tables of generated contracts, the whole ``libraries`` DAG on a real Airflow.

    python -m bench.nothing_moved [--nights 3]

No Spark server exists: the lake is told of one at an address where nobody listens, so that a task that asks it for
anything fails, and the measure with it. Measured from ``night.ready`` to the publication, and to the end of the DAG.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake

from bench.airflow_cost import spent
from bench.generated import make_project
from bench.result import load, spread, write
from citylake.contract.model import Contract, DerivedContract
from citylake.engine.run.meaning import dress, meaning
from citylake.lake import Lake, open_lake
from citylake.ledger.columns import Consumed
from citylake.ledger.nights.nights import Settled, SettledOutcome, night, publication, publish, ready, settle
from citylake.ledger.runs.runs import Outcome, record, start
from citylake.ledger.runs.tables import TableState, accept, table_states
from citylake.night.conductor import CUTOFF, LIBRARIES
from citylake.night.steps.ready import pinned_now
from citylake.read.entries import candidates
from citylake.services.airflow_rest import AirflowClient
from citylake.services.lake import down, up
from citylake.settings import Settings
from citylake.supervisor import free_port

FIRST = date(2026, 6, 1)
TARGET = 60.0
_WAIT = 600.0


def make_lake(folder: Path) -> Lake:
    """Return a lake of generated contracts whose tables exist, are accepted, and are published for ``FIRST``."""
    project = folder / "project"
    make_project(project)
    settings = Settings(
        home=folder / "home", project=project, lake="", landing="", ledger="",
        spark_remote=f"sc://127.0.0.1:{free_port()}",
    )  # fmt: skip
    lake = open_lake(settings)
    one = folder / "one"
    write_deltalake(str(one), pa.table({"person_id": ["P1"]}))
    states: dict[str, TableState] = {}
    for contract in lake.catalog.contracts.values():
        target = Path(lake.location(contract.name))
        shutil.copytree(one, target)
        states[contract.name] = _said_to_be_made(lake, contract, states)
    settle_all(lake, FIRST, "accepted")
    made = ready(lake.ledger, FIRST, pinned_now(lake), [])
    entries = candidates(lake, table_states(lake.ledger), made)
    publish(lake.ledger, FIRST, entries.values())
    return lake


def _said_to_be_made(lake: Lake, contract: Contract, states: Mapping[str, TableState]) -> TableState:
    """Record that a table was made from what its inputs hold."""
    consumed = {}
    if isinstance(contract, DerivedContract):
        for alias, item in contract.inputs.items():
            state = states[item.table]
            content = state.accepted_content if item.part is None else state.parts[item.part]
            consumed[alias] = Consumed(content or 0, state.accepted_version or 0)
    run = start(
        lake.ledger, table=contract.name, kind="rebuild", business_date=FIRST, session_id="", inputs=consumed,
        meaning=meaning(lake, contract), dress=dress(contract),
    )  # fmt: skip
    resolves = contract.name in lake.catalog.crosswalks.values()
    parts = tuple(item.resource for item in lake.catalog.collected) if resolves else ()
    record(lake.ledger, run.id, Outcome("done", version=0, parts=parts, rows=1, consumed=consumed, accepted=True))
    return accept(lake.ledger, [contract.name], business_date=FIRST)[contract.name]


def settle_all(lake: Lake, day: date, outcome: SettledOutcome) -> None:
    """Say what every department's collection of a date came to."""
    for department in sorted({item.domain for item in lake.catalog.collected}):
        settle(
            lake.ledger,
            department,
            day,
            [Settled(one.resource, outcome) for one in lake.catalog.of_department(department)],
        )


def one_night(lake: Lake, client: AirflowClient, day: date) -> dict[str, float]:
    """Let Airflow have a date in which nobody delivered anything new, and return what it took."""
    settle_all(lake, day, "unchanged")
    before, runs_before = spent(lake.settings), _newest_run(lake)
    client.trigger(CUTOFF, day)
    for _ in _until(f"{day} is not published"):
        if any(run.finished for run in client.runs_of(day).get(LIBRARIES, [])):
            break
    after = spent(lake.settings)
    [run] = client.runs_of(day)[LIBRARIES]
    assert run.state == "success", f"libraries ended {run.state}"
    assert _newest_run(lake) == runs_before, "a table was run"
    begun, published = night(lake.ledger, day), publication(lake.ledger, day)
    assert begun is not None
    assert published is not None, f"{day} was not published"
    assert [one for one in published.entries if one.stale] == []
    assert run.ended_at is not None
    tasks = [task for task in client.tasks(LIBRARIES, run.run_id) if task.state == "success"]
    return {
        "wall_to_publication": (published.published_at - begun.created_at).total_seconds(),
        "wall": (run.ended_at - begun.created_at).total_seconds(),
        "cpu": sum(after.values()) - sum(before.values()),
        "tasks_that_ran": len(tasks),
        "tables": len(lake.catalog.derived),
        "published": len(published.entries),
        **{name: after[name] - before[name] for name in after},
    }


def _newest_run(lake: Lake) -> int:
    from citylake.ledger.runs.runs import runs

    return max((run.id for run in runs(lake.ledger, limit=1)), default=0)


def _until(message: str) -> Iterator[None]:
    end = time.monotonic() + _WAIT
    while time.monotonic() < end:
        yield
        time.sleep(1.0)
    raise AssertionError(message)


def measure(folder: Path, nights: int) -> list[dict[str, float]]:
    """Make the lake, start Airflow, run the nights."""
    lake = make_lake(folder)
    wanted = {CUTOFF, "ready", LIBRARIES}
    try:
        up(lake.settings)
        with AirflowClient(lake.settings) as client:
            for _ in _until("Airflow did not read the DAGs"):
                if wanted <= set(client.dags()):
                    break
            return [one_night(lake, client, FIRST + timedelta(days=number + 1)) for number in range(nights)]
    finally:
        down(lake.settings)
        lake.ledger.dispose()


def main() -> None:
    """Measure, print, write ``results/nothing_moved.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=3)
    chosen, busy = parser.parse_args(), load()
    with tempfile.TemporaryDirectory(prefix="citylake-nothing-") as folder:
        raw = measure(Path(folder), chosen.nights)
    units = {
        "wall": "s",
        "wall_to_publication": "s",
        "tasks_that_ran": "tasks",
        "tables": "tables",
        "published": "tables",
    }
    figures = {name: spread([one[name] for one in raw], units.get(name, "CPU s")) for name in raw[0]}
    figures["spark_operations"] = spread([0.0], "operations")
    met = figures["wall"]["max"] <= TARGET
    write(
        "nothing_moved", measure="a night in which nothing moved, some 350 tables: the whole libraries DAG",
        target=f"<= {TARGET:.0f} s from night.ready to the end of the DAG, no Spark job", figures=figures,
        headline=["wall", "spark_operations"], met=met, load_before=busy, raw=raw,
    )  # fmt: skip
    for name, one in figures.items():
        print(f"{name:24} {one['median']:9.2f}  ({one['min']:.2f} to {one['max']:.2f})  {one['unit']}")
    sys.exit(not met)


if __name__ == "__main__":
    main()
