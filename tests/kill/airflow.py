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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from citylake.settings import PROJECT_ROOT, Settings
from tests.kill import moments
from tests.kill.checks import Checked, check
from tests.kill.homes import OPEN, Homes, day_of, installation, own_databases, prepare, settle_in
from tests.kill.moments import Order
from tests.kill.reader import start_reader, stop_reader

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
        heals: Airflow is expected to bring the night to its end by itself.
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
    from citylake.ledger.database import open_ledger
    from citylake.ledger.nights.nights import newest_published

    if not home_of(homes).exists():
        return 2
    ledger = open_ledger(installation(home_of(homes)).ledger_url)
    newest = newest_published(ledger)
    ledger.dispose()
    assert newest is not None, "the home of the Airflow cells is a copy of one with a publication"
    return (newest - day_of(1)).days + 2


def run_cells(cells: Sequence[AirflowCell], homes: Homes) -> dict[str, Checked]:
    """Kill, run again, compare; several cells of one night come one after the other."""
    home = home_of(homes)
    if not home.exists():
        shutil.copytree(homes.stage(2, OPEN), home, symlinks=True)
        own_databases(installation(home))
    night = next_night(homes)
    chosen = installation(home)
    (home / moments.FOLDER).mkdir(exist_ok=True)
    settle_in(chosen, "")
    prepare(chosen, night)
    before, after = homes.expected(night - 1), homes.expected(night)
    seen = {day_of(night - 1).isoformat(): before["published"], day_of(night).isoformat(): after["published"]}
    sight_file = home / moments.FOLDER / "sight.json"
    reader = start_reader(chosen, seen, sight_file)
    try:
        attempts = _attempts(cells, home, _environment(chosen))
        began = time.monotonic()
        # One more command after the publication would begin the next date.
        healed = next_night(homes) > night
        status = 0 if healed else _ended(_start(_environment(chosen), home, "again"), LONGEST)
        attempts.append((False, time.monotonic() - began))
    finally:
        sight = stop_reader(reader, sight_file)
    done = check(chosen, day_of(night), after, sight, status=0 if status in PUBLISHED_ANYHOW else status)
    return {
        cell.name: done.of(attempts[number][0], f"after {attempts[number][1]:.1f} s", attempts[number + 1][1])
        for number, cell in enumerate(cells)
    }


def _attempts(cells: Sequence[AirflowCell], home: Path, environment: Mapping[str, str]) -> list[tuple[bool, float]]:
    """Run the night up to the moment of each cell; return whether it came, and after how many seconds.

    What Airflow heals goes on under the same command; otherwise somebody looks at it for a while and starts it again.
    """
    found: list[tuple[bool, float]] = []
    running: list[subprocess.Popen[bytes]] = []
    for number, cell in enumerate(cells):
        cell.order.write(home)
        began = time.monotonic()
        if not running:
            running = [_start(environment, home, cell.name)]
            running += [_start(environment, home, f"{cell.name}-beside")] if cell.twice else []
        while (
            not moments.was_carried_out(home, cell.order)
            and running[0].poll() is None
            and time.monotonic() - began < LONGEST
        ):
            time.sleep(0.05)
        found.append((moments.was_carried_out(home, cell.order), time.monotonic() - began))
        moments.withdraw(home)
        if cell.command is not None and running[0].poll() is None:
            os.killpg(running[0].pid, cell.command)
        if not cell.heals or number == len(cells) - 1:
            for one in running:
                _ended(one, LONGEST if cell.heals else PATIENCE)
            running = []
    return found


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
    paths = (PROJECT_ROOT, PROJECT_ROOT / "plugins", PROJECT_ROOT / "tests" / "kill" / "armed")
    return own | {"CITYLAKE_SPARK_SHORT_LIVED": "1", "PYTHONPATH": os.pathsep.join(map(str, paths))}


SERIES = (
    ("airflow-task-landed", "airflow-task-committed", "airflow-task-judging", "airflow-task-publishing"),
    ("airflow-scheduler-collecting", "airflow-api-deriving", "airflow-dags-deriving"),
    ("airflow-ctrl-c", "airflow-scheduler-deriving", "airflow-power"),
    # A task that waits for the server while the command starts it again goes on, and cannot be told to die any more.
    ("airflow-spark-collecting",),
    # Without the dag-processor or the command the night goes on: what follows in a series must lie far enough ahead.
    ("airflow-api-collecting", "airflow-night-killed", "airflow-spark-deriving"),
)
"""Cells whose moments lie in one night, one after the other: each is followed by its re-run, up to the next one."""
_COMMITTED = {
    "base.population__crosswalk": "after the crosswalk's commit, before the ledger",
    "base.population__person": "after the base library's commit, before the ledger",
    "topic.social_security__person_benefit": "after the topic library's commit, before the ledger",
}


def airflow_cells() -> list[AirflowCell]:
    """Return all cells through Airflow."""
    crosswalk, person, benefit = _COMMITTED
    scheduler, api, dags = "airflow-scheduler", "airflow-api", "airflow-dags"
    return [
        *_tasks(crosswalk),
        _received("airflow-scheduler-collecting", "the scheduler", scheduler),
        _committed("airflow-scheduler-deriving", "the scheduler", crosswalk, scheduler),
        _received("airflow-api-collecting", "the api-server", api),
        _committed("airflow-api-deriving", "the api-server", crosswalk, api),
        _committed("airflow-dags-deriving", "the dag-processor", person, dags),
        AirflowCell(
            "airflow-spark-collecting",
            "the Spark server",
            "after a commit to raw or clean, before the ledger",
            Order("citylake.delta.write:Writer._committed", "after", act=("spark",)),
        ),
        _committed("airflow-spark-deriving", "the Spark server", benefit, "spark"),
        replace(_received("airflow-ctrl-c", "citylake night, by Ctrl-C"), command=signal.SIGINT),
        replace(_committed("airflow-night-killed", "citylake night", crosswalk), command=signal.SIGKILL),
        _committed(
            "airflow-power",
            "all services and the task",
            person,
            *(scheduler, api, dags, "city-api", "spark", moments.SELF),
        ),
        AirflowCell(
            "airflow-two-nights",
            "an Airflow task",
            "two nights started at once; " + _COMMITTED[person],
            Order("citylake.ledger.runs.runs:record", of=person),
            heals=True,
            twice=True,
        ),
    ]


def _tasks(crosswalk: str) -> list[AirflowCell]:
    """Return the cells in which a task dies; Airflow tries it again."""
    moments_of = {
        "landed": ("after landing, before the ledger", Order("citylake.sources.landing:store", "after")),
        "committed": (_COMMITTED[crosswalk], Order("citylake.ledger.runs.runs:record", of=crosswalk)),
        "judging": ("while Great Expectations asks", Order("citylake.night.judging.validate:Validator._ask")),
        "publishing": (
            "after the publication, before the views",
            Order("citylake.night.publication.publish:refresh_views"),
        ),
    }
    return [
        AirflowCell(f"airflow-task-{name}", "an Airflow task", where, order, heals=True)
        for name, (where, order) in moments_of.items()
    ]


def _received(name: str, killed: str, *act: str) -> AirflowCell:
    order = Order("citylake.ledger.deliveries.deliveries:receive", "after", act=act)
    return AirflowCell(name, killed, "after the ledger, before raw", order)


def _committed(name: str, killed: str, table: str, *act: str) -> AirflowCell:
    return AirflowCell(name, killed, _COMMITTED[table], Order("citylake.ledger.runs.runs:record", of=table, act=act))
