"""Each table makes of each of its cases what the case expects, in either engine."""

import pytest
from pyspark.sql import SparkSession

from citylake.contract.catalog import load_catalog
from citylake.contract.model import DerivedContract
from citylake.engine.transforms import input_types
from citylake.settings import Settings
from citylake.spark.local import NotHereError, local_session, reading
from citylake.verify.store import Store
from tests.tables.cases import Case, all_cases, check, strange_names
from tests.tables.engines import made_by_duckdb, made_by_spark

CATALOG = load_catalog()
CASES = all_cases()
TABLES = sorted({case.table for case in CASES})


def contract_of(table: str) -> DerivedContract:
    contract = CATALOG.contract(table)
    assert isinstance(contract, DerivedContract)
    return contract


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_table_makes_what_the_case_expects(case: Case, store: Store) -> None:
    contract = contract_of(case.table)
    assert list(strange_names(case, CATALOG, contract)) == []
    check(case, made_by_duckdb(case, CATALOG, contract, store))


@pytest.mark.parametrize("table", TABLES)
def test_spark_makes_of_all_cases_of_a_table_what_they_expect(table: str, spark: SparkSession) -> None:
    cases = [case for case in CASES if case.table == table]
    for case, rows in zip(cases, made_by_spark(cases, CATALOG, contract_of(table), spark), strict=True):
        check(case, rows)


@pytest.mark.parametrize("table", TABLES)
def test_the_engine_of_small_work_makes_of_them_what_they_expect(table: str, settings: Settings) -> None:
    cases = [case for case in CASES if case.table == table]
    with reading(input_types(CATALOG, contract_of(table))):
        try:
            made = made_by_spark(cases, CATALOG, contract_of(table), local_session(settings))
        except NotHereError as error:
            pytest.skip(f"left to Spark: {error}")
    for case, rows in zip(cases, made, strict=True):
        check(case, rows)


def test_a_case_fails_on_a_row_that_is_not_made_one_that_nobody_expects_and_a_name_that_is_not_there() -> None:
    case = next(case for case in CASES if case.table == "topic.social_security__person_benefit")
    rows = [dict(row) for row in case.expect]
    check(case, rows)
    for wrong in ([], [*rows, rows[0]], [{**rows[0], next(iter(rows[0])): "another"}, *rows[1:]]):
        with pytest.raises(AssertionError):
            check(case, wrong)
    unknown = case.model_copy(update={"given": {"nothing": ()}, "expect": ({"no_column": 1},)})
    named = list(strange_names(unknown, CATALOG, contract_of(case.table)))
    assert named == ["input nothing; there are pension_payment, pension_recipient", "no_column"]
