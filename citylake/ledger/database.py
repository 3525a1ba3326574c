"""Opening the ledger, keeping its tables current, and its two kinds of transactions.

Every writing transaction first takes the one write lock: ``BEGIN IMMEDIATE`` on SQLite, the ledger's row
``FOR UPDATE`` on PostgreSQL. Ledger writes are few and short, and whoever has read inside such a
transaction cannot be overtaken.
"""

import os
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from citylake.ledger.errors import LedgerAddressError, LedgerBusyError, LedgerOutdatedError
from citylake.ledger.models import LedgerRow

BUSY_SECONDS = 30
_MIGRATIONS = Path(__file__).resolve().parent / "migrations"
_MIGRATION_LOCK = 0x6369_7479
_POSTGRES_LOCK_NOT_AVAILABLE = "55P03"
_kept: dict[str, Engine] = {}


def open_ledger(url: str, *, busy_seconds: int = BUSY_SECONDS) -> Engine:
    """Return the engine of a ledger; its tables are made by :func:`migrate`.

    Args:
        url: SQLAlchemy URL of a SQLite file or of a PostgreSQL database.
        busy_seconds: how long a writer waits for the writers before it.

    Raises:
        LedgerAddressError: another kind of database, or a SQLite database in memory.
    """
    if url in _kept and busy_seconds == BUSY_SECONDS:
        return _kept[url]
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(address, busy_seconds)
    if address.get_backend_name() == "postgresql":
        return _open_postgresql(address, busy_seconds)
    raise LedgerAddressError(
        f"the ledger cannot live in {address.get_backend_name()}: set CITYLAKE_LEDGER to sqlite:///<file> "
        "or postgresql://<user>@<host>/<database>"
    )


def keep_ledger(url: str) -> Engine:
    """Open a ledger once for all forks of this process: they share what its engine has compiled, and no connection."""
    _kept[url] = open_ledger(url)
    return _kept[url]


def is_there(url: str) -> bool:
    """Return whether a ledger may be asked without making one."""
    address = make_url(url)
    return address.get_backend_name() != "sqlite" or Path(str(address.database)).exists()


def _open_sqlite(address: URL, busy_seconds: int) -> Engine:
    if address.database in (None, "", ":memory:") or str(address.database).startswith("file:"):
        raise LedgerAddressError("the ledger is shared by processes: name a SQLite file, sqlite:///<file>")
    Path(str(address.database)).parent.mkdir(parents=True, exist_ok=True)
    # Connections are cheap here, and one that is never kept cannot be inherited by a forked task.
    engine = create_engine(address, poolclass=NullPool, connect_args={"timeout": busy_seconds})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver would begin transactions by itself, and only before the first write.
    connection.isolation_level = None
    deadline = time.monotonic() + BUSY_SECONDS
    # The change to WAL does not wait for other processes, whatever the timeout says.
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except connection.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    # A receipt handed to a department must outlive a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("ledger_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _open_postgresql(address: URL, busy_seconds: int) -> Engine:
    if address.drivername == "postgresql":
        # The driver this project pins; SQLAlchemy's own default is another one.
        address = address.set(drivername="postgresql+psycopg2")
    engine = create_engine(
        address,
        pool_pre_ping=True,
        pool_size=2,
        connect_args={
            "connect_timeout": BUSY_SECONDS,
            "options": f"-c lock_timeout={busy_seconds}s -c timezone=UTC",
        },
    )
    inherited = weakref.ref(engine)

    def forget() -> None:
        # A forked child must not speak through its parent's connections.
        if (own := inherited()) is not None:
            own.dispose(close=False)

    os.register_at_fork(after_in_child=forget)
    return engine


def migrate(engine: Engine) -> None:
    """Bring the ledger's tables to this program's revision; safe when several processes call it at once.

    Args:
        engine: from :func:`open_ledger`.
    """
    from alembic import command

    if is_current(engine):
        return
    config = alembic_config()
    with engine.execution_options(ledger_writes=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(engine: Engine) -> bool:
    """Return whether the ledger's tables are those of this program's revision."""
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest_revision()


@lru_cache(maxsize=1)
def newest_revision() -> str | None:
    """Return the revision of the ledger's tables that this program works with."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def alembic_config() -> Any:
    """Return Alembic's configuration of the ledger's migrations; it needs ``attributes["connection"]``."""
    from alembic.config import Config

    config = Config()
    # The path may hold a percent sign, which the configuration would take for an interpolation.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def ledger_id(engine: Engine) -> str:
    """Return the ledger's own id, made once by :func:`migrate`; it stands in ``txnAppId``."""
    with reading(engine) as session:
        return session.scalars(select(LedgerRow.ledger_id)).one()


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Give a session that sees one state of the ledger and changes nothing.

    Raises:
        LedgerOutdatedError: the tables are missing or of another revision.
    """
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with _said_plainly(engine), Session(engine, expire_on_commit=False) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Give a session that holds the write lock; it commits at the end, or leaves nothing on an error.

    Raises:
        LedgerOutdatedError: the tables are missing or of another revision.
        LedgerBusyError: another process held the lock for longer than ``busy_seconds``.
    """
    engine = engine.execution_options(ledger_writes=True)
    with _said_plainly(engine), Session(engine, expire_on_commit=False) as session, session.begin():
        session.scalars(select(LedgerRow).with_for_update()).one()
        yield session


@contextmanager
def _said_plainly(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if _is_lock_timeout(error):
            raise LedgerBusyError(
                "another process kept the ledger locked for too long: "
                "look for a process that was stopped in the middle (citylake doctor), then run again"
            ) from error
        if not is_current(engine):
            raise LedgerOutdatedError(
                "the ledger's tables are missing or of another version: call citylake.ledger.database.migrate"
            ) from error
        raise


def _is_lock_timeout(error: DBAPIError) -> bool:
    # The two PostgreSQL drivers name it differently.
    states = (getattr(error.orig, "sqlstate", None), getattr(error.orig, "pgcode", None))
    if _POSTGRES_LOCK_NOT_AVAILABLE in states:
        return True
    return isinstance(error, OperationalError) and "database is locked" in str(error.orig)
