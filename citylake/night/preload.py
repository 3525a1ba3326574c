"""What the tasks of a night import and read, so that a process may do it once for all its forks.

Nothing stays open: no connection, no thread.
"""

import contextlib
import importlib
from datetime import date

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import configure_mappers

from citylake.contract.catalog import load_catalog
from citylake.contract.errors import ContractError
from citylake.engine.code import CONFORMING, code_of
from citylake.engine.transforms import module_name
from citylake.freshness import remember
from citylake.ledger.database import is_current, is_there, keep_ledger, newest_revision
from citylake.ledger.deliveries.deliveries import latest_accepted, newest_whole, open_deliveries
from citylake.ledger.errors import LedgerError
from citylake.ledger.nights.nights import newest_published, night, settlements
from citylake.ledger.runs.leases import lease
from citylake.ledger.runs.runs import open_runs
from citylake.ledger.runs.tables import table_state, table_states
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
    "pysail.spark",
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
    "citylake.spark.local",
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
    _ask_the_ledger(settings().ledger_url)
    remember(folder)


def _ask_the_ledger(url: str) -> None:
    """Ask what every task asks: its answer is forgotten, the statement stays compiled, which took longer than asking."""
    configure_mappers()
    if not is_there(url):
        return
    ledger = keep_ledger(url)
    # A task that cannot reach the ledger says so itself.
    with contextlib.suppress(SQLAlchemyError, LedgerError):
        if is_current(ledger):
            newest_published(ledger)
            settlements(ledger, date.min)
            night(ledger, date.min)
            table_states(ledger)
            for ask in (table_state, open_runs, open_deliveries, latest_accepted, newest_whole):
                ask(ledger, "")
            with lease(ledger, "preload"):
                pass
    ledger.dispose()
