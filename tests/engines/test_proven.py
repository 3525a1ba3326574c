"""What the list of proven constructs lets through is the same in both engines; what it must not let through it names."""

import datetime as dt
from collections.abc import Callable

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.connect.plan import CreateView
from pyspark.sql.connect.proto import Plan

from citylake.spark.portable import is_shared, proven
from citylake.spark.proven import Proof, unproven, unproven_sql
from citylake.standards import signs
from tests.engines.both import Both
from tests.engines.compared import CONSTRUCTS, constructs, difference, judged, kinds_of, prepare, select, words

ROWS = 60


def listed(section: str) -> list[str]:
    """Return the constructs of a section that are taken for proven."""
    return [text for text in constructs()[section] if not unproven_sql(select(section, text), kinds_of(section, text))]


@pytest.mark.parametrize("section", ["scalars", "aggregates"])
def test_expressions_on_the_list_are_the_same(both: Both, section: str) -> None:
    prepare(both, ROWS)
    texts = listed(section)
    # All in one SELECT: each in its own takes minutes, which `make engines` does.
    made = ", ".join(f"{text} AS v{place}" for place, text in enumerate(texts))
    asked = f"SELECT i, {made} FROM t" if section == "scalars" else f"SELECT s AS k, {made} FROM t GROUP BY s"
    spark, sail = (session.sql(asked).toArrow() for session in (both.spark, both.sail))
    names = ["i" if section == "scalars" else "k"]
    odd = {
        text: said
        for place, text in enumerate(texts)
        if (said := difference(*(made.select([*names, f"v{place}"]) for made in (spark, sail)))) != "same"
    }
    assert odd == {}


def test_selects_on_the_list_are_the_same(both: Both) -> None:
    prepare(both, ROWS)
    assert {
        one.text: one.said for one in (judged(both, "selects", text) for text in listed("selects")) if not one.is_same
    } == {}


def test_no_word_of_sql_is_on_the_list_that_nothing_compares() -> None:
    assert proven()["sql"] - words([text for section in constructs() for text in listed(section)]) == set()


def test_what_differs_is_named() -> None:
    told = {
        "SELECT a + 1 FROM t": "whole numbers that may overflow: + or -",
        "SELECT a / 2 FROM t": "Div",
        "SELECT TO_JSON(STRUCT(a)) FROM t": "JSONFormat",
        "SELECT SUM(n) FROM t": "SUM where bigints are read",
        "SELECT COLLECT_LIST(s) FROM t": "ArrayAgg",
        "SELECT COLLECT_SET(s) FROM t": "a collected set that is not sorted at once",
        "SELECT CAST(1 AS DOUBLE) AS v": "floats",
        "SELECT 1e3 AS v": "floats",
        "SELECT SPLIT(s, '\\\\d') FROM t": "split by a pattern that engines read differently",
        "SELECT no_such(s) FROM t": "no_such",
        "SELECT CONCAT(s, ts) FROM t": "a time that may be joined to a text",
        "SELECT NAMED_STRUCT('x', s) FROM t UNION ALL SELECT NAMED_STRUCT('y', s) FROM t": "UNION where structs have other fields",
        "SELECT CAST(ts AS DATE) FROM t": "the clock of a time that is read",
    }
    types = frozenset({"string", "int", "bigint", "timestamp by UTC"})
    assert {text: reason for text, reason in told.items() if reason not in unproven_sql(text, types)} == {}
    assert unproven_sql("SELECT CAST(ts AS DATE) AS d FROM t", frozenset({"timestamp"})) == ()
    assert unproven_sql("SELECT a FROM t") == ("tables whose types are not known",)
    assert unproven_sql("SELECT a FROM t", frozenset({"double"})) == ("floats",)
    assert unproven_sql("SELECT (", frozenset()) == ("a SELECT that cannot be parsed",)


FRAMES: dict[str, Callable[[DataFrame], DataFrame]] = {
    "to_json": lambda rows: rows.select(F.to_json(F.struct("text"))),
    "whole numbers that may overflow: +": lambda rows: rows.select(F.col("number") + 1),
    "rlike by a pattern that engines read differently": lambda rows: rows.where(F.col("text").rlike(r"\d")),
    "repeat by a count that may be below zero": lambda rows: rows.select(F.repeat("text", F.col("number"))),
    "floats": lambda rows: rows.select(F.col("text").cast("double")),
    "deduplicate by some columns": lambda rows: rows.dropDuplicates(["text"]),
    "several columns renamed at once": lambda rows: rows.withColumnsRenamed({"text": "number", "number": "text"}),
    "a struct that may be NULL": lambda rows: rows.select(F.when(F.col("number") > 0, F.struct("text"))["text"]),
    "nullif": lambda rows: rows.select(F.nullif("text", F.lit(""))),
    "left by a count that may be below zero": lambda rows: rows.select(F.left("text", F.col("number"))),
    "% by what may be 0": lambda rows: rows.select(F.col("number") % F.col("number")),
    "an order where structs are made": lambda rows: rows.select(F.struct("text", "number").alias("x")).agg(F.max("x")),
    "a time that is joined to a text": lambda rows: rows.select(F.concat("text", "moment")),
    "tables whose types are not known": lambda rows: rows.sparkSession.read.format("delta").load("/nowhere"),
    "relation collect_metrics": lambda rows: rows.observe("n", F.count(F.lit(1))),
    "try_to_timestamp by another pattern": lambda rows: rows.select(F.try_to_timestamp("text", F.lit("d.M.yyyy"))),
    "the clock of a time that travels with the plan": lambda rows: rows.select(F.col("moment").cast("date")),
    "UNION where structs have other fields": lambda rows: rows.select(F.struct("text")).union(rows.select(F.struct("number"))),
    "a set operation other than UNION by position": lambda rows: rows.unionByName(rows),
    "type timestamp_ntz": lambda rows: rows.select(F.col("text").try_cast("timestamp_ntz")),
    "Div": lambda rows: rows.select(F.expr("number / 2")),
}  # fmt: skip


@pytest.mark.parametrize("reason", FRAMES)
def test_a_plan_with_what_is_not_on_the_list_is_told(both: Both, reason: str) -> None:
    moment = pa.array([dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)], pa.timestamp("us", "UTC"))
    rows = both.sail.createDataFrame(pa.table({"text": ["a"], "number": pa.array([1], pa.int32()), "moment": moment}))
    assert unproven(rows.select("text", "moment").where(F.length("text") + 1 > 0)) == ()
    assert reason in unproven(FRAMES[reason](rows))


def test_a_select_within_a_plan_is_looked_at(both: Both) -> None:
    prepare(both, 3)
    types = frozenset({"string", "int"})
    assert unproven(both.sail.sql("SELECT s FROM t"), types) == ()
    assert unproven(both.sail.sql("SELECT s FROM t")) == ("tables whose types are not known",)
    assert unproven(both.sail.sql("SELECT a + 1 AS v FROM t").where("v > 0"), types) == (
        "whole numbers that may overflow: + or -",
    )


@pytest.mark.parametrize(
    "pattern", [r"\d", r"a.b", r"^a", r"a$", r"(?=a)", r"(?i)a", r"a++", r"[\w]", r"[a&&b]", r"(a)\1", r"\bx"]
)
def test_a_pattern_that_java_and_rust_read_differently_is_not_shared(pattern: str) -> None:
    assert not is_shared(pattern)


@pytest.mark.parametrize("pattern", [r"\A(?:[0-9]{4})\z", r"[^\n]*", r"a\.b", r"[.^$]", r"[ \t\n\x0b]", r"(?:a|b)+"])
def test_a_pattern_in_shared_words_is(pattern: str) -> None:
    assert is_shared(pattern)


def test_a_session_knows_the_types_of_the_views_that_it_made(both: Both) -> None:
    proof = Proof()
    moment = pa.array([dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)], pa.timestamp("us", "UTC"))
    rows = both.sail.createDataFrame(pa.table({"text": ["a"], "number": pa.array([1], pa.int32()), "moment": moment}))

    def told(frame: DataFrame) -> tuple[str, ...]:
        return proof.unproven(frame._plan.to_proto(both.sail.client))  # type: ignore[operator]

    def view(frame: DataFrame, name: str) -> tuple[str, ...]:
        frame.createOrReplaceTempView(name)
        made = CreateView(child=frame._plan, name=name, is_global=False, replace=True)  # type: ignore[arg-type]
        return proof.unproven(Plan(command=made.command(both.sail.client)))

    assert view(rows, "seen") == ()
    assert (
        told(both.sail.sql("WITH x AS (SELECT text, SUM(number) AS n FROM seen GROUP BY text) SELECT text, n FROM x"))
        == ()
    )
    assert told(both.sail.sql("SELECT CAST(moment AS DATE) AS day FROM seen")) == ("the clock of a time that is read",)
    assert view(rows.select("text", F.length("text").alias("n")), "counted") == ()
    assert told(both.sail.sql("SELECT SUM(n) AS n FROM counted")) == ("SUM where bigints are read",)
    assert view(rows.select(F.expr("number / 2").alias("half")), "halved") == ("Div",)
    assert told(both.sail.sql("SELECT half FROM halved")) == ("tables whose types are not known",)


def test_the_patterns_of_plain_values_are_known() -> None:
    assert is_shared(signs._PLAIN)
    assert is_shared(signs._ALIKE)


def test_no_construct_stands_twice() -> None:
    lines = [line for line in CONSTRUCTS.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(set(lines))


def test_the_engines_own_numbers_count_only_where_a_select_may_read_them() -> None:
    types = frozenset({"string", "decimal(12,2)"})
    said = ("SUM where bigints are read",)
    assert unproven_sql("SELECT a, SUM(b) FROM t GROUP BY a", types) == ()
    assert unproven_sql("SELECT a, SUM(b), COUNT(*) FROM t GROUP BY a", types) == ()
    assert unproven_sql("SELECT a, SUM(_line) FROM t GROUP BY a", types) == said
    assert unproven_sql("WITH u AS (SELECT * FROM t) SELECT a, SUM(b) FROM u GROUP BY a", types) == said
    assert unproven_sql("SELECT a, SUM(b) FROM t GROUP BY a", types | {"bigint"}) == said
