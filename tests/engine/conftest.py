"""The small lake of the engine's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from citylake.settings import Settings
from jobs.spark.session import session
from tests.engine.small_lake import SmallLake, contract


@pytest.fixture(scope="module")
def spark(spark_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """One session for a module's tests."""
    home = tmp_path_factory.mktemp("spark-home")
    with session(Settings(home=home, lake="", landing="", ledger="", spark_remote=spark_server)) as opened:
        yield opened


@pytest.fixture
def small(settings: Settings, spark_server: str, spark: SparkSession, tmp_path: Path) -> SmallLake:
    """An empty lake with one resource of each mode."""
    served = settings.model_copy(update={"spark_remote": spark_server})
    made = SmallLake.make(served, spark, tmp_path / "project")
    for mode in ("change", "snapshot", "event"):
        made.write(f"clean/office/{mode}.yml", contract(mode))
    return made
