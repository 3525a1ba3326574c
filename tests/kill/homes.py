"""Homes of the grid: one city, its nights run without interruption, and copies in which they are killed."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from city.kit.layouts import departments
from citylake.settings import PROJECT_ROOT, Settings, settings
from tests.kill.night import run_night
from tests.kill.record import record

PEOPLE = 400
"""The smallest city in which every kind of case finds its people."""
START = date(2026, 11, 22)
BUSY = ("civil_affairs", "hrss")
"""Departments that deliver on every night, the others on the first only: two are enough to kill, and a night has to be short."""
STAGES = {
    "ready.decide": "collected",
    "libraries.identify_population": "resolved",
    "libraries.link_hrss": "linked",
    "libraries.judge_base": "base",
    "libraries.judge_topic": "topic",
    "libraries.judge_special": "judged",
}
"""Tasks after which the uninterrupted second night is copied: cells that die later begin there."""
OPEN = "open"
"""The stage before a night: delivered, nothing collected."""
_NOT_COPIED = ("tmp", "kill", "run", "logs", "metastore", "airflow")


def day_of(night: int) -> date:
    """Return the business date of a night, counted from 1."""
    return START + timedelta(days=night - 1)


def installation(home: Path, *, remote: str = "") -> Settings:
    """Return the settings of a home of the grid."""
    return Settings(home=home, lake="", landing="", ledger="", spark_remote=remote, spark_memory="2g", people=PEOPLE)


def settle_in(chosen: Settings, api: str) -> None:
    """Make a home this process's own: what is started from here on finds it by the environment."""
    for name, value in chosen.model_dump().items():
        os.environ[f"CITYLAKE_{name.upper()}"] = str(value)
    os.environ["CITYLAKE_CONNECTION_HEALTH"] = api
    for name, url in _databases(chosen).items():
        os.environ[f"CITYLAKE_CONNECTION_{name.upper()}"] = url
    settings.cache_clear()


def own_databases(chosen: Settings) -> None:
    """Let a copied home read the departments' databases beside it: the connections it was copied with name the first one's."""
    from city.delivery.deliver import set_connections

    set_connections(chosen, _databases(chosen))


def _databases(chosen: Settings) -> dict[str, str]:
    return {name: f"sqlite:///{chosen.home / 'city' / f'{name}.db'}" for name in departments("database")}


class Homes:
    """All homes of a grid, below one folder.

    ``reference`` is the home whose nights are never interrupted; ``night-<n>-<stage>`` a copy of it in night n.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @property
    def reference(self) -> Path:
        """The home in which nothing is killed."""
        return self.root / "reference"

    @property
    def server(self) -> Path:
        """Home of the Spark server that most cells share."""
        return self.root / "server"

    @property
    def api(self) -> str:
        """URL of the city's API, with its token."""
        known = yaml.safe_load((self.reference / "secrets" / "connections.yml").read_text("utf-8"))
        return str(known["health"])

    def stage(self, night: int, name: str) -> Path:
        """Return the home that cells copy whose night has come to a stage."""
        return self.root / f"night-{night}-{name}"

    def expected(self, night: int) -> dict[str, Any]:
        """Return the record of an uninterrupted night."""
        path = self._record(night)
        return dict(json.loads(path.read_text("utf-8")))

    def has(self, night: int) -> bool:
        """Return whether the uninterrupted night has been run."""
        return self._record(night).exists()

    def _record(self, night: int) -> Path:
        return self.root / f"night-{night}.json"

    def fresh(self, cell: str, night: int, stage: str) -> Path:
        """Return a new copy of the home at a stage of a night."""
        home = self.root / "cells" / cell / "home"
        shutil.rmtree(home.parent, ignore_errors=True)
        shutil.copytree(self.stage(night, stage), home, symlinks=True)
        return home

    def drop(self, cell: str) -> None:
        """Remove the home of a cell."""
        shutil.rmtree(self.root / "cells" / cell, ignore_errors=True)

    def make_first(self) -> None:
        """Make the reference home, empty, with the city's first deliveries."""
        from city.delivery.deliver import deliver
        from citylake.contract.catalog import load_catalog
        from citylake.contract.compiled import write_compiled
        from citylake.lake import open_lake

        chosen = installation(self.reference)
        open_lake(chosen).ledger.dispose()
        write_compiled(load_catalog(chosen.project / "schemas"), chosen.home)
        deliver(chosen, day_of(1))

    def run_next(self, night: int, remote: str) -> int:
        """Run one more uninterrupted night in the reference home, record it and keep a copy of it.

        Returns:
            0, or the status with which the night stopped.
        """
        self._begin_again(night)
        chosen = installation(self.reference, remote=remote)
        settle_in(chosen, self.api)
        began = time.monotonic()
        if status := run_night(chosen, day_of(night), lambda task: self._keep(task, night)):
            return status
        said = record(chosen, day_of(night)).as_json()
        said["seconds"] = round(time.monotonic() - began, 1)
        if said["unbalanced"] or not said["published"]:
            return 1
        prepare(chosen, night + 1)
        self._copy(self.stage(night + 1, OPEN))
        self._record(night).write_text(json.dumps(said, ensure_ascii=False, indent=1), "utf-8")
        return 0

    def _begin_again(self, night: int) -> None:
        """Take the reference home back to the beginning of a night: the grid may have been stopped in the middle."""
        opened = self.stage(night, OPEN)
        if not opened.exists():
            return
        for name in ("ledger.db-wal", "ledger.db-shm"):
            (self.reference / name).unlink(missing_ok=True)
        for item in opened.iterdir():
            target = self.reference / item.name
            if item.name in ("city", "secrets"):  # the API uses them
                continue
            if item.is_dir():
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(item, target, symlinks=True)
            else:
                shutil.copy2(item, target)

    def _keep(self, task: str, night: int) -> None:
        if night == 2 and task in STAGES:
            self._copy(self.stage(night, STAGES[task]))

    def _copy(self, target: Path) -> None:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.reference, target, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))

    @cached_property
    def stamp(self) -> str:
        """What the uninterrupted nights were made with: the commit, and whether the tree differs from it."""
        path = self.root / "stamp"
        return path.read_text("ascii") if path.exists() else ""

    def is_of(self, stamp: str) -> bool:
        """Return whether the uninterrupted nights were made with this very code."""
        return self.stamp == stamp and self.has(1)

    def begin(self, stamp: str) -> None:
        """Forget everything and begin with this code."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        (self.root / "stamp").write_text(stamp, "ascii")
        self.__dict__.pop("stamp", None)


def prepare(chosen: Settings, night: int) -> None:
    """Deliver for a night, and settle the departments that deliver nothing on it."""
    from city.delivery.deliver import deliver
    from citylake.lake import open_lake
    from citylake.ledger.nights.nights import Settled, settle

    deliver(chosen, day_of(night))
    lake = open_lake(chosen)
    for department in sorted(set(lake.catalog.departments) - set(BUSY)):
        nothing = [Settled(item.resource, "nothing") for item in lake.catalog.of_department(department)]
        settle(lake.ledger, department, day_of(night), nothing)
    lake.ledger.dispose()


def commit() -> str:
    """Return the commit of the code, with a plus when the product's files differ from it."""
    said = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--", "jobs", "schemas", "plugins", "dags", "citylake", "city")
    return said + ("+" if changed else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


@contextmanager
def served(homes: Homes) -> Iterator[str]:
    """Run what cells share, the Spark server and the city's API, for as long as the block lasts; give the address.

    The server takes VACUUM at any age of files, so that the grid need not wait thirty days for something to remove.
    """
    from citylake.services.city_api import SERVICE, start_city_api
    from citylake.spark.server import start_server, stop_server
    from citylake.spark.session import remote
    from citylake.supervisor import stop

    os.environ["CITYLAKE_SPARK_SHORT_LIVED"] = "1"
    allow_short_retention()
    server, city = installation(homes.server), installation(homes.reference)
    try:
        start_server(server)
        start_city_api(city)
        yield remote(server)
    finally:
        stop(city, SERVICE)
        stop_server(server)


def allow_short_retention() -> None:
    """Have servers that are started from here take a VACUUM of young files."""
    import citylake.spark.server as started

    started._CONF["spark.databricks.delta.retentionDurationCheck.enabled"] = "false"
