"""Which statements are answered, and what Spark is given in their place."""

from datetime import date
from decimal import Decimal

import pytest

from citylake.read.statement import StatementError, prepare, shown_layer

PUBLISHED = {"base.population__person", "topic.social_security__benefit", "linked.hrss__payment"}


def prepared(text: str) -> tuple[str, tuple[str, ...]]:
    found = prepare(text, PUBLISHED, lambda table: "v_" + table.replace(".", "_"))
    return found.text, found.tables


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (
            "select * from base.population__person",
            "select * from `v_base_population__person` AS `population__person`",
        ),
        (
            "SELECT p.x FROM BASE . `population__person` p -- base.population__person\n;",
            "SELECT p.x FROM `v_base_population__person` p",
        ),
        (
            "SELECT base.population__person.sex, 'base.population__person；姓名' FROM base.population__person",
            "SELECT `population__person`.sex, 'base.population__person；姓名' "
            "FROM `v_base_population__person` AS `population__person`",
        ),
        (
            "WITH a AS (SELECT * FROM base.population__person p) SELECT * FROM a WHERE x IN "
            "(SELECT y FROM linked.hrss__payment q WHERE EXISTS (SELECT 1 FROM topic.social_security__benefit b))",
            "WITH a AS (SELECT * FROM `v_base_population__person` p) SELECT * FROM a WHERE x IN "
            "(SELECT y FROM `v_linked_hrss__payment` q WHERE EXISTS "
            "(SELECT 1 FROM `v_topic_social_security__benefit` b))",
        ),
        (
            "SELECT /*+ BROADCAST(p) */ 1 FROM base.population__person TABLESAMPLE (10 PERCENT) AS p",
            "SELECT /*+ BROADCAST(p) */ 1 FROM `v_base_population__person` TABLESAMPLE (10 PERCENT) AS p",
        ),
        ("DESCRIBE base.population__person", "DESCRIBE `v_base_population__person`"),
        ("show columns in base.population__person;", "SHOW COLUMNS IN `v_base_population__person`"),
        ("SELECT * FROM range(3)", "SELECT * FROM range(3)"),
    ],
)
def test_only_the_tokens_that_name_a_table_are_exchanged(asked: str, given: str) -> None:
    assert prepared(asked)[0] == given


def test_tables_are_named_once_in_the_order_in_which_they_are_found() -> None:
    text = "SELECT 1 FROM base.population__person UNION ALL SELECT 1 FROM base.population__person"
    assert prepared(text)[1] == ("base.population__person",)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1; DROP TABLE base.population__person",
        "DROP TABLE base.population__person",
        "INSERT INTO base.population__person SELECT 1",
        "WITH a AS (SELECT 1) INSERT INTO base.population__person SELECT * FROM a",
        "FROM base.population__person INSERT INTO x SELECT *",
        "MERGE INTO base.population__person USING base.population__person ON 1=1 WHEN MATCHED THEN DELETE",
        "CREATE TABLE a AS SELECT 1",
        "CACHE TABLE base.population__person",
        "SET spark.sql.ansi.enabled = false",
        "ADD JAR x",
        "EXECUTE IMMEDIATE 'DROP TABLE x'",
        "BEGIN SELECT 1; END",
        "EXPLAIN SELECT 1",
        "SHOW DATABASES",
        "SHOW CREATE TABLE base.population__person",
        "DESCRIBE EXTENDED base.population__person",
        "DESCRIBE clean.hrss__payment",
        "SELECT * FROM delta.`/lake/clean/hrss__payment`",
        "SELECT * FROM csv.`/etc/passwd`",
        "SELECT * FROM clean.hrss__payment",
        "SELECT * FROM base.population__identity",
        "SELECT * FROM spark_catalog.base.population__person",
        "SELECT * FROM population__person",
        "SELECT * FROM base.population__person VERSION AS OF 0",
        "SELECT * FROM base.population__person TIMESTAMP AS OF '2020-01-01'",
        "SELECT * FROM table_changes('base.population__person', 0)",
        "SELECT * FROM read_files('/etc')",
        "SELECT * FROM IDENTIFIER('clean.hrss__payment')",
        "SELECT TRANSFORM(a) USING 'cat' AS b FROM base.population__person",
        "SELECT * FROM table_changes_by_path('/lake/clean/hrss__payment', 0)",
        "SELECT * FROM python_worker_logs()",
        "SELECT * FROM base.population__person |> WHERE sex = 1",
        "FROM base.population__person |> SET sex = 1",
        "SELECT reflect('java.lang.System', 'exit', 1)",
        "SELECT `reflect`('java.lang.System', 'exit', 1)",
        "SELECT system.builtin.reflect('java.lang.System', 'exit', 1)",
        "SELECT {fn reflect('java.lang.System', 'exit', 1)}",
        "SELECT try_reflect /* */ ('java.lang.System', 'exit', 1)",
        "SELECT IDENTIFIER('reflect')('java.lang.System', 'exit', 1)",
        "SELECT xpath_string('<a/>', 'a')",
        "SELECT input_file_name() FROM base.population__person",
        "SELECT a_function_that_somebody_registered(1)",
        "SELECT MAP a USING 'cat' FROM base.population__person",
        "FROM base.population__person REDUCE a USING 'cat'",
        "SELECT 1 FROM base.population__person INTO OUTFILE '/x'",
        "SELECT java_method('java.lang.System', 'exit', 1)",
        "SELECT (SELECT max(x) FROM clean.hrss__payment)",
        "SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) t, a",
        "SELECT * FROM base.population__person WHERE 'x' = '",
        "",
        " -- nothing",
    ],
)
def test_what_writes_runs_or_reads_beside_the_publication_is_refused(text: str) -> None:
    with pytest.raises(StatementError):
        prepared(text)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("SELECT 1 --${system:line.separator}, secret", "SELECT 1"),
        ("SELECT 1 --\r, 2", "SELECT 1 , 2"),
        ("SELECT 1 -- \\\n, 2", "SELECT 1 , 2"),
        ("SELECT 1\u2028+\x0b2 /* a /* b */ c */ + 3", "SELECT 1 + 2 + 3"),
        ("SELECT 1, /*+ no hint -- */ 2", "SELECT 1, 2"),
        ("SELECT 'a -- b', 'it''s', r'a\\b', \"/* c\", x'1F', .5, 1.5BD, `a``b`", None),
        ("SELECT 'a\n  b', '\\'', count(*)  FROM  range(3)", "SELECT 'a\n  b', '\\'', count(*) FROM range(3)"),
        ("SELECT transform(a, x -> x[0]), DATE'2026-01-01', t.* FROM range(1L) t GROUP BY 1,2", None),
    ],
)  # fmt: skip
def test_nothing_reaches_spark_that_was_not_checked_and_everything_else_as_it_was_written(
    asked: str, given: str | None
) -> None:
    assert prepared(asked)[0] == (given or asked)


def test_a_misspelt_table_is_answered_with_the_nearest() -> None:
    with pytest.raises(StatementError, match=r"did you mean base\.population__person"):
        prepared("SELECT * FROM base.population__persn")


def test_show_tables_may_name_a_layer() -> None:
    assert (shown_layer("SHOW TABLES"), shown_layer("show tables in BASE;"), shown_layer("SELECT 1")) == (
        "",
        "base",
        None,
    )


def test_a_parameter_is_put_in_as_a_literal_that_stays_one() -> None:
    text = "SELECT ':no' FROM base.population__person p WHERE x = :no AND y > :day"
    given = {"no": "a' OR 1=1 --", "day": date(2026, 11, 30)}
    found = prepare(text, PUBLISHED, lambda table: "v", given)
    assert found.text == ("SELECT ':no' FROM `v` p WHERE x = 'a\\' OR 1=1 --' AND y > DATE'2026-11-30'")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1.5, "1.5D"),
        (-1e-7, "-1e-07D"),
        (1e300, "1e+300D"),
        (float("-inf"), "CAST('-inf' AS DOUBLE)"),
        (2, "2"),
        (True, "true"),
        (Decimal("1.50"), "1.50BD"),
        (b"\x00'", "X'0027'"),
        ("${env:HOME}", "'${env:HOME}'"),
        (None, "NULL"),
    ],
)
def test_a_parameter_keeps_its_type(value: object, written: str) -> None:
    assert prepare("SELECT 1-:a", PUBLISHED, str, {"a": value}).text == f"SELECT 1- {written}"


def test_a_parameter_that_is_no_plain_value_is_refused() -> None:
    with pytest.raises(StatementError, match=":a is a list"):
        prepare("SELECT :a", PUBLISHED, str, {"a": [1]})


def test_a_parameter_without_a_value_is_named() -> None:
    with pytest.raises(StatementError, match=":no"):
        prepared("SELECT 1 WHERE 1 = :no")
