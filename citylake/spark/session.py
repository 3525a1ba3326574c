"""Sessions on the Connect server: each its own, each closed, and one of a dead process can be interrupted.

Only Spark Connect is used, so a job runs against the supervised server or any other that ``CITYLAKE_SPARK_REMOTE``
names.
"""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from citylake.settings import Settings
from citylake.spark.server import SERVICE, SUBSTITUTE, TOKEN
from citylake.supervisor import find

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

USER = "citylake"
RETRIES, LONGEST_PAUSE = 7, 15_000
"""How often a call is tried again, and the longest pause in milliseconds: 47 seconds in all."""
_LOUD = ("pyspark.sql.connect.logging", "SQLQueryContextLogger", "DataFrameQueryContextLogger")
"""PySpark logs every error of the server, whose text may quote values; the error itself is raised as well."""


class NoServerError(ConnectionError):
    """No Connect server is configured or running."""


def remote(settings: Settings) -> str:
    """Return the ``sc://`` address of the server with its token, without user and session.

    Raises:
        NoServerError: none is configured and none runs for this home, or the file with its token is not there.
    """
    if settings.spark_remote:
        if not settings.spark_token_file:
            return settings.spark_remote
        return _with_token(settings.spark_remote, Path(settings.spark_token_file))
    record = find(settings, SERVICE)
    if record is None:
        raise NoServerError("no Spark server runs for this lake: run 'citylake up', or set CITYLAKE_SPARK_REMOTE")
    # Under this very name PySpark sends a token without TLS, and only to this machine.
    return _with_token(f"sc://localhost:{record.port}", settings.secrets / TOKEN)


def _with_token(address: str, file: Path) -> str:
    try:
        token = file.read_text("ascii").strip()
    except FileNotFoundError as error:
        raise NoServerError(f"{file.name}, the file with the token of the Spark server, is not there") from error
    separator = ";" if "/;" in address else "/;"
    return f"{address.rstrip(';/')}{separator}token={token}"


def open_session(settings: Settings, *, session_id: str | None = None) -> "SparkSession":
    """Open a session of its own on the server; the caller closes it with ``stop()``.

    Args:
        settings: the installation.
        session_id: a UUID under which another process can interrupt this session; default: a new one. An id that was
        stopped once
            cannot be opened again.

    Raises:
        NoServerError: none is configured and none runs for this home.
    """
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.client.retries import DefaultPolicy

    silence()
    address = remote(settings)
    separator = "" if address.endswith(";") else ";" if "/;" in address else "/;"
    user = "" if "user_id=" in address else f"user_id={USER};"
    address = address if separator != "/;" else address.rstrip("/")
    opened = SparkSession.builder.remote(f"{address}{separator}{user}session_id={session_id or uuid.uuid4()}").create()
    # A server that was started again knows no session of before: ten minutes of asking, the default, are for nothing.
    opened.client.set_retry_policies([DefaultPolicy(max_retries=RETRIES, max_backoff=LONGEST_PAUSE)])
    if settings.spark_remote:
        try:
            opened.conf.set(SUBSTITUTE, "false")  # the lake's own server starts that way
        except BaseException:
            opened.stop()
            raise
    return opened


def silence() -> None:
    """Keep the text of Spark's errors out of every log of this process; the errors themselves are raised as ever."""
    # Made by PySpark, also when nothing has been logged yet: its class takes arguments that a plain logger does not.
    from pyspark.logger import PySparkLogger

    for name in _LOUD:
        logger = PySparkLogger.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.disabled = True


@contextmanager
def session(settings: Settings, *, session_id: str | None = None) -> Iterator["SparkSession"]:
    """Open a session for a block; it is closed however the block ends."""
    spark = open_session(settings, session_id=session_id)
    try:
        yield spark
    finally:
        spark.stop()


def interrupt_session(settings: Settings, session_id: str) -> list[str]:
    """End every query of a session, whose own process may be dead, and close it.

    A client that is killed leaves its query running on the server.

    Returns:
        The operations that were told to end; none when the session is closed already or never was.
    """
    from pyspark.errors import PySparkException

    try:
        with session(settings, session_id=session_id) as orphan:
            return list(orphan.interruptAll())
    except PySparkException as error:
        if "SESSION_CLOSED" in str(error) or "SESSION_NOT_FOUND" in str(error):
            return []
        raise
