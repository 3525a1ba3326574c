"""What tables make of their cases: in DuckDB, as ``citylake verify`` computes them, and in Spark, as the engine does."""

from collections.abc import Mapping, Sequence
from functools import reduce
from types import SimpleNamespace

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from citylake.contract.catalog import Catalog
from citylake.contract.model import DerivedContract
from citylake.delta.sql_text import quoted
from citylake.delta.tables import derived_columns
from citylake.engine.derived.evaluate import with_date
from citylake.engine.transforms import select_text, transform_module
from citylake.verify.derived import recomputed
from citylake.verify.store import Store
from citylake.verify.translate import input_schema
from tests.tables.cases import JOBS, Case, Row, input_types, texts

_CASE = "_case"


def made_by_duckdb(case: Case, catalog: Catalog, contract: DerivedContract, store: Store) -> list[Row]:
    """Return the rows the second engine makes of a case."""
    for alias, types in input_types(catalog, contract).items():
        table = store.name()
        store.run(f"CREATE TABLE {table} ({input_schema(types)})")
        for row in texts(case.given.get(alias, ()), types):
            store.connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' for _ in types)})", row)
        store.view(alias, f"SELECT * FROM {table}")
    found = store.run(recomputed(store, catalog, contract, JOBS, case.business_date))
    names = [item[0] for item in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def made_by_spark(
    cases: Sequence[Case], catalog: Catalog, contract: DerivedContract, spark: SparkSession
) -> list[list[Row]]:
    """Return the rows the engine's transform makes of each case of a table, all in one query.

    Every input is one frame with the rows of all cases; each case sees its own, so the transform runs once per case and
    Spark once per table.
    """
    named = input_types(catalog, contract)
    frames = {
        alias: _frame(spark, [case.given.get(alias, ()) for case in cases], types) for alias, types in named.items()
    }
    text = select_text(catalog, contract, JOBS)
    if text is not None:
        for alias, frame in frames.items():
            frame.createOrReplaceTempView(f"all_{alias}")
        made = spark.sql("\nUNION ALL\n".join(_of_case(text, number, case, named) for number, case in enumerate(cases)))
    else:
        parts = [_python(number, case, frames, catalog, contract, spark) for number, case in enumerate(cases)]
        made = reduce(DataFrame.unionByName, parts)
    typed = [F.col(quoted(item.name)).cast(item.type) for item in derived_columns(contract)]
    found = [row.asDict() for row in made.select(_CASE, *typed).dropna(subset=list(contract.unit)).collect()]
    return [[row for row in found if row[_CASE] == number] for number in range(len(cases))]


def _frame(spark: SparkSession, rows_of_cases: Sequence[Sequence[Row]], types: Mapping[str, str]) -> DataFrame:
    rows = [[number, *row] for number, rows in enumerate(rows_of_cases) for row in texts(rows, types)]
    described = ", ".join([f"{_CASE} int", *(f"{quoted(name)} string" for name in types)])
    typed = [F.col(quoted(name)).cast(kind).alias(name) for name, kind in types.items()]
    return spark.createDataFrame(rows, described).select(_CASE, *typed)


def _of_case(text: str, number: int, case: Case, named: Mapping[str, Mapping[str, str]]) -> str:
    """Return a SELECT over one case's rows: the text stands as it is, and its inputs' names are common table expressions."""
    inputs = ", ".join(
        f"{alias} AS (SELECT {', '.join(map(quoted, types))} FROM all_{alias} WHERE {_CASE} = {number})"
        for alias, types in named.items()
    )
    dated = with_date(text, case.business_date)
    return f"SELECT {number} AS {_CASE}, * FROM (WITH {inputs} SELECT * FROM (\n{dated}\n))"


def _python(
    number: int,
    case: Case,
    frames: Mapping[str, DataFrame],
    catalog: Catalog,
    contract: DerivedContract,
    spark: SparkSession,
) -> DataFrame:
    own = {alias: frame.where(F.col(_CASE) == number).drop(_CASE) for alias, frame in frames.items()}
    run = SimpleNamespace(spark=spark, business_date=case.business_date, contract=contract, catalog=catalog)
    made: DataFrame = transform_module(contract, JOBS).transform(own, run)
    return made.withColumn(_CASE, F.lit(number))
