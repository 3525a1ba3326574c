"""What plans do with arrays, structs, maps and whole rows is the same in both engines, whatever is NULL in them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from citylake.spark.proven import unproven
from tests.engines.both import Both
from tests.engines.compared import difference, table

ROWS = 200
KINDS = frozenset({"string", "int", "bigint", "date", "timestamp", "boolean", "decimal(12,2)", "decimal(38,6)"})


def _struct(*names: str) -> Column:
    return F.struct(*[F.col(name) for name in names])


def _few() -> Column:
    """Return structs with NULL fields in every place."""
    other = F.struct(F.lit(None).cast("int").alias("a"), F.col("e").alias("d"), F.col("u").alias("s"))
    return F.array(_struct("a", "d", "s"), other, F.struct("a", F.lit(None).cast("date").alias("d"), "s"))


def _some() -> Column:
    """Return structs of which some are NULL themselves."""
    other = F.struct("a", F.col("e").alias("d"), F.col("u").alias("s"))
    return F.array(F.when(F.col("b"), _struct("a", "d", "s")), _struct("a", "d", "s"), F.when(F.col("a") > 0, other))


def _texts() -> Column:
    """Return an array that is NULL in some rows."""
    return F.when(F.col("b"), F.array("s", "u"))


def _either() -> Column:
    return F.array("s", "u", "s")


VALUES: dict[str, Callable[[], Column]] = {
    "texts alike or NULL": lambda: F.col("s").eqNullSafe(F.col("u")),
    "days alike or NULL": lambda: F.col("d").eqNullSafe(F.col("e")),
    "numbers alike or NULL": lambda: F.col("a").eqNullSafe(F.col("n")),
    "alike or NULL beside a literal": lambda: ~F.col("s").eqNullSafe(F.lit("1")) & F.col("b").eqNullSafe(F.lit(True)),
    "where in an array": lambda: F.array_position(_either(), F.col("u")),
    "where in an array of literals too": lambda: F.array_position(F.array("s", "u", F.lit("三")), "三"),
    "where in an array that is NULL": lambda: F.array_position(_texts(), F.col("u")),
    "those that differ": lambda: F.filter(F.array("s", "u"), lambda one: one != F.col("s")),
    "structs by a field": lambda: F.filter(_some(), lambda one: one["s"] != F.col("u")),
    "of an array that is NULL": lambda: F.filter(_texts(), lambda one: one.isNotNull()),
    "by place": lambda: F.filter(_either(), lambda one, place: F.array_position(_either(), one) - 1 == place),
    "none left": lambda: F.get(F.filter(_some(), lambda one: one["s"] == "没有"), F.lit(0))["d"],
    "how many left": lambda: F.size(F.filter(_some(), lambda one: one["s"] == F.col("s"))),
    "the first": lambda: F.get(_either(), F.lit(0)),
    "beyond the end": lambda: F.get(F.array("s", "u"), F.lit(5)),
    "a field of each": lambda: F.transform(_some(), lambda one: one["d"]),
    "each with its place": lambda: F.transform(F.array("s", "u"), lambda one, place: F.concat(one, place.cast("string"))),
    "each of an array that is NULL": lambda: F.transform(_texts(), lambda one: F.concat(one, F.lit("-"))),
    "all in turn": lambda: F.aggregate(F.array("s", "u"), F.lit(""), lambda all_, one: F.concat(all_, F.coalesce(one, F.lit("?")))),
    "texts in order": lambda: F.sort_array(F.array("s", "u", F.lit("b"))),
    "texts backwards": lambda: F.sort_array(F.array("s", "u", F.lit("b")), asc=False),
    "days backwards": lambda: F.sort_array(F.array("d", "e"), asc=False),
    "numbers in order": lambda: F.sort_array(F.array(F.col("a"), F.lit(3))),
    "structs in order": lambda: F.sort_array(_few()),
    "structs backwards": lambda: F.sort_array(_few(), asc=False),
    "structs and NULL in order": lambda: F.sort_array(_some()),
    "structs and NULL backwards": lambda: F.sort_array(_some(), asc=False),
    "an order of nothing": lambda: F.sort_array(_texts(), asc=False),
    "of a map of arrays": lambda: F.element_at(F.map_from_arrays(F.array(F.lit("1"), F.lit("a")), F.array("u", F.lit("y"))), F.col("s")),
    "of a map": lambda: F.element_at(F.create_map(F.lit("1"), F.lit("x"), F.lit(""), F.lit("y")), F.col("s")),
    "signs from the left": lambda: F.left("s", F.lit(2)),
    "no signs from the left": lambda: F.left("s", F.lit(0)),
    "more signs than there are": lambda: F.left("s", F.lit(60)),
    "signs from the right": lambda: F.right("s", F.lit(11)),
    "no signs from the right": lambda: F.right("s", F.lit(0)),
    "numbers up": lambda: F.sequence(F.lit(1), F.greatest(F.length("s"), F.lit(1))),
    "numbers down": lambda: F.sequence(F.lit(3), F.lit(1)),
    "days since 1970": lambda: F.unix_date("d"),
    "days till 1970": lambda: -F.unix_date("d"),
    "what is over": lambda: F.col("a") % F.lit(2),
    "what is over of minus": lambda: F.col("n") % F.lit(-7),
    "a day in a text": lambda: F.try_to_timestamp(F.col("s"), F.lit("yyyy-MM-dd")).cast("date"),
    "structs that are there": lambda: F.array_compact(_some()),
}  # fmt: skip
COLLECTED: dict[str, Callable[[], Column]] = {
    "texts in order": lambda: F.sort_array(F.collect_list("s")),
    "days in order": lambda: F.sort_array(F.collect_list("d")),
    "structs backwards": lambda: F.sort_array(F.collect_list(_struct("a", "d", "s", "i")), asc=False),
    "nothing": lambda: F.collect_list(F.when(F.lit("s") == "t", F.col("s"))),
    "joined": lambda: F.array_join(F.sort_array(F.collect_list(F.when(F.col("b"), F.col("u")))), " "),
    "the only struct": lambda: F.first(F.when(F.col("i") == 7, _struct("a", "d", "s")), ignorenulls=True),
    "the only struct, a field of it": lambda: F.first(F.when(F.col("i") == 7, _struct("a", "d", "s")), ignorenulls=True)["s"],
    "whether any": lambda: F.max("b"),
    "how many": lambda: F.count_distinct("u", "d"),
    "the last day": lambda: F.max(F.when(F.col("b"), F.col("d"))),
    "a count": lambda: F.count("u").cast("int"),
}  # fmt: skip
FRAMES: dict[str, Callable[[DataFrame], DataFrame]] = {
    "divided": lambda rows: rows.repartition("s").groupBy("s").agg(F.count("i").alias("v")),
    "divided by number": lambda rows: rows.repartition(4, "s").coalesce(1).groupBy("s").agg(F.min("d").alias("v")),
    "NULL in any": lambda rows: rows.dropna().select("i"),
    "NULL in some": lambda rows: rows.dropna(subset=["s", "d"]).select("i", "s"),
    "NULL in all": lambda rows: rows.dropna("all", subset=["s", "w"]).select("i"),
    "some not NULL": lambda rows: rows.dropna(thresh=2, subset=["s", "d", "m"]).select("i"),
    "no rows": lambda rows: rows.limit(0).select("i"),
    "all rows": lambda rows: rows.limit(ROWS + 1).select("i"),
    "as many rows": lambda rows: rows.limit(7).agg(F.count("i").alias("v")),
    "renamed": lambda rows: rows.select("i", "s").withColumnRenamed("s", "z").withColumnRenamed("no such", "q"),
    "each once": lambda rows: rows.drop("i").select("s", "d", "b", "m", "n", "ts").distinct(),
    "each struct once": lambda rows: rows.select(_struct("a", "d", "s").alias("v")).distinct(),
    "all columns": lambda rows: rows.select(F.lit(1).alias("x"), "*"),
    "all fields": lambda rows: rows.select("i", F.explode(_few()).alias("q")).select("i", "q.*"),
    "a row each of those that are there": lambda rows: rows.select("i", F.explode(F.array_compact(_some())).alias("q")).select("i", "q.*"),
    "a row each, NULL too": lambda rows: rows.select("i", F.explode(_some()).alias("q")).select("i", "q.*"),
    "a row each of nothing": lambda rows: rows.select("i", F.explode(_texts()).alias("q")),
    "collected and apart again": lambda rows: (
        rows.groupBy("s").agg(F.collect_list(_struct("i", "d")).alias("q")).select("s", F.explode("q").alias("x")).select("s", "x.i", "x.d")
    ),
    "structs of one kind united": lambda rows: (
        rows.select(_struct("s", "d").alias("v"))
        .unionAll(rows.select(F.struct(F.col("u").alias("s"), F.col("e").alias("d")).alias("v")))
        .select("v.*")
    ),
    "the greatest beside each": lambda rows: rows.select("i", F.max("b").over(Window.partitionBy("s", "u")).alias("v")),
    "days of times": lambda rows: rows.select("i", F.col("ts").cast("date").alias("v"), F.col("ts").cast("string").alias("w")),
}  # fmt: skip


def _same(both: Both, plan: Callable[[DataFrame], DataFrame]) -> None:
    rows = table(5, ROWS).drop_columns(["f"])
    assert unproven(plan(both.frame(both.sail, rows))) == ()
    assert difference(*(plan(both.frame(session, rows)).toArrow() for session in (both.spark, both.sail))) == "same"


@pytest.mark.parametrize("part", range(3))
def test_values_are_the_same(both: Both, part: int) -> None:
    made = list(VALUES.items())[part::3]
    _same(both, lambda rows: rows.select("i", *[value().alias(said) for said, value in made]))


@pytest.mark.parametrize("by", [(), ("s",), ("b", "u")], ids=len)
def test_what_is_collected_is_the_same(both: Both, by: Sequence[str]) -> None:
    _same(both, lambda rows: rows.groupBy(*by).agg(*[value().alias(said) for said, value in COLLECTED.items()]))


@pytest.mark.parametrize("said", FRAMES)
def test_rows_are_the_same(both: Both, said: str) -> None:
    _same(both, FRAMES[said])


def test_a_table_is_read_the_same_at_every_version(both: Both, tmp_path: Path) -> None:
    uri = str(tmp_path / "stored")
    rows = table(6, ROWS).drop_columns(["f"])
    kept = rows.slice(0, 60)
    both.frame(both.spark, kept).write.format("delta").partitionBy("b").option(
        "delta.enableDeletionVectors", "true"
    ).save(uri)
    both.spark.sql(f"DELETE FROM delta.`{uri}` WHERE i % 7 = 0")
    both.spark.sql(f"ALTER TABLE delta.`{uri}` ADD COLUMNS (later decimal(5,4), told string)")
    both.spark.sql(f"UPDATE delta.`{uri}` SET later = 0.5, told = '张' WHERE i % 5 = 0")

    def read(session: SparkSession, version: int) -> DataFrame:
        return session.read.format("delta").option("versionAsOf", version).load(uri)

    for version in (0, 1, 3):
        whole = [read(session, version) for session in (both.spark, both.sail)]
        assert difference(*(rows.toArrow() for rows in whole)) == "same", version
        some = [rows.where("b AND d IS NOT NULL").select("i", "m") for rows in whole]
        assert difference(*(rows.toArrow() for rows in some)) == "same", version
    log = "".join(path.read_text("utf-8") for path in (tmp_path / "stored/_delta_log").glob("*.json"))
    assert "deletionVector" in log
