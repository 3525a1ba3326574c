"""The small lake of the engine's tests."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from citylake.settings import Settings
from tests.engine.small_lake import SmallLake, contract


@pytest.fixture
def small(settings: Settings, spark_server: str, spark: SparkSession, tmp_path: Path) -> SmallLake:
    """An empty lake with one resource of each mode."""
    served = settings.model_copy(update={"spark_remote": spark_server})
    made = SmallLake.make(served, spark, tmp_path / "project")
    for mode in ("change", "snapshot", "event"):
        made.write(f"clean/office/{mode}.yml", contract(mode))
    return made
