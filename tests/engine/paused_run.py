"""Run one table in a process that stops at a moment, says so, and goes on when a line comes.

Arguments: home, project, Spark address, table, business date, ``module:name`` or ``module:Class.method``.
"""

import functools
import importlib
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from citylake.engine.run.run import run_table
from citylake.lake import open_lake
from citylake.settings import Settings
from citylake.spark.session import session


def pause_before(point: str) -> None:
    """Have the process wait for a line before it calls a function for the first time."""
    module, _, path = point.partition(":")
    owner: Any = importlib.import_module(module)
    *holders, name = path.split(".")
    for holder in holders:
        owner = getattr(owner, holder)
    real: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(real)
    def waiting(*args: Any, **kwargs: Any) -> Any:
        setattr(owner, name, real)
        print("paused", flush=True)
        sys.stdin.readline()
        return real(*args, **kwargs)

    setattr(owner, name, waiting)


def main() -> None:
    """Prepare the pause, then run."""
    home, project, address, table, day, point = sys.argv[1:]
    chosen = Settings(home=Path(home), project=Path(project), spark_remote=address, lake="", landing="", ledger="")
    pause_before(point)
    with session(chosen) as spark:
        print(run_table(open_lake(chosen), spark, table, date.fromisoformat(day)).state, flush=True)


if __name__ == "__main__":
    main()
