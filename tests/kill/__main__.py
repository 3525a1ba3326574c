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
from tests.kill import airflow, engine
from tests.kill.airflow import SERIES as AIRFLOW_SERIES
from tests.kill.airflow import AirflowCell, airflow_cells
from tests.kill.cells import SERIES as ENGINE_SERIES
from tests.kill.cells import engine_cells
from tests.kill.checks import CHECKS, Checked
from tests.kill.disk import release
from tests.kill.engine import EngineCell
from tests.kill.grid import PAGE, Results, Row, line, write_page
from tests.kill.homes import Homes, commit, installation, served

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
        _run(chosen, homes, results, asked)
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
    from citylake_airflow.preloaded import preload

    with redirect_stdout(io.StringIO()):
        preload()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make kill", description=__doc__)
    parser.add_argument("--cells", default="*", help="names, with * and ?, separated by commas")
    parser.add_argument("--root", type=Path, default=Path(os.environ.get("CITYLAKE_KILL_ROOT", ROOT)))
    parser.add_argument("--fresh", action="store_true", help="forget all results and homes")
    parser.add_argument("--stamp", default="", help="go on with what was begun at this commit")
    parser.add_argument("--alone", action="store_true", help="a night for every cell, instead of several in one")
    parser.add_argument("--list", action="store_true", help="only say which cells there are")
    parser.add_argument("--no-write", dest="write", action="store_false", help="leave the page as it is")
    parser.add_argument("--turns", type=Path, nargs="*", default=[], help="lock files, one of which a cell holds")
    return parser.parse_args()


def _run(chosen: Sequence[Cell], homes: Homes, results: Results, asked: argparse.Namespace) -> None:
    """Run cells in two lanes; those through Airflow share a home and stay in one of them, one after the other."""
    if not homes.reference.exists():
        homes.make_first()
    waiting = [cell for cell in chosen if not (results.of(cell.name) or {}).get("fine")]
    if not waiting:
        return
    nights = max([1, *(cell.night for cell in waiting if isinstance(cell, EngineCell))])
    claims = homes.root / "claims"
    shutil.rmtree(claims, ignore_errors=True)
    claims.mkdir()
    with served(homes) as remote, _no_child_left():
        with _turn(asked.turns):
            for night in range(1, nights + 1):
                _make_sure(homes, night, remote)
        series = _series(waiting, alone=asked.alone)
        through = [cells for cells in series if isinstance(cells[0], AirflowCell)]
        others = [cells for cells in series if cells not in through]
        work = ([*through, *others], others)
        for lane in [_started(cells, homes, results, remote, asked.turns) for cells in work]:
            os.waitpid(lane, 0)


def _series(cells: Sequence[Cell], *, alone: bool) -> list[list[Cell]]:
    """Return cells by the nights they are run in."""
    if alone:
        return [[cell] for cell in cells]
    known = {cell.name: cell for cell in cells}
    together = [[known.pop(name) for name in names if name in known] for names in (*ENGINE_SERIES, *AIRFLOW_SERIES)]
    return [found for found in [*together, *([cell] for cell in known.values())] if found]


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


def _started(lane: Sequence[Sequence[Cell]], homes: Homes, results: Results, remote: str, turns: Sequence[Path]) -> int:
    """Work off what no other lane has claimed, in a process of its own; return its pid."""

    def work() -> int:
        for cells in lane:
            try:
                os.close(os.open(homes.root / "claims" / cells[0].name, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            with _turn(turns):
                if isinstance(cells[0], AirflowCell):
                    for night in range(1, airflow.next_night(homes) + 1):
                        _make_sure(homes, night, remote)
                _isolated(cells, homes, results, remote)
            for cell in cells:
                print(line(Row(cell.name, cell.way, cell.killed, cell.where, results.of(cell.name) or {})), flush=True)
        return 0

    return _fork(work)


def _together(cells: Sequence[Cell], homes: Homes, remote: str) -> dict[str, Checked]:
    through = [cell for cell in cells if isinstance(cell, AirflowCell)]
    if through:
        return airflow.run_cells(through, homes)
    return engine.run_cells([cell for cell in cells if isinstance(cell, EngineCell)], homes, remote)


def _isolated(cells: Sequence[Cell], homes: Homes, results: Results, remote: str) -> None:
    """Run cells in a process of their own: what it opens and imports must not be inherited by the next one's tasks."""

    def work() -> int:
        try:
            found = _together(cells, homes, remote)
        except Exception as error:  # noqa: BLE001  (cells that break are cells that fail, and the grid goes on)
            traceback.print_exc()
            found = dict.fromkeys([cell.name for cell in cells], _broken(f"{type(error).__name__}: {error}"))
        for name, checked in found.items():
            results.keep(name, checked)
        return 0

    for cell in cells:
        results.forget(cell.name)
    _forked(work)
    for cell in cells:
        if results.of(cell.name) is None:
            results.keep(cell.name, _broken("the cell itself was ended"))
    release(homes.root / "cells" / cells[0].name / "home")
    if all((results.of(cell.name) or {}).get("fine") for cell in cells):
        homes.drop(cells[0].name)


def _broken(said: str) -> Checked:
    return Checked({name: said.splitlines()[0] if name == "re-run" else "" for name in CHECKS}, 0.0)


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
    from citylake.services.lake import down

    if airflow.home_of(homes).exists():
        down(installation(airflow.home_of(homes)))


def _rows(cells: Sequence[Cell], results: Results) -> list[Row]:
    found = [(cell, results.of(cell.name)) for cell in cells]
    return [Row(cell.name, cell.way, cell.killed, cell.where, said) for cell, said in found if said is not None]


if __name__ == "__main__":
    sys.exit(main())
