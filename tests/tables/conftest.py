"""Every folder ``<layer>/<domain>/<thing>/<case>/`` with an ``expect.yml`` is a test; nothing registers it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from citylake.contract.catalog import load_catalog
from tests.tables.cases import Case, Results, all_cases

_ROOT = Path(__file__).parent


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give tests that ask for a ``case`` each one there is."""
    if "case" in metafunc.fixturenames:
        found = all_cases(_ROOT)
        metafunc.parametrize("case", found, ids=[f"{item.table}: {item.name.replace('_', ' ')}" for item in found])


@pytest.fixture(scope="module")
def results(spark_server: str) -> Iterator[Results]:
    """What the tables make of their cases: one query per table, when the first of its cases asks."""
    spark = SparkSession.builder.remote(spark_server).create()
    try:
        yield Results(spark, load_catalog(), all_cases(_ROOT))
    finally:
        spark.stop()


@pytest.fixture(scope="session")
def cases() -> list[Case]:
    """All cases."""
    return all_cases(_ROOT)
