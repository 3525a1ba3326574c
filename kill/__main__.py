"""``make kill``: run the cells of the grid that are not green yet, print it, and write it down."""

import argparse
import fcntl
import fnmatch
import io
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path

import psutil

from citylake.settings import PROJECT_ROOT
from kill import airflow, engine
from kill.airflow import AirflowCell, airflow_cells
from kill.cells import engine_cells
from kill.checks import CHECKS, Checked
from kill.disk import release
from kill.engine import EngineCell
from kill.grid import PAGE, Results, Row, line, write_page
from kill.homes import OPEN, STAGES, Homes, commit, installation, served

Cell = EngineCell | AirflowCell
ROOT = PROJECT_ROOT / ".cache" / "kill"


def main() -> int:
    """Run what is asked for; return 1 when a cell is not green."""
    asked = _arguments()
    cells: list[Cell] = [*engine_cells(), *airflow_cells()]
    chosen = [cell for cell in cells if any(fnmatch.fnmatch(cell.name, pattern) for pattern in asked.cells.split(","))]
    if asked.list:
        print("\n".join(f"{cell.name:30} {cell.way:10} {cell.killed}: {cell.where}" for cell in chosen))
        return 0
    homes, stamp = Homes(asked.root), commit()
    if asked.fresh or not homes.is_of(asked.stamp or stamp):
        _end_airflow(homes)
        homes.begin(asked.stamp or stamp)
    results = Results(homes.root / "results", stamp)
    _preload()
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGINT, _interrupted)
    try:
        _run(chosen, homes, results, asked.turns)
    finally:
        _end_airflow(homes)
    rows = _rows(cells, results)
    if asked.write:
        write_page(rows, len(cells))
        print(f"written: {PAGE.relative_to(PROJECT_ROOT)}")
    mine = [row for row in rows if row.name in {cell.name for cell in chosen}]
    print(f"{sum(row.fine for row in mine)} of {len(chosen)} green")
    return 0 if len(mine) == len(chosen) and all(row.fine for row in mine) else 1


def _preload() -> None:
    """Import what tasks need, as Airflow's scheduler does before it forks them."""
    from jobs.services.preloaded import preload

    with redirect_stdout(io.StringIO()):
        preload()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make kill", description=__doc__)
    parser.add_argument("--cells", default="*", help="names, with * and ?, separated by commas")
    parser.add_argument("--root", type=Path, default=Path(os.environ.get("CITYLAKE_KILL_ROOT", ROOT)))
    parser.add_argument("--fresh", action="store_true", help="forget all results and homes")
    parser.add_argument("--stamp", default="", help="go on with what was begun at this commit")
    parser.add_argument("--list", action="store_true", help="only say which cells there are")
    parser.add_argument("--no-write", dest="write", action="store_false", help="leave the page as it is")
    parser.add_argument("--turns", type=Path, nargs="*", default=[], help="lock files, one of which a cell holds")
    return parser.parse_args()


def _run(chosen: Sequence[Cell], homes: Homes, results: Results, turns: Sequence[Path]) -> None:
    """Run cells in two lanes; those through Airflow share a home and stay in one of them, one after the other."""
    if not homes.reference.exists():
        homes.make_first()
    waiting = [cell for cell in chosen if not (results.of(cell.name) or {}).get("fine")]
    through = [cell for cell in waiting if isinstance(cell, AirflowCell)]
    # Those that begin late in the night are short: what is wrong shows sooner.
    stages = [OPEN, *STAGES.values()]
    others = sorted(
        (cell for cell in waiting if isinstance(cell, EngineCell)),
        key=lambda cell: (cell.night, -stages.index(cell.stage)),
    )
    if not waiting:
        return
    nights = max([1, *(cell.night for cell in others)])
    claims = homes.root / "claims"
    shutil.rmtree(claims, ignore_errors=True)
    claims.mkdir()
    with served(homes) as remote, _no_child_left():
        with _turn(turns):
            for night in range(1, nights + 1):
                _make_sure(homes, night, remote)
        work: tuple[Sequence[Cell], ...] = ([*through, *others], others)
        for lane in [_started(cells, homes, results, remote, turns) for cells in work]:
            os.waitpid(lane, 0)


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def _no_child_left() -> Iterator[None]:
    """End what was forked off, also when the grid is stopped in the middle; the services are ended by their own."""
    services = {child.pid for child in psutil.Process().children()}
    try:
        yield
    finally:
        for child in psutil.Process().children():
            if child.pid not in services:
                for one in [*child.children(recursive=True), child]:
                    with suppress(psutil.NoSuchProcess):
                        one.kill()


def _make_sure(homes: Homes, night: int, remote: str) -> None:
    if homes.has(night):
        return
    if status := _forked(lambda: homes.run_next(night, remote)):
        raise RuntimeError(f"the uninterrupted night {night} ended with {status}: see reference/kill/tasks.log")
    print(f"night {night} without interruption: {homes.expected(night)['seconds']} s", flush=True)


def _started(lane: Sequence[Cell], homes: Homes, results: Results, remote: str, turns: Sequence[Path]) -> int:
    """Work off the cells of a lane that no other lane has claimed, in a process of its own; return its pid."""

    def work() -> int:
        for cell in lane:
            try:
                os.close(os.open(homes.root / "claims" / cell.name, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            with _turn(turns):
                if isinstance(cell, AirflowCell):
                    for night in range(1, airflow.next_night(homes) + 1):
                        _make_sure(homes, night, remote)
                checked = _isolated(cell, homes, results, remote)
            print(line(Row(cell.name, cell.way, cell.killed, cell.where, checked)), flush=True)
        return 0

    return _fork(work)


def _one(cell: Cell, homes: Homes, remote: str) -> Checked:
    if isinstance(cell, AirflowCell):
        return airflow.run_cell(cell, homes)
    return engine.run_cell(cell, homes, remote)


def _isolated(cell: Cell, homes: Homes, results: Results, remote: str) -> dict[str, object]:
    """Run a cell in a process of its own: what it opens and imports must not be inherited by the next one's tasks."""

    def kept() -> int:
        try:
            checked = _one(cell, homes, remote)
        except Exception as error:  # noqa: BLE001  (a cell that breaks is a cell that fails, and the grid goes on)
            traceback.print_exc()
            said = f"{type(error).__name__}: {error}".splitlines()[0]
            checked = Checked({name: said if name == "re-run" else "" for name in CHECKS}, 0.0)
        results.keep(cell.name, checked)
        return 0

    _forked(kept)
    release(homes.root / "cells" / cell.name / "home")
    found = results.of(cell.name)
    if found is None:
        checked = Checked({name: "the cell itself was ended" if name == "struck" else "" for name in CHECKS}, 0.0)
        found = results.keep(cell.name, checked)
    if found["fine"]:
        homes.drop(cell.name)
    return found


def _forked(work: Callable[[], int]) -> int:
    _, status = os.waitpid(_fork(work), 0)
    return os.waitstatus_to_exitcode(status)


def _fork(work: Callable[[], int]) -> int:
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        os._exit(work())
    except BaseException:  # noqa: BLE001  (a forked process must not go on in its parent's code)
        traceback.print_exc()
        os._exit(1)


@contextmanager
def _turn(files: Sequence[Path]) -> Iterator[None]:
    """Hold one of some lock files, where others use the machine by turns."""
    if not files:
        yield
        return
    opened = [path.open("a") for path in files]
    try:
        while not any(_locked(one.fileno()) for one in opened):
            time.sleep(0.05)
        yield
    finally:
        for one in opened:
            one.close()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end_airflow(homes: Homes) -> None:
    from jobs.services.lake import down

    if airflow.home_of(homes).exists():
        down(installation(airflow.home_of(homes)))


def _rows(cells: Sequence[Cell], results: Results) -> list[Row]:
    found = [(cell, results.of(cell.name)) for cell in cells]
    return [Row(cell.name, cell.way, cell.killed, cell.where, said) for cell, said in found if said is not None]


if __name__ == "__main__":
    sys.exit(main())
