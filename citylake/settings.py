"""Where a lake lives and how it is reached: the one settings class, filled from ``CITYLAKE_*``."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from citylake.deployment import TIMEZONE

LEAST_PEOPLE = 100
LEAST_AIRFLOW_DAYS = 7
CHECKOUT = Path(__file__).resolve().parent.parent
PROJECT_ROOT = CHECKOUT if (CHECKOUT / "schemas").is_dir() else Path.cwd()
"""The checkout that this package lies in; of an installed package the working directory, unless ``CITYLAKE_PROJECT`` is set."""


class UnknownConnectionError(LookupError):
    """A contract names a connection that this installation has not configured."""


class Settings(BaseSettings):
    """One installation of the lake. Everything it owns lies under ``home``."""

    model_config = SettingsConfigDict(env_prefix="CITYLAKE_", extra="ignore", frozen=True)

    home: Path = PROJECT_ROOT / ".citylake"
    """Folder of the running lake; never inside version control."""
    project: Path = PROJECT_ROOT
    """Folder that holds ``schemas/``, ``jobs/`` and ``dags/``."""
    lake: str = ""
    """URI of the Delta tables; default ``home/lake``."""
    landing: str = ""
    """URI of the delivered bytes; default ``home/landing``."""
    ledger: str = ""
    """SQLAlchemy URL of the control database; default SQLite in ``home``."""
    engine: Literal["auto", "spark", "local"] = "auto"
    """Who evaluates: ``auto`` small work in the task's own process and large work on the Connect server, ``spark`` all
    on the server, ``local`` in the process whatever it can hold."""
    spark_remote: str = ""
    """``sc://host:port`` of a Connect server; default: the one the CLI supervises."""
    spark_token_file: str = ""
    """Path of the file that holds the token of the server that ``spark_remote`` names."""
    spark_memory: str = "3g"
    """Heap of the supervised Connect server."""
    allow_root: bool = False
    """Whether services may be started by root: for trials only."""
    timezone: str = TIMEZONE
    airflow_days: int = Field(default=90, ge=LEAST_AIRFLOW_DAYS)
    """Days that Airflow keeps its runs and the logs of their tasks."""
    people: int = Field(default=20_000, ge=LEAST_PEOPLE)
    """Inhabitants of the made-up city."""
    seed: int = 3707
    """Seed of the made-up city."""

    @property
    def lake_uri(self) -> str:
        """URI under which ``<layer>/<domain>__<thing>`` tables lie, without a trailing slash."""
        return (self.lake or (self.home / "lake").resolve().as_uri()).rstrip("/")

    @property
    def landing_uri(self) -> str:
        """URI of the immutable delivered bytes, without a trailing slash."""
        return (self.landing or (self.home / "landing").resolve().as_uri()).rstrip("/")

    @property
    def ledger_url(self) -> str:
        """SQLAlchemy URL of the ledger."""
        return self.ledger or f"sqlite:///{(self.home / 'ledger.db').resolve()}"

    @property
    def secrets(self) -> Path:
        """Folder of keys and passwords, readable by its owner only."""
        return self.home / "secrets"

    @property
    def inbox(self) -> Path:
        """Folder with one drop folder per department that delivers files."""
        return self.home / "inbox"

    @property
    def run(self) -> Path:
        """Folder of pid and port files of running services."""
        return self.home / "run"

    @property
    def logs(self) -> Path:
        """Folder of log files."""
        return self.home / "logs"

    def connection(self, name: str) -> str:
        """Return the URL of a department's database or API.

        Args:
            name: connection id as contracts name it.

        Raises:
            UnknownConnectionError: neither ``CITYLAKE_CONNECTION_<NAME>`` nor
                ``secrets/connections.yml`` knows it.
        """
        from_environment = os.environ.get(f"CITYLAKE_CONNECTION_{name.upper()}")
        if from_environment:
            return from_environment
        path = self.secrets / "connections.yml"
        known = yaml.safe_load(path.read_text("utf-8")) if path.exists() else {}
        if name not in (known or {}):
            raise UnknownConnectionError(
                f"connection '{name}' is not configured: add it to {path.name} in the secrets folder "
                f"or set CITYLAKE_CONNECTION_{name.upper()}"
            )
        return str(known[name])


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process, read once from the environment."""
    return Settings()
