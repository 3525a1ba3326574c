"""The Spark Connect server of a lake: the one process that runs queries and commits to its tables.

Java is started directly, without ``spark-submit``, whose script asks for a Java module that the packaged runtime does
not have.
"""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from citylake.settings import Settings
from citylake.spark.jars import JarError, delta_class_path
from citylake.spark.java import JavaError, java, spark_jars
from citylake.supervisor import (
    Record,
    Service,
    ServiceError,
    answers,
    find,
    free_port,
    locked,
    plain_environment,
    start,
    stop,
    write_private,
)

SERVICE = "spark"
TOKEN = "spark_token"
"""File in ``secrets/`` with the token of the server."""
SUBSTITUTE = "spark.sql.variable.substitute"
DEBUGGING = "spark.python.sql.dataFrameDebugging.enabled"
"""PySpark looks for the caller of each of its functions, and each time for IPython: half of what it costs to build a plan."""
_SECRET_CONF = "spark_server.conf"
_LOG4J = Path(__file__).with_name("log4j2.properties")
LAST_BREATH = 15.0
"""Seconds that a server which was killed may still hold its lake: until all its memory is given back."""

_OPENS = (
    *(f"java.base/java.{name}" for name in ("lang", "lang.invoke", "lang.reflect", "io", "net", "nio", "util")),
    *(f"java.base/java.util.{name}" for name in ("concurrent", "concurrent.atomic")),
    "java.base/jdk.internal.ref",
    *(f"java.base/sun.{name}" for name in ("nio.ch", "nio.cs", "security.action", "util.calendar")),
    "java.security.jgss/sun.security.krb5",
)

_CONF = {
    "spark.master": "local[*]",
    "spark.app.name": "citylake",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.catalogImplementation": "hive",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.legacy.javaCharsets": "true",  # GB18030
    # Spark would put values of its environment and Java's into a statement, after whoever checked it has read it.
    SUBSTITUTE: "false",
    DEBUGGING: "false",
    # Its other ports, open to everybody on the machine, ask for a secret that it makes itself.
    "spark.authenticate": "true",
    "spark.ui.killEnabled": "false",
    "spark.hadoop.fs.permissions.umask-mode": "077",
    "spark.sql.shuffle.partitions": "4",
    # Re-planning after every shuffle makes a job of each stage; a table of the night is small against that cost.
    "spark.sql.adaptive.enabled": "false",
    "spark.databricks.delta.snapshotPartitions": "2",
    # The default of 100 thrashes when hundreds of tables take turns.
    "spark.sql.codegen.cache.maxEntries": "10000",
    # A version committed long ago and superseded today must stay readable; maintenance alone decides what goes.
    "spark.databricks.delta.vacuum.enforceTimeTravelWithinDeletedFileRetentionDuration": "false",
    # VACUUM of a tiny table takes 2 s instead of half a minute.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
    # The schema is Delta's own; Hive's idea of it must not make every write fail once and be tried again.
    "spark.hadoop.hive.metastore.disallow.incompatible.col.type.changes": "false",
    "spark.ui.retainedJobs": "100",
    "spark.ui.retainedStages": "100",
    "spark.ui.retainedTasks": "1000",
    "spark.sql.ui.retainedExecutions": "50",
    "spark.connect.session.manager.defaultSessionTimeout": "4h",
    # A hundred lines of Java below every message that a person reads; the server's log has them.
    "spark.sql.pyspark.jvmStacktrace.enabled": "false",
    "spark.sql.connect.serverStacktrace.enabled": "false",
}


@dataclass(frozen=True)
class Tuning:
    """What may differ between a laptop, a service and a test run.

    ``short_lived`` compiles with the quick compiler only: half the processor time of a server's first minutes, a little
    more later. ``ui`` shows Spark's own pages on a free loopback port, to everybody on the machine; ``bind`` is the
    address to listen on.
    """

    short_lived: bool = False
    ui: bool = False
    bind: str = "127.0.0.1"

    @classmethod
    def from_environment(cls) -> "Tuning":
        """Read ``CITYLAKE_SPARK_SHORT_LIVED``, ``CITYLAKE_SPARK_UI`` (``1`` or unset) and ``CITYLAKE_SPARK_BIND``."""
        return cls(
            short_lived=os.environ.get("CITYLAKE_SPARK_SHORT_LIVED") == "1",
            ui=os.environ.get("CITYLAKE_SPARK_UI") == "1",
            bind=os.environ.get("CITYLAKE_SPARK_BIND", "127.0.0.1"),
        )


def start_server(settings: Settings, tuning: Tuning | None = None) -> Record:
    """Start the server of a lake, or find it running, and wait until it takes connections.

    Raises:
        ServiceError: it did not start, the set-up is not complete, or another server already serves this lake: Delta's
            commits to a plain folder are safe only within one process.
    """
    if running := find(settings, SERVICE):
        return running
    tuning = tuning or Tuning.from_environment()
    port = free_port()
    # What it is not told it cannot give away: neither the lake's settings nor anybody's keys.
    environment = {**plain_environment(), "TZ": settings.timezone, "SPARK_LOCAL_IP": "127.0.0.1"}
    try:
        command = _command(settings, tuning, port)
    except (JarError, JavaError) as error:
        raise ServiceError(str(error)) from error
    with _lake_lock(settings) as lock:
        return start(settings, Service(SERVICE, command, port, lambda: answers(port), environment, pass_fds=(lock,)))


def stop_server(settings: Settings) -> bool:
    """Stop the server of a lake.

    Return whether it ran. Running queries end; their commits happen whole or not at all.
    """
    return stop(settings, SERVICE)


def server_token(settings: Settings) -> str:
    """Return the token that every client must show; made once, kept in ``secrets/``."""
    path = settings.secrets / TOKEN
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text("utf-8")


@contextmanager
def _lake_lock(settings: Settings) -> Iterator[int]:
    """Hold the lake while the server is started.

    The server inherits the hold and keeps it until it is gone, however it goes.
    """
    parts = urlsplit(settings.lake_uri)
    folder = Path(unquote(parts.path)) if parts.scheme in ("", "file") else settings.run
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / ".served", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not locked(descriptor, LAST_BREATH):
            raise ServiceError("another Spark server already serves this lake: stop it first (see 'citylake doctor')")
        yield descriptor
    finally:
        os.close(descriptor)


def _command(settings: Settings, tuning: Tuning, port: int) -> list[str]:
    class_path = os.pathsep.join(map(str, [*spark_jars(), *delta_class_path()]))
    conf = [part for key, value in _conf(settings, tuning, port).items() for part in ("--conf", f"{key}={value}")]
    return [
        str(java()),
        *_java_options(settings, tuning),
        "-cp",
        class_path,
        "org.apache.spark.deploy.SparkSubmit",
        # A command line is shown to everybody by ps, a file only to its owner.
        "--properties-file",
        str(_secret_conf(settings)),
        *conf,
        "--class",
        "org.apache.spark.sql.connect.service.SparkConnectServer",
        "spark-internal",
    ]


def _secret_conf(settings: Settings) -> Path:
    path = settings.secrets.resolve() / _SECRET_CONF
    write_private(path, f"spark.connect.authenticate.token={server_token(settings)}\n")
    return path


def _java_options(settings: Settings, tuning: Tuning) -> list[str]:
    logs = settings.logs.resolve()
    return [
        f"-Xmx{settings.spark_memory}",
        "-XX:+UseSerialGC" if tuning.short_lived else "-XX:+UseParallelGC",
        "-XX:ReservedCodeCacheSize=256m",
        # A wide table's generated code is one method of more than 8,000 bytecodes, which Java would leave interpreted.
        "-XX:-DontCompileHugeMethods",
        *(["-XX:TieredStopAtLevel=1"] if tuning.short_lived else []),
        "-XX:+ExitOnOutOfMemoryError",
        *(f"--add-opens={name}=ALL-UNNAMED" for name in _OPENS),
        "--enable-native-access=ALL-UNNAMED",
        "-Dio.netty.tryReflectionSetAccessible=true",
        "-Dfile.encoding=UTF-8",
        "-Dsun.stdout.encoding=UTF-8",
        f"-Duser.timezone={settings.timezone}",
        f"-Dlog4j2.configurationFile={_LOG4J.as_uri()}",
        f"-Dcitylake.log={logs / 'spark-server.log'}",
        f"-Dderby.stream.error.file={logs / 'derby.log'}",
        *(["-Dderby.system.durability=test"] if tuning.short_lived else []),
    ]


def _conf(settings: Settings, tuning: Tuning, port: int) -> dict[str, str]:
    home = settings.home.resolve()
    return {
        **_CONF,
        "spark.connect.grpc.binding.address": tuning.bind,
        "spark.connect.grpc.binding.port": str(port),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": str(tuning.ui).lower(),
        "spark.ui.port": str(free_port() if tuning.ui else 0),
        "spark.sql.session.timeZone": settings.timezone,
        "spark.sql.warehouse.dir": (home / "warehouse").as_uri(),
        "spark.local.dir": str(home / "tmp"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={home / 'metastore'};create=true",
    }


def main() -> int:
    """Start the server of this installation and say where it listens."""
    from citylake.settings import settings as installed

    record = start_server(installed())
    sys.stdout.write(f"Spark Connect server: port {record.port}, pid {record.pid}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
