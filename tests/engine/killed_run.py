"""Run one table in a process that kills itself with SIGKILL at a named moment, as a power cut would.

Arguments: home, project, Spark address, table, business date, moment.
"""

import os
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

from citylake.delta import small_read
from citylake.delta.write import Writer
from citylake.engine.clean import take
from citylake.engine.run.run import run_table
from citylake.lake import open_lake
from citylake.ledger.deliveries import deliveries
from citylake.ledger.runs import runs
from citylake.settings import Settings
from citylake.spark.session import session


def die(*_: Any, **__: Any) -> NoReturn:
    """End this process at once."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def arm(moment: str) -> None:
    """Have the process die at a moment."""
    if moment == "after commit, before ledger":
        runs.record = die
    elif moment == "after raw, before clean":
        take.Taking._write_clean = die  # type: ignore[method-assign]
    elif moment == "before the first commit":
        Writer.append = die  # type: ignore[method-assign]
        Writer.replace_listed = die  # type: ignore[method-assign]
    elif moment == "after the new rows, before those that vanished":
        small_read.HELD_BYTES = 0  # few rows are replaced and removed in one commit
        Writer.delete_units = die  # type: ignore[method-assign]
    elif moment == "received, still in the drop folder":
        receive = deliveries.receive

        def receive_and_die(*given: Any, **said: Any) -> NoReturn:
            receive(*given, **said)
            die()

        deliveries.receive = receive_and_die
    else:
        raise ValueError(moment)


def main() -> None:
    """Arm the moment, then run."""
    home, project, address, table, day, moment = sys.argv[1:]
    chosen = Settings(home=Path(home), project=Path(project), spark_remote=address, lake="", landing="", ledger="")
    arm(moment)
    with session(chosen) as spark:
        run_table(open_lake(chosen), spark, table, date.fromisoformat(day))


if __name__ == "__main__":
    main()
