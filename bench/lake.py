"""A lake of the bench: its own home and contracts, its own server, deliveries through the drop folder."""

import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import structlog

from bench.meter import Server
from citylake.contract.model import CollectedContract
from citylake.lake import Lake, open_lake
from citylake.settings import Settings
from citylake.spark.server import Tuning, start_server, stop_server
from citylake.spark.session import remote

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from citylake.engine.run.context import TableResult

HERE = Path(__file__).parent
DEPARTMENT = "works"
FIRST_NIGHT = date(2026, 6, 1)


@dataclass(frozen=True)
class BenchLake:
    """An installation of the bench below one folder; its contracts lie in ``bench/project``.

    ``remote`` is the address of a server that several of them share; without one each has its own.
    """

    folder: Path
    remote: str = ""

    @property
    def settings(self) -> Settings:
        """Settings that nothing of the surroundings changes."""
        return Settings(
            home=self.folder,
            project=HERE / "project",
            lake="",
            landing="",
            ledger="",
            spark_remote=self.remote,
            spark_memory="6g",
        )

    @property
    def kept(self) -> tuple[Path, ...]:
        """Folders whose files are what a night leaves behind: the tables and the delivered bytes."""
        return (self.folder / "lake",)

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def open(self) -> Lake:
        """Open it."""
        return open_lake(self.settings)

    def drop(self, file: Path, name: str) -> None:
        """Put a copy of a file into the drop folder, long still, so that nobody waits for it to stop growing."""
        folder = self.settings.inbox / DEPARTMENT
        folder.mkdir(parents=True, exist_ok=True)
        try:
            os.link(file, folder / name)
        except FileExistsError:
            (folder / name).unlink()
            os.link(file, folder / name)
        os.utime(folder / name, (0, 0))

    @contextmanager
    def served(self, *, short_lived: bool = False, ui: bool = True) -> Iterator[Server]:
        """Run a Spark server for a block."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # Told to end, it still stops its server.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        record = start_server(self.settings, Tuning(short_lived=short_lived, ui=ui))
        try:
            said = next((part for part in record.command if part.startswith("spark.ui.port=")), "=0")
            server = Server(record.pid, remote(self.settings), int(said.partition("=")[2]) or None)
            _wait_for_pages(server)
            yield server
        finally:
            stop_server(self.settings)


def _wait_for_pages(server: Server) -> None:
    for _ in range(100 if server.ui_port else 0):
        try:
            server.newest_job()
        except OSError:
            time.sleep(0.1)
        else:
            return


def quiet() -> None:
    """Say warnings only."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def night(number: int) -> date:
    """Return the business date of night ``number``, 0 for the first load."""
    return date.fromordinal(FIRST_NIGHT.toordinal() + number)


def run_clean(lake: Lake, spark: "SparkSession", table: str, number: int) -> "TableResult":
    """Take what the department offers.

    Raises:
        RuntimeError: it was not accepted.
    """
    from citylake.engine.clean.collect import collect
    from citylake.engine.run.context import Context

    contract = lake.catalog.contract(table)
    assert isinstance(contract, CollectedContract)
    found = collect(Context(lake, spark, night(number)), contract)
    if found.outcome not in {"accepted", "unchanged"}:
        raise RuntimeError(f"{table}: {found.outcome}: {found.reason}")
    return found.results[-1]


def run_derived(lake: Lake, spark: "SparkSession", table: str, number: int) -> "TableResult":
    """Bring a derived table up to its inputs.

    Raises:
        RuntimeError: a gate stopped it or an input is missing.
    """
    from citylake.engine.run.run import run_table

    result = run_table(lake, spark, table, night(number))
    if result.state not in {"written", "unchanged"}:
        raise RuntimeError(f"{table}: {result.state}: {result.reason}")
    return result


def folder_of(lake: Lake, table: str) -> Path:
    """Return the folder of a table, for a reader that is no part of the lake."""
    return Path(unquote(urlsplit(lake.location(table)).path))
