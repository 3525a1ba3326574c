"""What every test may ask for: settings of its own, and one real Spark Connect server for the whole run."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from citylake.lake import Lake, open_lake
from citylake.settings import Settings
from citylake.settings import settings as installed
from citylake.spark.server import Tuning, start_server, stop_server
from citylake.spark.session import remote, session

os.environ.setdefault("CITYLAKE_ALLOW_ROOT", "1")  # tests may run as root, in a container


@pytest.fixture(scope="session")
def spark_server() -> Iterator[str]:
    """The address of a real Connect server, started when a test first asks and stopped at the end in any case."""
    home = Path(tempfile.mkdtemp(prefix="citylake-spark-"))
    settings = Settings(home=home, spark_remote="", lake="", spark_memory="2g")
    os.environ["CITYLAKE_CONNECTION_NEVER_TOLD"] = "postgresql://reader:secret@host/db"
    try:
        start_server(settings, Tuning(short_lived=True))
        yield remote(settings)
    finally:
        stop_server(settings)
        shutil.rmtree(home)


@pytest.fixture(scope="module")
def spark(spark_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """One session for a module's tests."""
    home = tmp_path_factory.mktemp("spark-home")
    with session(Settings(home=home, lake="", landing="", ledger="", spark_remote=spark_server)) as opened:
        yield opened


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation of the test's own.

    Home, lake, landing and ledger lie in its temporary folder. It has no Spark server.
    """
    return Settings(home=tmp_path / "home", lake="", landing="", ledger="", spark_remote="")


@pytest.fixture
def lake(settings: Settings, spark_server: str) -> Settings:
    """An installation of the test's own on the shared Spark server, whose catalog is empty when the test begins.

    Tests of one process run one after the other and each process has its own server, so the databases have their usual
    names.
    """
    served = settings.model_copy(update={"spark_remote": spark_server})
    empty_catalog(served)
    return served


@pytest.fixture(scope="module")
def lake_of_module(spark_server: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Like ``lake``, but shared by the tests of a module, which must then not use ``lake`` beside it."""
    home = tmp_path_factory.mktemp("module") / "home"
    served = Settings(home=home, lake="", landing="", ledger="", spark_remote=spark_server)
    empty_catalog(served)
    return served


@pytest.fixture
def own_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """A lake of this process's own environment, as the commands open it; it has no Spark server."""
    monkeypatch.setenv("CITYLAKE_HOME", str(tmp_path / "home"))
    for name in ("LAKE", "LANDING", "LEDGER", "SPARK_REMOTE", "PEOPLE"):
        monkeypatch.delenv(f"CITYLAKE_{name}", raising=False)
    installed.cache_clear()
    opened = open_lake()
    yield opened
    opened.ledger.dispose()
    installed.cache_clear()


def empty_catalog(settings: Settings) -> None:
    """Drop every database but the default one; the files of their tables stay where they are."""
    with session(settings) as spark:
        for row in spark.sql("SHOW DATABASES").collect():
            if row[0] != "default":
                spark.sql(f"DROP DATABASE `{row[0]}` CASCADE")
