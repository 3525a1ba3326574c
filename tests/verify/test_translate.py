"""A SELECT says the same in DuckDB as it says in Spark: expression by expression; table by table ``tests/tables`` asks."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession

from citylake.contract.catalog import load_catalog
from citylake.contract.model import DerivedContract
from citylake.engine.derived.evaluate import with_date
from citylake.engine.transforms import select_text
from citylake.verify.translate import TranslationError, duckdb_select, input_schema, shaped_select
from tests.tables.cases import JOBS
from tests.verify.given import types_of

DAY = date(2026, 11, 22)
ZONE = "Asia/Shanghai"
CATALOG = load_catalog()


WRITTEN = {item.name: text for item in CATALOG.derived if (text := select_text(CATALOG, item, JOBS)) is not None}


def opened(contract: DerivedContract) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"SET TimeZone = '{ZONE}'")
    for alias, item in contract.inputs.items():
        types = types_of(CATALOG, item.table)
        connection.execute(f'CREATE TABLE "{alias}" ({input_schema(types)})')
    return connection


def derived(name: str) -> DerivedContract:
    contract = CATALOG.contract(name)
    assert isinstance(contract, DerivedContract)
    return contract


@pytest.mark.parametrize("table", sorted(WRITTEN))
def test_every_select_gives_its_contracts_columns_over_empty_inputs(table: str) -> None:
    contract = derived(table)
    with opened(contract) as connection:
        found = connection.execute(shaped_select(WRITTEN[table], contract, DAY))
        assert [item[0] for item in found.description] == list(contract.columns)
        assert found.fetchall() == []


@pytest.mark.parametrize(
    ("select", "told"),
    [
        ("SELECT xxhash64(a) AS h FROM p", "XXHASH64"),
        ("SELECT hash(a) AS h FROM p", "HASH"),
        ("SELECT current_date() AS d FROM p", "CURRENT_DATE"),
        ("SELECT a, v FROM p LATERAL VIEW OUTER EXPLODE(l) x AS v", "LATERAL VIEW OUTER"),
        ("SELECT SEQUENCE(CAST(a AS DATE), CAST(b AS DATE)) AS s FROM p", "INTERVAL 1 DAY"),
        ("SELECT :tomorrow AS d FROM p", "tomorrow"),
        ("DELETE FROM p", "one SELECT"),
        ("SELECT a FROM p; SELECT b FROM p", "one SELECT"),
    ],
)
def test_what_duckdb_would_take_otherwise_is_refused_by_name(select: str, told: str) -> None:
    with pytest.raises(TranslationError, match=told):
        duckdb_select(select, DAY)


ROWS = (
    "SELECT * FROM VALUES "
    "(1, DATE'2024-03-31', DATE'2023-12-15', TIMESTAMP'2024-03-31 23:30:00', ' abc,a', -7, 2, 3.45BD, 2.5D), "
    "(2, DATE'2023-01-31', DATE'2024-02-29', TIMESTAMP'2024-01-01 00:00:00', 'aab', 7, -3, -3.45BD, -2.5D), "
    "(3, DATE'2024-02-29', DATE'2024-01-31', TIMESTAMP'1999-12-31 12:00:00.25', '', 0, 5, 0.05BD, 0.5D), "
    "(4, DATE'1899-12-31', DATE'2000-06-30', TIMESTAMP'2026-06-30 07:59:59', '甲乙a丙', 5, 5, 12345678.99BD, 1.5D), "
    "(5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) "
    "AS x(id, d, e, ts, s, a, b, n, f)"
)
"""``b`` is never zero: ANSI mode divides by none."""

HERE = Path(__file__).parent
SCALARS = (HERE / "scalars.txt").read_text("utf-8").splitlines()
AGGREGATES = (HERE / "aggregates.txt").read_text("utf-8").splitlines()
"""Spark expressions over a row, and over rows, one a line."""

WHOLE = {
    "a ranking where NULL stands where Spark puts it": (
        "SELECT id, ROW_NUMBER() OVER (ORDER BY a, id) AS p, ROW_NUMBER() OVER (ORDER BY a DESC, id) AS q, "
        "LAG(s) OVER (ORDER BY d, id) AS l, FIRST_VALUE(id) OVER (ORDER BY a DESC, id) AS v, RANK() OVER (ORDER BY b) AS r FROM x"
    ),
    "running sums by range and by rows": (
        "SELECT id, SUM(n) OVER (ORDER BY d RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS p, "
        "SUM(n) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS q, COUNT(*) OVER () AS c FROM x"
    ),
    "a lateral view": "SELECT id, v FROM x LATERAL VIEW EXPLODE(SPLIT(s, ',')) l AS v",
    "months between two dates": (
        "SELECT id, v FROM x LATERAL VIEW EXPLODE(SEQUENCE(TRUNC(d, 'MM'), ADD_MONTHS(TRUNC(d, 'MM'), 3), INTERVAL 1 MONTH)) l AS v"
    ),
    "a numbered lateral view": "SELECT id, i, v FROM x LATERAL VIEW POSEXPLODE(SPLIT(s, ',')) l AS i, v",
    "columns turned into rows": "SELECT id, k, v FROM x LATERAL VIEW STACK(2, 'a', a, 'b', b) l AS k, v",
    "an array of structs in rows": (
        "SELECT id, p, q FROM x LATERAL VIEW INLINE(ARRAY(STRUCT(a AS m, s AS t), STRUCT(b + 1 AS m, UPPER(s) AS t))) l AS p, q"
    ),
    "structs below each other go by place": (
        "WITH u AS (SELECT id, CAST(NULL AS STRUCT<day: DATE, who: STRING>) AS t FROM x UNION ALL SELECT id, STRUCT(d, s) FROM x "
        "WHERE d IS NOT NULL) SELECT id, MAX(t).day AS day, MAX(t).who AS who FROM u GROUP BY id"
    ),
    "semi and anti joins": (
        "SELECT id, 's' AS k FROM x LEFT SEMI JOIN (SELECT a AS m FROM x WHERE a > 0) y ON y.m = x.a UNION ALL "
        "SELECT id, 'a' FROM x LEFT ANTI JOIN (SELECT a AS m FROM x WHERE a > 0) y ON y.m = x.a"
    ),
    "a full join whose NULLs are equal": (
        "SELECT x.id, y.id AS other FROM x FULL JOIN (SELECT id, a FROM x WHERE id > 2) y ON y.a <=> x.a"
    ),
    "the business date within a generator": (
        "SELECT id, v FROM x LATERAL VIEW EXPLODE(SEQUENCE(ADD_MONTHS(TRUNC(CAST(:business_date AS DATE), 'MM'), -2), "
        "CAST(:business_date AS DATE), INTERVAL 1 MONTH)) l AS v WHERE id = 1"
    ),
    "a filter after the windows": "SELECT id, a FROM x QUALIFY ROW_NUMBER() OVER (PARTITION BY a > 0 ORDER BY id DESC) = 1",
}


def selects() -> dict[str, str]:
    aggregates = _columns(AGGREGATES)
    return {
        "scalars": f"SELECT id, {_columns(SCALARS)} FROM x",
        "aggregates": f"SELECT {aggregates} FROM x",
        "aggregates of groups": f"SELECT id > 2 AS g, {aggregates} FROM x GROUP BY id > 2",
        **WHOLE,
    }


def _columns(expressions: Sequence[str]) -> str:
    return ", ".join(f"{item} AS c{place}" for place, item in enumerate(expressions))


def _said(named: str, column: str) -> str:
    """Return the expression behind a column of the long lists."""
    lists = {"scalars": SCALARS, "aggregates": AGGREGATES, "aggregates of groups": AGGREGATES}
    return lists[named][int(column[1:])] if named in lists and column[1:].isdigit() else column


@pytest.mark.parametrize("named", sorted(selects()))
def test_duckdb_says_what_spark_says(named: str, spark: SparkSession) -> None:
    text = selects()[named]
    rows = spark.sql(ROWS)
    rows.createOrReplaceTempView("x")
    theirs = spark.sql(with_date(text, DAY))
    names = theirs.columns
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = '{ZONE}'")
        connection.register("given", rows.toArrow())
        connection.execute("CREATE TABLE x AS SELECT * FROM given")
        found = connection.execute(duckdb_select(text, DAY))
        assert [item[0] for item in found.description] == names
        ours = [dict(zip(names, map(plain, row), strict=True)) for row in found.fetchall()]
    expected = [{name: plain(row[name]) for name in names} for row in theirs.toArrow().to_pylist()]
    ours, expected = sorted(ours, key=repr), sorted(expected, key=repr)
    told = {
        _said(named, name): (one[name], other[name])
        for one, other in zip(ours, expected, strict=True)
        for name in names
        if one[name] != other[name]
    }
    assert told == {}, "(DuckDB, Spark)"


def plain(value: Any) -> Any:
    """Return a value as the contracts' types compare: numbers by value, moments in one zone, a naive midnight as a day."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, datetime):
        return value.date() if value.time() == time.min else value
    if isinstance(value, float | Decimal | int) and not isinstance(value, bool):
        return Decimal(str(value)).normalize() + 0
    return value
