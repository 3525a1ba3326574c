"""The two engines that evaluate the lake's plans, side by side."""

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from tests.engines.both import Both, sail


@pytest.fixture(scope="module")
def both(spark: SparkSession) -> Iterator[Both]:
    """A session of each."""
    with sail() as opened:
        yield Both(spark, opened)
