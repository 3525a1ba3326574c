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

OTHERS = (
    "pandas",
    "pyarrow",
    "pyarrow.parquet",
    "pyspark.sql.functions",
    "pyspark.sql.connect.functions",
    "pyspark.sql.connect.session",
    "pyspark.sql.connect.readwriter",
    "pyspark.logger",
    "sqlalchemy.orm",
    "alembic.command",
    "alembic.migration",
    "fsspec.implementations.local",
    "pydantic_settings",
    "sqlglot.dialects.spark",
    "yaml",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.dag_processing.dagbag",
)
"""Modules of other projects."""
GATE = "great_expectations"
"""What only judging tasks need, and what takes longer to import than all else."""
OWN = (
    "citylake_airflow.build",
    "citylake_airflow.prompt",
    "jobs.night.collect",
    "jobs.night.gate",
    "jobs.night.judge",
    "jobs.night.movable",
    "jobs.night.publish",
    "jobs.night.tables",
    "jobs.night.tidy",
    "jobs.engine.collect",
    "jobs.engine.run",
    "jobs.gate.layer",
    "jobs.gate.validate",
    "jobs.publication.publish",
    "jobs.maintenance",
    "jobs.spark.session",
)
"""Modules of this project that tasks call."""


def preload() -> None:
    """Import what tasks use, read the contracts, and keep in mind what was read, see ``citylake.freshness``."""
    for name in (*OTHERS, GATE, *OWN):
        importlib.import_module(name)
    _read_contracts()
    # What lives now lives as long as the process: a collection need not touch it, so that the forks go on sharing it.
    gc.collect()
    gc.freeze()


def _read_contracts() -> None:
    from citylake.freshness import remember
    from citylake.settings import settings
    from ledger.database import newest_revision
    from schemas.catalog import load_catalog
    from schemas.errors import ContractError

    newest_revision()
    folder = settings().project / "schemas"
    # A task that needs contracts which are not in order says so itself.
    with contextlib.suppress(ContractError):
        load_catalog(folder)
    remember(folder)


def main() -> None:
    """Preload, then be ``airflow`` with the arguments of this process."""
    preload()
    sys.argv[0] = "airflow"
    with contextlib.suppress(KeyboardInterrupt):
        runpy.run_module("airflow", run_name="__main__", alter_sys=False)


if __name__ == "__main__":
    main()
