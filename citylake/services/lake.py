"""The services of a lake together: the Spark server and Airflow."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from citylake.contract.catalog import load_catalog
from citylake.contract.compiled import FILE, write_compiled
from citylake.ledger.database import migrate, open_ledger
from citylake.services.airflow import DAGS, start_airflow, stop_airflow
from citylake.services.closed import close_when_open
from citylake.settings import Settings
from citylake.spark.server import SERVICE as SPARK
from citylake.spark.server import start_server
from citylake.supervisor import find, names, only_one, refuse_root, stop


@dataclass(frozen=True)
class Running:
    """A service that runs; ``port`` is 0 where it listens on none."""

    name: str
    pid: int
    port: int


def up(settings: Settings) -> list[Running]:
    """Bring the ledger up to date, start what does not run, wait until all is healthy; a second call changes nothing.

    A Spark server is started only when ``CITYLAKE_SPARK_REMOTE`` names no other.

    Raises:
        ServiceError: something did not start; what had started keeps running.
        ContractError, LedgerError: the contracts are not in order, or the ledger cannot be opened; nothing was started.
    """
    with only_one(settings), ThreadPoolExecutor(2) as together:
        refuse_root(settings)
        close_when_open(settings)
        _compile(settings)
        _migrate(settings)
        spark = None if settings.spark_remote else together.submit(start_server, settings)
        together.submit(start_airflow, settings).result()
        if spark is not None:
            spark.result()
    return running(settings)


def prepare_ledger(settings: Settings) -> None:
    """Bring the ledger up to date before the services are there.

    Raises:
        LedgerError: it cannot be opened.
        ServiceError: root would start them.
    """
    with only_one(settings):
        refuse_root(settings)
        _migrate(settings)


def _migrate(settings: Settings) -> None:
    engine = open_ledger(settings.ledger_url)
    migrate(engine)
    engine.dispose()


def _compile(settings: Settings) -> None:
    """Compile the contracts; a running DAG processor that has read others is started again with them."""
    path = settings.home / FILE
    before = path.read_text("utf-8") if path.exists() else ""
    write_compiled(load_catalog(settings.project / "schemas"), settings.home)
    if before != path.read_text("utf-8"):
        stop(settings, DAGS)


def down(settings: Settings) -> list[str]:
    """Stop every service of this home, Airflow first and Spark last; return the names of what was running."""
    with only_one(settings):
        stopped = stop_airflow(settings)
        others = [name for name in names(settings) if name != SPARK]
        return stopped + [name for name in [*others, SPARK] if stop(settings, name)]


def running(settings: Settings) -> list[Running]:
    """Return the services that run."""
    found = ((name, find(settings, name)) for name in names(settings))
    return [Running(name, record.pid, record.port) for name, record in found if record]
