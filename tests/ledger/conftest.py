"""Every ledger test runs on a SQLite file and, where PostgreSQL is installed, on a cluster of the tests' own."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from citylake.ledger.database import migrate, open_ledger

DATABASES = ["sqlite", "postgresql"]


def _programs() -> Path | None:
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return None if found is None else Path(found).resolve().parent


def _as_ordinary_user(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root; as root it runs as an account that owns nothing but its data."""
    prefix = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
    if os.geteuid() != 0:
        return prefix
    if not prefix:
        pytest.skip("PostgreSQL does not run as root, and setpriv is not installed to become another user")
    account = pwd.getpwnam("nobody")
    os.chown(folder, account.pw_uid, account.pw_gid)
    return [*prefix, f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]


def _write_secret(path: Path, secret: str) -> None:
    path.touch(mode=0o600)
    path.write_text(secret, "ascii")
    owner = path.parent.stat()
    os.chown(path, owner.st_uid, owner.st_gid)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgresql() -> Iterator[URL]:
    """Address of a private cluster on a loopback port, stopped and removed at the end."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: the ledger is tested on SQLite only")
    # Not below pytest's own folder: the account that PostgreSQL runs as may not enter that.
    folder = Path(tempfile.mkdtemp(prefix="citylake-pg-"))
    try:
        yield from _cluster(programs, folder)
    finally:
        shutil.rmtree(folder)


def _cluster(programs: Path, folder: Path) -> Iterator[URL]:
    password, port, data = secrets.token_hex(16), _free_port(), folder / "data"
    user = _as_ordinary_user(folder)
    _write_secret(folder / "password", password)
    initdb = [*user, str(programs / "initdb"), "-D", str(data), "-U", "ledger", "-A", "scram-sha-256"]
    options = ["-E", "UTF8", "--no-locale", "--no-sync", f"--pwfile={folder / 'password'}"]
    subprocess.run([*initdb, *options], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    command = [*user, str(programs / "postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1"]
    settings = ["-c", f"unix_socket_directories={folder}", "-c", "fsync=off", "-c", "autovacuum=off"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*command, *settings], stdout=log, stderr=log, cwd=folder)
    try:
        address = URL.create("postgresql", "ledger", password, host="127.0.0.1", port=port, database="postgres")
        _wait_for(address, server)
        yield address
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)


def _admin(address: URL) -> Engine:
    return create_engine(address.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")


def _wait_for(address: URL, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    engine = _admin(address)
    while True:
        try:
            engine.connect().close()
            engine.dispose()
            return
        except OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite ledger that tests copy, since migrating takes longer than most of them."""
    path = tmp_path_factory.mktemp("ledger") / "migrated.db"
    migrate(open_ledger(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_database(postgresql: URL) -> str:
    """Name of a PostgreSQL ledger that tests copy."""
    _create_database(postgresql, "migrated", "template1")
    engine = open_ledger(postgresql.set(database="migrated").render_as_string(hide_password=False))
    migrate(engine)
    engine.dispose()
    return "migrated"


def _create_database(address: URL, name: str, template: str) -> None:
    admin = _admin(address)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    admin.dispose()


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a database of the test's own: a ledger if the test asks for one, else empty."""
    migrated = "ledger" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "ledger.db"
        if migrated:
            shutil.copy(request.getfixturevalue("migrated_file"), path)
        yield f"sqlite:///{path}"
        return
    address: URL = request.getfixturevalue("postgresql")
    name = f"ledger_{uuid.uuid4().hex}"
    _create_database(address, name, request.getfixturevalue("migrated_database") if migrated else "template1")
    yield address.set(database=name).render_as_string(hide_password=False)
    admin = _admin(address)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def empty(url: str) -> Iterator[Engine]:
    """A database whose tables were not made yet."""
    engine = open_ledger(url, busy_seconds=10)
    yield engine
    engine.dispose()


@pytest.fixture
def ledger(url: str) -> Iterator[Engine]:
    """A ledger ready for use."""
    engine = open_ledger(url, busy_seconds=10)
    yield engine
    engine.dispose()


@pytest.fixture
def elsewhere(url: str, tmp_path: Path) -> Iterator["Elsewhere"]:
    """Other processes that use the same ledger; whatever still runs at the end is killed."""
    others = Elsewhere(url, tmp_path / "counter")
    yield others
    others.end()


class Elsewhere:
    """Starts deeds of ``other_process.py``."""

    def __init__(self, url: str, counter: Path) -> None:
        self.counter = counter
        self._environment = {**os.environ, "LEDGER_URL": url, "COUNTER": str(counter)}
        self._started: list[subprocess.Popen[str]] = []

    def does(self, *deed: object) -> subprocess.Popen[str]:
        """A process that has begun the deed."""
        command = [sys.executable, "-m", "tests.ledger.other_process", *map(str, deed)]
        process = subprocess.Popen(
            command,
            cwd=Path(__file__).resolve().parents[2],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def has_done(self, *deed: object) -> int:
        """The exit code of the deed."""
        return self.does(*deed).wait(timeout=120)

    def end(self) -> None:
        """Leave no process behind."""
        for process in self._started:
            process.kill()
            process.communicate()
