"""What ``citylake doctor`` looks at: each check says what it found and, where that is not fine, what to do."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from packaging.requirements import Requirement

from citylake.services.closed import open_to_others
from citylake.services.lock_file import pinned_versions
from citylake.settings import CHECKOUT, Settings
from citylake.spark.jars import JARS, jars_folder, wrong_jars
from citylake.spark.java import JavaError, java, spark_jars
from citylake.supervisor import ServiceError, answers, find, leftovers, names

_GIB = 1024**3
_SHOWN = 5
_ROOM_GIB = 5
"""A first night with 20,000 people takes less than one; checkpoints, shuffles and logs want the rest."""


@dataclass(frozen=True)
class Finding:
    """What a check found; ``remedy`` says what to do when it is not fine."""

    check: str
    fine: bool
    found: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Run every check, in an order in which what comes first can cause what comes later."""
    return [finding for check in CHECKS for finding in check(settings)]


def _packages(settings: Settings) -> Iterator[Finding]:
    listed = settings.project / "requirements" / "product.txt"
    pinned = pinned_versions(listed) if listed.exists() else {}
    if settings.project.resolve() != CHECKOUT:
        # Installed by itself, without what only builds the package.
        yield from _wanted(is_pinned=bool(pinned))
        pinned = {name: wanted for name, wanted in pinned.items() if _installed(name)}
    wrong = [
        f"{name} is {have or 'missing'}, pinned is {wanted}"
        for name, wanted in pinned.items()
        if (have := _installed(name)) != wanted
    ]
    if wrong:
        yield Finding("packages", False, "; ".join(wrong[:5]), "run 'make install' after deleting .venv/.product")
    elif pinned:
        yield Finding("packages", True, f"{len(pinned)} packages as pinned")
    server, client = _installed("pyspark"), _installed("pyspark-client")
    if server != client:
        found = f"pyspark {server or 'missing'} and pyspark-client {client or 'missing'} differ: they share their files"
        yield Finding("packages", False, found, "delete .venv and run 'make install'")


def _wanted(*, is_pinned: bool) -> Iterator[Finding]:
    """Look at packages as the distribution wants them."""
    wanted = [Requirement(said) for said in requires("citylake") or ()]
    wrong = [
        f"{one.name} is {have or 'missing'}, wanted is {one.specifier or 'any version'}"
        for one in wanted
        if not (have := _installed(one.name)) or have not in one.specifier
    ]
    if wrong:
        yield Finding(
            "packages", False, "; ".join(wrong[:_SHOWN]), "install citylake again into an environment of its own"
        )
    else:
        unpinned = "" if is_pinned else "; none is pinned here"
        yield Finding("packages", True, f"{len(wanted)} packages as citylake wants them{unpinned}")


def _project(settings: Settings) -> Iterator[Finding]:
    missing = [name for name in ("schemas", "jobs", "dags", "plugins") if not (settings.project / name).is_dir()]
    if missing:
        found = f"{settings.project} has no {', '.join(missing)}"
        yield Finding("project", False, found, "set CITYLAKE_PROJECT to the folder that holds them, or call from there")
    else:
        yield Finding("project", True, f"contracts, jobs and DAGs in {settings.project}")


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _jars(_settings: Settings) -> Iterator[Finding]:
    wrong = wrong_jars(jars_folder())
    if wrong:
        found = "; ".join(f"{name}: {what}" for name, what in wrong.items())
        yield Finding(
            "jars", False, found, f"run '{sys.executable} -m citylake.spark.jars': it fetches what is wrong again"
        )
    else:
        yield Finding("jars", True, f"{len(JARS)} Delta jars with the pinned sha256")


def _java(_settings: Settings) -> Iterator[Finding]:
    remedy = "delete .venv and run 'make install'"
    try:
        done = subprocess.run([java(), "-version"], capture_output=True, text=True, timeout=60, check=True)
        yield Finding("java", True, f"{done.stderr.splitlines()[0]}; {len(spark_jars())} jars of Spark")
    except (JavaError, OSError, subprocess.SubprocessError) as error:
        yield Finding("java", False, str(error), remedy)


def _services(settings: Settings) -> Iterator[Finding]:
    for name in names(settings):
        try:
            record = find(settings, name)
        except ServiceError as error:
            yield Finding("services", False, str(error), "delete that file once 'citylake doctor' shows no leftovers")
            continue
        if record is None:
            yield Finding("services", False, f"{name} ended by itself", f"read logs/{name}.log, then run 'citylake up'")
        elif record.port and not answers(record.port):
            found = f"{name} (pid {record.pid}) does not answer on port {record.port}"
            yield Finding("services", False, found, "run 'citylake stop', then 'citylake up'")
        else:
            place = f", port {record.port}" if record.port else ""
            yield Finding("services", True, f"{name} runs: pid {record.pid}{place}")
    if not names(settings):
        yield Finding("services", True, "none runs; 'citylake up' starts them")
    if settings.spark_remote:
        yield _elsewhere(settings.spark_remote)


def _elsewhere(remote: str) -> Finding:
    import socket

    parts = urlsplit(remote)
    place = f"{parts.hostname}:{parts.port or 15002}"
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 15002), timeout=5.0):
            return Finding("services", True, f"the Spark server of CITYLAKE_SPARK_REMOTE answers at {place}")
    except OSError as error:
        remedy = "start that server, or unset CITYLAKE_SPARK_REMOTE to use a server of this lake's own"
        return Finding("services", False, f"no Spark server answers at {place} ({error})", remedy)


def _leftovers(settings: Settings) -> Iterator[Finding]:
    for process in leftovers(settings):
        found = f"pid {process.pid} ({process.name()}) was started for this lake, and no service accounts for it"
        yield Finding("leftovers", False, found, f"look at it with 'ps -fp {process.pid}', then 'kill {process.pid}'")


def _disk(settings: Settings) -> Iterator[Finding]:
    place = settings.home.resolve()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / _GIB
    found = f"{free:.1f} GiB free"
    if free < _ROOM_GIB:
        yield Finding("disk", False, found, f"make room: a night wants {_ROOM_GIB} GiB; or set CITYLAKE_HOME elsewhere")
    else:
        yield Finding("disk", True, found)


def _ledger(settings: Settings) -> Iterator[Finding]:
    from sqlalchemy.exc import SQLAlchemyError

    from citylake.ledger.database import is_current, open_ledger
    from citylake.ledger.errors import LedgerError

    parts = urlsplit(settings.ledger_url)
    if parts.scheme.startswith("sqlite") and not Path(parts.path[1:]).exists():
        yield Finding("ledger", True, "not there yet; 'citylake up' makes it")
        return
    try:
        engine = open_ledger(settings.ledger_url)
        current = is_current(engine)
        engine.dispose()
    except (LedgerError, SQLAlchemyError) as error:
        # SQLAlchemy's text may hold the statement, never the password of the address.
        yield Finding("ledger", False, f"cannot be read: {error}", "check CITYLAKE_LEDGER and that its server runs")
        return
    if current:
        yield Finding("ledger", True, "reachable, its tables are those of this version")
    else:
        yield Finding("ledger", False, "its tables are those of another version", "run 'citylake up'")


def _secrets(settings: Settings) -> Iterator[Finding]:
    if not settings.secrets.exists():
        yield Finding("secrets", True, "none made yet")
        return
    open_to_others = [
        path.name
        for path in [settings.secrets, *sorted(settings.secrets.rglob("*"))]
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if open_to_others:
        found = f"others than the owner may read {', '.join(open_to_others)}"
        yield Finding(
            "secrets", False, found, "run 'chmod -R go= secrets' in the lake's home, and change what was read"
        )
    else:
        yield Finding("secrets", True, "readable by their owner only")


def _files(settings: Settings) -> Iterator[Finding]:
    shown = list(islice(open_to_others(settings), _SHOWN + 1))
    if not shown:
        yield Finding("files", True, "what the lake holds is its owner's only")
        return
    home = settings.home.resolve()
    said = ", ".join(str(path.relative_to(home)) if path.is_relative_to(home) else path.name for path in shown[:_SHOWN])
    found = f"others than the owner may read {said}{' and more' if len(shown) > _SHOWN else ''}"
    yield Finding("files", False, found, "run 'citylake doctor --close' as the owner")


def _root(settings: Settings) -> Iterator[Finding]:
    if os.geteuid() != 0:
        yield Finding("user", True, "not root")
    elif settings.allow_root:
        yield Finding("user", True, "root, as CITYLAKE_ALLOW_ROOT says: fit for a trial, not for a city")
    else:
        remedy = "make a user for the lake and give it the lake's home, or set CITYLAKE_ALLOW_ROOT=1 for a trial"
        yield Finding("user", False, "root, who starts no services", remedy)


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _packages,
    _project,
    _jars,
    _java,
    _disk,
    _root,
    _secrets,
    _files,
    _ledger,
    _services,
    _leftovers,
)
