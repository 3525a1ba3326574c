"""What the guard lets through, on a real server: nothing is put into a statement after it was checked."""

import pytest
from pyspark.sql import SparkSession

from citylake.read.statement import allowed_functions, prepare

REFUSED = {
    *("reflect", "java_method", "try_reflect"),  # run Java
    *("input_file_name", "input_file_block_start", "input_file_block_length"),  # say where files lie
    *("from_avro", "to_avro", "schema_of_avro", "from_protobuf", "to_protobuf"),  # read schemas from files
    *("table_changes", "table_changes_by_path", "python_worker_logs", "sql_keywords", "collations"),  # are tables
}
NOT_IN_THE_LIST_OF_SPARK = {"timestampadd", "timestampdiff"}


def test_every_function_of_spark_is_allowed_or_refused_by_name(spark: SparkSession) -> None:
    said = {row[0] for row in spark.sql("SHOW ALL FUNCTIONS").collect()}
    known = {name for name in said if name.isidentifier()}
    refused = {name for name in known if name in REFUSED or name.startswith("xpath")}
    assert refused >= REFUSED, "a name that Spark does not know shows nothing"
    assert allowed_functions() == known - refused | NOT_IN_THE_LIST_OF_SPARK


@pytest.mark.parametrize("text", ["${env:HOME}", "${system:java.home}", "${spark.connect.authenticate.token}", "${x}"])
def test_a_variable_stays_the_text_that_it_is(spark: SparkSession, text: str) -> None:
    asked = prepare(f"SELECT '{text}' AS a, :b AS b, 1 AS `{text}` --{text}", (), str, {"b": text})
    row = spark.sql(asked.text).collect()[0]
    assert row.asDict() == {"a": text, "b": text, text: 1}


def test_a_comment_that_ends_by_a_variable_hides_nothing(spark: SparkSession) -> None:
    text = "SELECT 1 AS a --${system:line.separator}, 2 AS b"
    assert spark.sql(prepare(text, (), str).text).columns == spark.sql(text).columns == ["a"]


@pytest.mark.parametrize(
    "expression",
    [
        r"'it''s', 'a' 'b', 'x\n\ty', '\u4e2d\%\_\\', r'\d', \"dq ' `\", 'a -- b /* c', X'1F'".replace('\\"', '"'),
        "1L, 2S, 3Y, 1.5BD, 2.0D, 1e3, .5, -(-1), 7 DIV 2, 7 % 4, 1 <=> NULL, true AND NOT false",
        "array(1, 2)[0], map('k', 1)['k'], named_struct('f', 1).f, transform(array(1), x -> x + 1)",
        "DATE'2026-02-28' + INTERVAL 1 DAY, date_add(DATE'2026-02-28', 1), extract(YEAR FROM DATE'2026-02-28')",
        "CAST('1' AS decimal(10, 2)), '5'::int, try_cast('x' AS int), int('7'), trim(BOTH 'x' FROM 'xax')",
        "CASE WHEN 1 = 1 THEN 'a' ELSE 'b' END, 'a' LIKE '_', 'b' RLIKE '[ab]', 3 BETWEEN 1 AND 4, 1 IN (1, 2)",
        "(SELECT max(id) FROM range(3)), EXISTS (SELECT 1), position('b' IN 'abc'), overlay('abc' PLACING 'x' FROM 2)",
    ],
)
def test_the_answer_is_that_of_what_was_written(spark: SparkSession, expression: str) -> None:
    text = f"SELECT {expression}"
    given = prepare(f"/* a */ {text} -- b", (), str).text
    assert spark.sql(given).toArrow() == spark.sql(text).toArrow()
