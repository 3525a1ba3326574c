"""Every table made by Python, the resolver's apart, found by walking the contracts: incremental equals rebuilt, on Spark."""

from datetime import timedelta
from random import Random

import pytest
from pyspark.sql import SparkSession

from citylake.contract.catalog import load_catalog
from citylake.contract.model import DerivedContract
from citylake.settings import PROJECT_ROOT
from tests.promises.histories import START, Histories, side_by_side
from tests.promises.promise import Promise
from tests.promises.selects import transforms
from tests.promises.spark_evaluation import SparkEvaluation
from tests.promises.values import Values

CATALOG = load_catalog()
HISTORIES = 30
DAYS = [START + timedelta(days=days) for days in (0, 1, 32)]


@pytest.mark.parametrize("table", transforms(CATALOG, PROJECT_ROOT))
def test_a_python_transform_keeps_its_promise_over_random_histories(table: str, spark: SparkSession) -> None:
    contract = CATALOG.contract(table)
    assert isinstance(contract, DerivedContract)
    values = Values(CATALOG, contract, None)
    histories = [list(Histories(values).steps(Random(f"{table} {number}").choice, DAYS)) for number in range(HISTORIES)]
    columns = {alias: values.columns(item.table) for alias, item in contract.inputs.items()}
    Promise(contract, SparkEvaluation(spark, CATALOG, contract, columns)).check(side_by_side(histories))
