"""Run Airflow's scheduler with what its tasks need already imported, and with the contracts already read.

Each task is a fork of the scheduler; what is imported here once, no task imports again. Nothing is opened before the
fork: no connection, no thread. A change to the project's modules or contracts still takes effect with the next task: one
that finds a change drops them all and reads them anew.
"""

import contextlib
import gc
import importlib
import runpy
import sys

from citylake.freshness import remember
from citylake.night.preload import import_what_tasks_use
from citylake.settings import settings
from citylake_airflow.compiled import FILE, NotCompiledError

AIRFLOW = (
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.dag_processing.dagbag",
    "citylake_airflow.build",
    "citylake_airflow.prompt",
)


def preload() -> None:
    """Import what tasks use, read the contracts, build the DAGs, and keep in mind what was read, see ``citylake.night.preload``."""
    for name in AIRFLOW:
        importlib.import_module(name)
    import_what_tasks_use()
    build = importlib.import_module("citylake_airflow.build")
    # A task whose DAGs are not compiled says so itself.
    with contextlib.suppress(NotCompiledError):
        build.keep_dags()
    remember(settings().home / FILE)
    # What lives now lives as long as the process: a collection need not touch it, so that the forks go on sharing it.
    gc.collect()
    gc.freeze()


def main() -> None:
    """Preload, then be ``airflow`` with the arguments of this process."""
    preload()
    sys.argv[0] = "airflow"
    with contextlib.suppress(KeyboardInterrupt):
        runpy.run_module("airflow", run_name="__main__", alter_sys=False)


if __name__ == "__main__":
    main()
