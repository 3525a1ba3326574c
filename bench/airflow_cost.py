"""What Airflow itself costs: processor seconds per task of a night beyond the work of the tasks, and per idle minute.

    python -m bench.airflow_cost [--people 400] [--nights 2] [--home FOLDER]

A real small city, real services. The processor time of all Airflow processes and of whatever they started is read
before and after a night; what the tasks' functions took themselves (``cpu_seconds`` of their reports) is taken off, the
rest is divided by the tasks that ran. Opening the lake and the Spark session counts as Airflow's cost, and so does
what imports take inside a task.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil

from bench.result import load, spread, write
from city.delivery.deliver import deliver
from citylake.lake import Lake, open_lake
from citylake.night.conductor import conduct, next_date
from citylake.services.airflow import SERVICES
from citylake.services.airflow_rest import AirflowClient
from citylake.services.city_api import start_city_api
from citylake.services.lake import down, up
from citylake.settings import Settings
from citylake.supervisor import find

TARGET = 1.5
IDLE_SECONDS = 60.0
_SETTLE_SECONDS = 15.0
_RAN = frozenset({"success", "failed", "skipped"})


@dataclass(frozen=True)
class Night:
    """What a night took: processor seconds of each service, of the tasks' own work, and how many tasks ran."""

    services: dict[str, float]
    own: float
    tasks: int
    wall: float

    @property
    def per_task(self) -> float:
        """Airflow's own processor seconds per task."""
        return (sum(self.services.values()) - self.own) / self.tasks


def spent(settings: Settings) -> dict[str, float]:
    """Return the processor seconds of each Airflow service so far, with all that it started, ended or not."""
    found = {}
    for name in SERVICES:
        record = find(settings, name)
        assert record is not None, f"{name} does not run"
        root = psutil.Process(record.pid)
        found[name] = sum(_seconds([root, *root.children(recursive=True)]))
    return found


def _seconds(processes: Iterable[psutil.Process]) -> Iterable[float]:
    for process in processes:
        try:
            yield sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue


def measure_night(settings: Settings, lake: Lake) -> Night:
    """Run the next business date and return what it took."""
    day = next_date(lake)
    deliver(settings, day)
    start_city_api(settings)
    before, began = spent(settings), time.monotonic()
    with AirflowClient(settings) as client:
        for _ in conduct(lake, client, day, limit=timedelta(minutes=30)):
            pass
        wall = time.monotonic() - began
        _wait_until_quiet(client, day)
        after = spent(settings)
        own, tasks = own_work(client, day)
    return Night({name: after[name] - before[name] for name in SERVICES}, own, tasks, wall)


def own_work(client: AirflowClient, day: date) -> tuple[float, int]:
    """Return the processor seconds that the tasks of a date took themselves, and how many tasks had a process."""
    own, tasks = 0.0, 0
    for dag in client.dags():
        for run in client.runs(dag, day):
            reports = client.reports(dag, run.run_id)
            own += sum(float(report.get("cpu_seconds") or 0.0) for report in reports.values())
            ran = [task for task in client.tasks(dag, run.run_id) if task.state in _RAN and task.seconds]
            tasks += sum(task.tries for task in ran)
    return own, tasks


def _wait_until_quiet(client: AirflowClient, day: date) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if all(run.finished for dag in client.dags() for run in client.runs(dag, day)):
            return
        time.sleep(1.0)


def measure_idle(settings: Settings) -> dict[str, float]:
    """Return the processor seconds per minute of each service while nothing runs."""
    time.sleep(_SETTLE_SECONDS)
    before, began = spent(settings), time.monotonic()
    time.sleep(IDLE_SECONDS)
    share = 60.0 / (time.monotonic() - began)
    after = spent(settings)
    return {name: (after[name] - before[name]) * share for name in SERVICES}


def figures_of(nights: list[Night], idle: dict[str, float]) -> dict[str, dict[str, Any]]:
    """Return all figures with their spread."""
    rate = sum(idle.values()) / 60.0
    figures = {
        "per_task": spread([night.per_task for night in nights], "CPU s per task"),
        # What Airflow would have taken in the same time without any task is the price of its running at all.
        "per_task_beside_idling": spread(
            [night.per_task - rate * night.wall / night.tasks for night in nights], "CPU s per task"
        ),
        "idle": spread([sum(idle.values())], "CPU s per minute"),
        "tasks": spread([night.tasks for night in nights], "tasks per night"),
        "own_work": spread([night.own for night in nights], "CPU s per night"),
        "wall": spread([night.wall for night in nights], "s"),
    }
    for name in SERVICES:
        figures[f"night_{name}"] = spread([night.services[name] for night in nights], "CPU s per night")
        figures[f"idle_{name}"] = spread([idle[name]], "CPU s per minute")
    return figures


def main() -> None:
    """Measure, print, write ``results/airflow_cost.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--nights", type=int, default=2)
    parser.add_argument("--home", type=Path)
    chosen, busy = parser.parse_args(), load()
    with tempfile.TemporaryDirectory(prefix="citylake-cost-") as folder:
        settings = Settings(home=chosen.home or Path(folder) / "home", people=chosen.people)
        lake = open_lake(settings)
        try:
            up(settings)
            nights = [measure_night(settings, lake) for _ in range(chosen.nights)]
            idle = measure_idle(settings)
        finally:
            down(settings)
    figures = figures_of(nights, idle)
    met = figures["per_task"]["median"] <= TARGET
    write(
        "airflow_cost", measure="Airflow's own cost per task of a night", figures=figures, headline=["per_task", "idle"],
        target=f"<= {TARGET} CPU s per task beyond the table's own work", met=met, load_before=busy,
        raw={"nights": [asdict(night) for night in nights], "idle": idle},
    )  # fmt: skip
    for name, one in figures.items():
        print(f"{name:24} {one['median']:9.2f}  ({one['min']:.2f} to {one['max']:.2f})  {one['unit']}")
    sys.exit(not met)


if __name__ == "__main__":
    main()
