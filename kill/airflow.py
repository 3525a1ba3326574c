"""A cell through Airflow: ``citylake night`` with its services, one of which dies, then ``citylake night`` once more.

All these cells share one home, one night after the other, so that whatever a killed night left behind would be carried
along. Each night is compared with the same night of the home in which nothing was ever killed.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from citylake.settings import PROJECT_ROOT, Settings
from kill import moments
from kill.checks import Checked, check
from kill.homes import OPEN, Homes, day_of, installation, prepare, settle_in
from kill.moments import Order
from kill.reader import start_reader, stop_reader

COMMAND = [str(Path(sys.executable).with_name("citylake")), "night", "--json", "--minutes", "12"]
PATIENCE = 12.0
"""Seconds that somebody looks at a night that does not go on before starting it again."""
LONGEST = 900.0
PUBLISHED_ANYHOW = (0, 1)
"""1: published, but the made-up city's truth is missed somewhere, as so small a city may."""


@dataclass(frozen=True)
class AirflowCell:
    """One cell.

    Attributes:
        name: of the cell, also of its file.
        killed: what dies.
        where: at which moment.
        order: what to do at which moment inside a task.
        command: signal for ``citylake night`` itself at that moment.
        heals: Airflow is expected to bring the night to its end by itself; the re-run then finds it published.
        twice: start a second night beside the first.
    """

    name: str
    killed: str
    where: str
    order: Order
    command: signal.Signals | None = None
    heals: bool = False
    twice: bool = False
    way: Literal["Airflow"] = field(default="Airflow", init=False)


def home_of(homes: Homes) -> Path:
    """Return the home of all cells through Airflow."""
    return homes.root / "airflow"


def next_night(homes: Homes) -> int:
    """Return the number of the night that comes next in that home."""
    from ledger.database import open_ledger
    from ledger.nights import newest_published

    if not home_of(homes).exists():
        return 2
    ledger = open_ledger(installation(home_of(homes)).ledger_url)
    newest = newest_published(ledger)
    ledger.dispose()
    assert newest is not None, "the home of the Airflow cells is a copy of one with a publication"
    return (newest - day_of(1)).days + 2


def run_cell(cell: AirflowCell, homes: Homes) -> Checked:
    """Kill, run again, compare."""
    home = home_of(homes)
    if not home.exists():
        shutil.copytree(homes.stage(2, OPEN), home, symlinks=True)
    night = next_night(homes)
    chosen = installation(home)
    environment = _environment(chosen)
    before, after = homes.expected(night - 1), homes.expected(night)
    seen = {day_of(night - 1).isoformat(): before["published"], day_of(night).isoformat(): after["published"]}
    (home / moments.FOLDER).mkdir(exist_ok=True)
    sight_file = home / moments.FOLDER / "sight.json"
    settle_in(chosen, "")
    prepare(chosen, night)
    reader = start_reader(chosen, seen, sight_file)
    try:
        struck, note = _first(cell, home, environment)
        began = time.monotonic()
        status = _ended(_start(environment, home, "second"), LONGEST)
        seconds = time.monotonic() - began
    finally:
        sight = stop_reader(reader, sight_file)
    status = 0 if status in PUBLISHED_ANYHOW else status
    return check(chosen, day_of(night), after, sight, struck=struck, note=note, status=status, seconds=seconds)


def _first(cell: AirflowCell, home: Path, environment: Mapping[str, str]) -> tuple[bool, str]:
    """Run the first attempt up to its end, or as long as somebody would look at it."""
    moments.forget(home)
    cell.order.write(home)
    began = time.monotonic()
    running = [_start(environment, home, "first")]
    if cell.twice:
        running.append(_start(environment, home, "beside"))
    while not moments.was_carried_out(home) and running[0].poll() is None and time.monotonic() - began < LONGEST:
        time.sleep(0.05)
    struck, note = moments.was_carried_out(home), f"after {time.monotonic() - began:.1f} s"
    moments.withdraw(home)
    if cell.command is not None:
        os.killpg(running[0].pid, cell.command)
    for one in running:
        _ended(one, LONGEST if cell.heals else PATIENCE)
    return struck, note


def _start(environment: Mapping[str, str], home: Path, name: str) -> "subprocess.Popen[bytes]":
    with (home / moments.FOLDER / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            COMMAND, env=dict(environment), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )


def _ended(command: "subprocess.Popen[bytes]", patience: float) -> int:
    """Wait for a command; when it does not end, stop it as Ctrl-C would."""
    for end in (signal.SIGINT, signal.SIGKILL):
        try:
            return command.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(command.pid, end)
            patience = 30.0
    return command.wait()


def _environment(chosen: Settings) -> dict[str, str]:
    """Return what ``citylake`` is started with; the folder ``armed`` is what makes its processes obey an order."""
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("CITYLAKE_CONNECTION_", "AIRFLOW"))
    }
    own |= {f"CITYLAKE_{name.upper()}": str(value) for name, value in chosen.model_dump().items()}
    paths = (PROJECT_ROOT, PROJECT_ROOT / "plugins", PROJECT_ROOT / "kill" / "armed")
    return own | {"CITYLAKE_SPARK_SHORT_LIVED": "1", "PYTHONPATH": os.pathsep.join(map(str, paths))}


def airflow_cells() -> list[AirflowCell]:
    """Return all cells through Airflow."""
    collecting = ("ledger.deliveries:receive", "after the ledger, before raw")
    deriving = ("ledger.runs:record", "after the base library's commit, before the ledger")
    person, crosswalk = "base.population__person", "base.population__crosswalk"
    scheduler, api, dags = "airflow-scheduler", "airflow-api", "airflow-dags"
    everything = (scheduler, api, dags, "city-api", "spark", moments.SELF)
    deriving_order = Order(deriving[0], of=person)
    return [
        AirflowCell(
            "airflow-task-landed",
            "an Airflow task",
            "after landing, before the ledger",
            Order("jobs.sources.landing:store", "after"),
            heals=True,
        ),
        AirflowCell(
            "airflow-task-committed",
            "an Airflow task",
            "after the crosswalk's commit, before the ledger",
            Order("ledger.runs:record", of=crosswalk),
            heals=True,
        ),
        AirflowCell(
            "airflow-task-judging",
            "an Airflow task",
            "while Great Expectations asks",
            Order("jobs.gate.validate:Validator._ask"),
            heals=True,
        ),
        AirflowCell(
            "airflow-task-publishing",
            "an Airflow task",
            "after the publication, before the views",
            Order("jobs.publication.publish:refresh_views"),
            heals=True,
        ),
        AirflowCell(
            "airflow-scheduler-collecting",
            "the scheduler",
            collecting[1],
            Order(collecting[0], "after", act=(scheduler,)),
        ),
        AirflowCell(
            "airflow-scheduler-deriving", "the scheduler", deriving[1], Order(deriving[0], of=person, act=(scheduler,))
        ),
        AirflowCell(
            "airflow-api-collecting", "the api-server", collecting[1], Order(collecting[0], "after", act=(api,))
        ),
        AirflowCell("airflow-api-deriving", "the api-server", deriving[1], Order(deriving[0], of=person, act=(api,))),
        AirflowCell(
            "airflow-dags-deriving", "the dag-processor", deriving[1], Order(deriving[0], of=person, act=(dags,))
        ),
        AirflowCell(
            "airflow-spark-collecting",
            "the Spark server",
            "between the commits to raw and clean",
            Order("jobs.engine.write:Writer._committed", "after", act=("spark",)),
        ),
        AirflowCell(
            "airflow-spark-deriving", "the Spark server", deriving[1], Order(deriving[0], of=person, act=("spark",))
        ),
        AirflowCell(
            "airflow-ctrl-c",
            "citylake night (Ctrl-C)",
            collecting[1],
            Order(collecting[0], "after", act=()),
            command=signal.SIGINT,
        ),
        AirflowCell(
            "airflow-night-killed",
            "citylake night",
            deriving[1],
            Order(deriving[0], of=person, act=()),
            command=signal.SIGKILL,
        ),
        AirflowCell(
            "airflow-power", "all services and the task", deriving[1], Order(deriving[0], of=person, act=everything)
        ),
        AirflowCell(
            "airflow-two-nights",
            "an Airflow task",
            "two nights started at once; " + deriving[1],
            deriving_order,
            heals=True,
            twice=True,
        ),
    ]
