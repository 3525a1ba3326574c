"""A cell without Airflow: a night's tasks as processes, one of which dies, then the same night once more."""

import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from citylake.settings import Settings
from tests.kill import moments
from tests.kill.checks import Checked, check
from tests.kill.homes import OPEN, Homes, day_of, installation, settle_in
from tests.kill.moments import Order
from tests.kill.night import run_maintenance, run_night
from tests.kill.reader import start_reader, stop_reader

LONGEST = 900.0
"""Seconds after which a night that hangs is a failure of its cell."""


@dataclass(frozen=True)
class Running:
    """A night under way in a process group of its own."""

    home: Path
    pid: int

    def wait(self) -> int:
        """Wait for its end and return 0, 1 when a task broke, or the negative number of a signal."""
        end = time.monotonic() + LONGEST
        while time.monotonic() < end:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else _signed(os.WEXITSTATUS(status))
            time.sleep(0.05)
        self.kill()
        os.waitpid(self.pid, 0)
        return -signal.SIGALRM

    def is_over(self) -> bool:
        """Return whether it has ended; it is still to be waited for."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def kill(self) -> None:
        """Kill it with all its tasks, as a power cut would."""
        os.killpg(self.pid, signal.SIGKILL)

    def kill_task(self) -> None:
        """Kill the task that is at work, or the next one when it has just ended; the night stops there."""
        while not self.is_over():
            pid = json.loads((self.home / moments.FOLDER / "child.json").read_text("utf-8"))["pid"]
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                time.sleep(0.01)
                continue
            return


def _signed(status: int) -> int:
    return status - 256 if status > 128 else status


Strike = Callable[[Running], bool]
"""Kills something of a running night from outside, at its own moment; returns whether that moment came."""


@dataclass(frozen=True)
class EngineCell:
    """One cell.

    Attributes:
        name: of the cell, also of its file.
        killed: what dies.
        where: at which moment.
        order: carried out by the process itself.
        strike: carried out from outside.
        work: what is killed: the night, or the maintenance before it.
        own_server: the cell needs a Spark server of its own.
        night: which night of the city.
        stage: how far the uninterrupted night has been copied.
        around: something that holds while the first attempt runs, such as a full disk.
    """

    name: str
    killed: str
    where: str
    order: Order | None = None
    strike: Strike | None = None
    work: Literal["night", "maintenance"] = "night"
    own_server: bool = False
    night: int = 2
    stage: str = OPEN
    around: Callable[[Path], Any] | None = None
    way: str = field(default="functions", init=False)


@dataclass(frozen=True)
class _Attempt:
    struck: bool
    seconds: float


def run_cells(cells: Sequence[EngineCell], homes: Homes, remote: str) -> dict[str, Checked]:
    """Kill, run again, compare; of several cells each attempt is killed at the next one's moment.

    Args:
        cells: of one night, in the order of their moments; each kills what the one before has not touched.
        homes: where nights come from.
        remote: the Spark server that cells share.
    """
    first = cells[0]
    home = homes.fresh(first.name, first.night, first.stage)
    chosen = installation(home, remote="" if first.own_server else remote)
    (home / moments.FOLDER).mkdir(exist_ok=True)
    settle_in(chosen, homes.api)
    before, after = homes.expected(first.night - 1), homes.expected(first.night)
    day = day_of(first.night)
    seen = {day_of(first.night - 1).isoformat(): before["published"], day.isoformat(): after["published"]}
    sight_file = home / moments.FOLDER / "sight.json"
    with _server(chosen, first.own_server):
        reader = start_reader(chosen, seen, sight_file)
        try:
            attempts = [_attempt(cell, chosen) for cell in cells]
            began = time.monotonic()
            status = _again(first, chosen)
            attempts.append(_Attempt(False, time.monotonic() - began))
        finally:
            sight = stop_reader(reader, sight_file)
        done = check(chosen, day, after, sight, status=status)
    return {
        cell.name: done.of(
            attempts[number].struck, f"after {attempts[number].seconds:.1f} s", attempts[number + 1].seconds
        )
        for number, cell in enumerate(cells)
    }


def _attempt(cell: EngineCell, chosen: Settings) -> _Attempt:
    """Run the night, or what comes before it, up to the moment of a cell."""
    _serve(cell, chosen)
    if cell.order is not None:
        cell.order.write(chosen.home)
    began = time.monotonic()
    with cell.around(chosen.home) if cell.around is not None else nullcontext():
        running = start(chosen, day_of(cell.night), cell.work)
        came = cell.strike(running) if cell.strike is not None else False
        status = running.wait()
    struck = came if cell.strike is not None else status != 0
    if cell.order is not None and cell.order.point:
        struck = struck and moments.was_carried_out(chosen.home, cell.order)
    moments.withdraw(chosen.home)
    return _Attempt(struck, time.monotonic() - began)


def _again(cell: EngineCell, chosen: Settings) -> int:
    """Do what a person would: the same command once more."""
    _serve(cell, chosen)
    if cell.work == "maintenance" and (status := start(chosen, day_of(cell.night), "maintenance").wait()):
        return status
    return start(chosen, day_of(cell.night), "night").wait()


def _serve(cell: EngineCell, chosen: Settings) -> None:
    if cell.own_server:
        from citylake.spark.server import start_server

        start_server(chosen)


def start(chosen: Settings, day: date, work: Literal["night", "maintenance"]) -> Running:
    """Start a night, or the maintenance, in a process of its own."""
    child = os.fork()
    if child:
        return Running(chosen.home, child)
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        status = run_night(chosen, day) if work == "night" else run_maintenance(chosen, day)
    except BaseException as error:  # noqa: BLE001  (a forked process must not go on in its parent's code)
        (chosen.home / moments.FOLDER / "night.log").write_text(f"{type(error).__name__}: {error}\n", "utf-8")
        os._exit(1)
    os._exit(status % 256)


@contextmanager
def _server(chosen: Settings, own: bool) -> Any:
    from citylake.spark.server import start_server, stop_server

    if not own:
        yield
        return
    try:
        start_server(chosen)
        yield
    finally:
        stop_server(chosen)
