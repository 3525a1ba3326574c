"""What the tasks of a night import and read, so that a process may do it once for all its forks.

Nothing is opened: no connection, no thread.
"""

import contextlib
import importlib

from citylake.contract.catalog import load_catalog
from citylake.contract.errors import ContractError
from citylake.engine.code import CONFORMING, code_of
from citylake.engine.transforms import module_name
from citylake.freshness import remember
from citylake.ledger.database import newest_revision
from citylake.settings import settings

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
)
"""Modules of other projects."""
JUDGING = "great_expectations"
"""What only judging tasks need, and what takes longer to import than all else."""
OWN = (
    "citylake.night.steps.collect",
    "citylake.night.steps.ready",
    "citylake.night.steps.judge",
    "citylake.night.steps.movable",
    "citylake.night.steps.publish",
    "citylake.night.steps.tables",
    "citylake.night.steps.tidy",
    "citylake.engine.clean.collect",
    "citylake.engine.run.run",
    "citylake.night.judging.layer",
    "citylake.night.judging.validate",
    "citylake.verify.lines",
    "citylake.verify.identifiers",
    "citylake.night.publication.publish",
    "citylake.night.maintenance",
    "citylake.spark.session",
)
"""Modules of this project that tasks call."""


def import_what_tasks_use() -> None:
    """Import it, read the contracts, and keep in mind what was read, see ``citylake.freshness``."""
    for name in (*OTHERS, JUDGING, *OWN):
        importlib.import_module(name)
    newest_revision()
    folder = settings().project / "schemas"
    # A task that needs contracts which are not in order says so itself.
    with contextlib.suppress(ContractError):
        code_of(*CONFORMING)
        for contract in load_catalog(folder).derived:
            if (maker := module_name(contract)) is not None:
                code_of(maker)
    remember(folder)
