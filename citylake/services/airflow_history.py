"""Forgetting what Airflow has run long ago: rows of its database and files of its task logs.

The ledger keeps what became of every delivery, run and night; Airflow's own history is for looking at tasks.
"""

import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from citylake.services.airflow import DATABASE_VARIABLE, airflow_environment, database_url, log_folder
from citylake.settings import Settings
from citylake.supervisor import ServiceError

_CLEAN_SECONDS = 1800


@dataclass(frozen=True)
class Forgotten:
    """How many log files were removed and how many bytes they held."""

    files: int
    bytes: int


def forget(settings: Settings, before: datetime) -> Forgotten:
    """Remove what Airflow keeps of runs older than a moment; the last run of every DAG stays.

    Args:
        settings: the installation.
        before: moment with a time zone.

    Raises:
        ServiceError: Airflow could not clean its database; no log file was removed.
    """
    _clean_database(settings, before)
    return _clean_logs(log_folder(settings), before)


def _clean_database(settings: Settings, before: datetime) -> None:
    # A task is kept from Airflow's database, so the address is not in its environment any more.
    environment = {**airflow_environment(settings, 0), DATABASE_VARIABLE: database_url(settings)}
    command = [
        sys.executable, "-m", "airflow", "db", "clean", "--clean-before-timestamp", before.isoformat(),
        "--skip-archive", "--yes", "--error-on-cleanup-failure",
    ]  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_CLEAN_SECONDS, check=False)
    if done.returncode:
        raise ServiceError(f"Airflow's database could not be cleaned:\n{(done.stdout + done.stderr)[-2000:]}")


def _clean_logs(folder: Path, before: datetime) -> Forgotten:
    files = size = 0
    young = {path for path in folder.rglob("*") if path.is_dir() and path.stat().st_mtime >= before.timestamp()}
    for path in folder.rglob("*.log*"):
        if path.is_symlink() or not path.is_file() or path.stat().st_mtime >= before.timestamp():
            continue
        files, size = files + 1, size + path.stat().st_size
        path.unlink()
    # Deepest first: a folder is empty once those in it are gone. A task about to start may just have made its own.
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink() and path not in young and not any(path.iterdir()):
            path.rmdir()
    return Forgotten(files, size)
