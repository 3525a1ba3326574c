"""Run Airflow's scheduler with what its tasks need already imported.

Each task is a fork of the scheduler; importing PySpark and its kin takes a task one to three seconds of processor time,
and here it is paid once. Nothing is opened before the fork: no connection, no thread. The project's own modules are
left out, so that a change to them takes effect with the next task.
"""

import contextlib
import gc
import importlib
import runpy
import sys

MODULES = (
    "pandas",
    "pyarrow",
    "pyarrow.parquet",
    "pyspark.sql.functions",
    "pyspark.sql.connect.functions",
    "pyspark.sql.connect.session",
    "pyspark.sql.connect.readwriter",
    "sqlalchemy.orm",
    "alembic.migration",
    "fsspec.implementations.local",
    "pydantic_settings",
    "sqlglot.dialects.spark",
    "yaml",
)


def preload() -> None:
    """Import what tasks use of other projects."""
    for name in MODULES:
        importlib.import_module(name)
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
