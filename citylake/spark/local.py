"""Sail: a Spark Connect server that runs inside this process, for work that is small.

It takes the plans that the Connect server takes and costs a fiftieth of its processor time where rows are few. Only the
process that started it can talk to it: once its session stands, nothing listens any more.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from citylake.settings import Settings
from citylake.spark.proven import Proof
from citylake.spark.server import DEBUGGING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.proto import ExecutePlanRequest


_types: ContextVar[frozenset[str] | None] = ContextVar("types", default=None)

_SETTINGS = {
    "SPARK_CONNECT_MODE_ENABLED": "1",  # PySpark's functions ask it
    "SAIL_MODE": "local",
    "SAIL_EXECUTION__DEFAULT_PARALLELISM": "1",  # few rows: to split them costs more than it gains
    "RUST_LOG": "off",  # its log quotes values
}
_ESTABLISHED = "01"


class NotHereError(RuntimeError):
    """Work that this process cannot do, or does not do as Spark would; nothing was written. It goes to the Connect server."""


class _Proven:
    """Looks at every plan before it is executed here."""

    def __init__(self, _session: "SparkSession") -> None:
        self._proof = Proof()

    def on_execute_plan(self, request: "ExecutePlanRequest") -> "ExecutePlanRequest":
        """Return the request.

        Raises:
            NotHereError: it has something in it that is not proven to mean the same as on the Connect server.
        """
        self._proof.stored = _types.get()
        if found := self._proof.unproven(request.plan):
            raise NotHereError(f"not proven equal: {', '.join(found)}")
        return request


@dataclass
class _Running:
    process: int
    server: Any
    zone: str
    session: "SparkSession"


_running: list[_Running] = []
"""The one of this process; a fork has none of its own yet."""


def local_session(settings: Settings) -> "SparkSession":
    """Return this process's session, started with the first call.

    Raises:
        NotHereError: it cannot be started, or somebody else was connected before the door was shut.
    """
    if not (_running and _running[0].process == os.getpid()):
        _running[:] = [_start(settings)]
    return _running[0].session


@contextmanager
def reading(types: frozenset[str] | None) -> Iterator[None]:
    """Say for a block which types all columns have that SELECTs read here (``decimal(12,2)``)."""
    before = _types.set(types)
    try:
        yield
    finally:
        _types.reset(before)


def is_local(session: "SparkSession") -> bool:
    """Return whether a session evaluates in this process."""
    return bool(_running) and _running[0].process == os.getpid() and _running[0].session is session


def by_its_clock(rows: pa.Table) -> pa.Table:
    """Return rows with the zone of this process's session in the types of their times: Sail shows times by that."""
    zoned = [
        pa.field(field.name, pa.timestamp("us", _running[0].zone))
        if pa.types.is_timestamp(field.type) and field.type.tz
        else field
        for field in rows.schema
    ]
    return rows.cast(pa.schema(zoned))


def _start(settings: Settings) -> _Running:
    os.environ.update(_SETTINGS)
    try:
        from pysail.spark import SparkConnectServer
    except ImportError as error:
        raise NotHereError("Sail is not installed") from error

    from citylake.spark.session import silence

    silence()
    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    try:
        return _Running(
            os.getpid(), server, settings.timezone, _connected(server.listening_address[1], settings.timezone)
        )
    except BaseException:
        _let_go(server.listening_address[1])
        raise


def _connected(port: int, zone: str) -> "SparkSession":
    """Return a session on the server at a port of this process, which nobody else can reach from then on."""
    from pyspark.sql.connect.session import SparkSession as ConnectSession

    builder = ConnectSession.builder.remote(f"sc://localhost:{port}")
    session = cast("SparkSession", builder._registerHook(cast("Any", _Proven)).create())  # noqa: SLF001
    session.client.disable_reattachable_execute()  # it would be asked once more after each answer
    session.conf.set("spark.sql.session.timeZone", zone)
    session.conf.set(DEBUGGING, "false")
    _shut(port)
    if _connections(port) != 1:
        session.stop()
        raise NotHereError("somebody else had connected to the server of this process")
    return session


def _shut(port: int) -> None:
    """Close the socket that listens at a port of this process.

    The server has no switch for it. The descriptor stays, as one of nothing, so that the server's own loop waits on it for ever.
    """
    for descriptor, held in _sockets(port):
        if held.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            os.dup2(nothing, descriptor, inheritable=False)
            os.close(nothing)
            return
    raise NotHereError("the listening socket of this process was not found")


def _let_go(port: int) -> None:
    """End every connection at a port of this process and close it: the server itself would wait for those who are connected."""
    with suppress(NotHereError):
        _shut(port)
    for _, held in _sockets(port):
        with suppress(OSError):
            held.shutdown(socket.SHUT_RDWR)


def _sockets(port: int) -> Iterator[tuple[int, socket.socket]]:
    """Yield the sockets at a port of this process, each with its descriptor; they are copies, closed when the next one comes."""
    for descriptor in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        try:
            copy = socket.socket(fileno=os.dup(descriptor))
        except OSError:
            continue
        with copy:
            if copy.family == socket.AF_INET and copy.getsockname()[1] == port:
                yield descriptor, copy


def _connections(port: int) -> int:
    """Return how many connections at a port of this machine stand."""
    lines = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    ends = [(one[1], one[3]) for one in (line.split() for line in lines)]
    return sum(local.endswith(f":{port:04X}") and state == _ESTABLISHED for local, state in ends)
