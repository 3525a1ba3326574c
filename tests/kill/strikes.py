"""Strikes from outside: at a new file, at a file that goes, at a moment drawn by lot."""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import psutil

from tests.kill import moments
from tests.kill.engine import Running, Strike

Victim = Literal["task", "server", "everything"]
_NAP = 0.002
_LONGEST_PAUSE = 2.0
SEED = 3707


def at_new_parquet(table: str, victim: Victim) -> Strike:
    """Strike as soon as a new data file, or its first bytes, lies in a table's folder."""
    return _at_change(table, victim, grown=True)


def at_removed_parquet(table: str, victim: Victim) -> Strike:
    """Strike as soon as a data file has gone from a table's folder."""
    return _at_change(table, victim, grown=False)


def _at_change(table: str, victim: Victim, *, grown: bool) -> Strike:
    layer, _, rest = table.partition(".")

    def strike(running: Running) -> bool:
        folder = running.home / "lake" / layer / rest
        before = set(_data_files(folder))
        while not running.is_over():
            now = set(_data_files(folder))
            if now - before if grown else before - now:
                kill(running, victim)
                return True
            time.sleep(_NAP)
        return False

    return strike


def at_parser(running: Running) -> bool:
    """Kill the process that parses a delivery, as the kernel does when memory runs short."""
    while not running.is_over():
        with suppress(psutil.Error):
            for one in psutil.Process(running.pid).children(recursive=True):
                if "citylake.sources.parse_process" in one.cmdline():
                    one.kill()
                    return True
        time.sleep(_NAP)
    return False


def _data_files(folder: Path) -> Iterator[str]:
    if folder.is_dir():
        for item in folder.rglob("*.parquet*"):
            if "_delta_log" not in item.parts:
                yield str(item)


def at_random(number: int, tasks: int, victim: Victim) -> tuple[Strike, str]:
    """Return a strike in a task drawn by lot, at a moment drawn by lot, and the words for both.

    Args:
        number: of the draw; the same draws the same.
        tasks: among how many of the next tasks.
        victim: what dies.
    """
    lot = hashlib.sha256(f"{SEED} {number}".encode()).digest()
    which = int.from_bytes(lot[:4], "big") % tasks
    pause = int.from_bytes(lot[4:8], "big") / 2**32 * _LONGEST_PAUSE

    def strike(running: Running) -> bool:
        seen: list[str] = []
        while not running.is_over():
            task = _task(running)
            if task and task not in seen:
                seen.append(task)
            if len(seen) > which:
                time.sleep(pause)
                if running.is_over():
                    return False
                kill(running, victim)
                return True
            time.sleep(_NAP)
        return False

    return strike, f"{pause:.2f} s after task {which + 1} of what was left had begun"


def _task(running: Running) -> str:
    try:
        said = json.loads((running.home / moments.FOLDER / "child.json").read_text("utf-8"))
    except FileNotFoundError:
        return ""
    return str(said["task"])


def kill(running: Running, victim: Victim) -> None:
    """Kill the task at work, the Spark server, or everything that runs for the home."""
    if victim != "task":
        moments.kill_service(running.home, "spark")
    if victim == "task":
        running.kill_task()
    if victim == "everything":
        running.kill()
