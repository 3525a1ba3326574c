"""Which SELECTs may make a table: a unit's rows depend on input rows of that unit only."""

import pytest

from citylake.contract.catalog import load_catalog
from citylake.contract.linked import linked_name
from citylake.contract.model import DerivedContract
from citylake.contract.select import input_columns, refusals
from citylake.delta.tables import clean_columns
from tests.contract.selects import RIGHT, judged

WRONG = {
    "a name that is neither": (
        "p",
        "SELECT q.person_id, 1 AS n FROM p JOIN q ON q.person_id = p.person_id",
        "FROM q: neither",
    ),
    "a table by its full name": ("p", "SELECT p.person_id, 1 AS n FROM linked.p AS p", "FROM linked.p AS p: neither"),
    "an input that is not read": ("p r", "SELECT person_id, amount AS n FROM p", "input r is never read"),
    "an expression that is not read": (
        "p",
        "WITH a AS (SELECT person_id FROM p) SELECT person_id, 1 AS n FROM p",
        "a is never read",
    ),
    "an input's name for something else": (
        "p r",
        "WITH r AS (SELECT person_id FROM p) SELECT person_id, 1 AS n FROM r",
        "r is a common table expression and an input",
    ),
    "one input under the name of another": (
        "p r",
        "SELECT r.person_id, 1 AS n FROM p AS r UNION ALL SELECT r.person_id, 2 FROM r",
        "r names an input or common table expression and something else",
    ),
    "two sources of one name": ("p", "SELECT p.person_id, 1 AS n FROM p JOIN p ON true", "p stands for two things"),
    "a join on something else": (
        "p r",
        "SELECT p.person_id, r.kind AS n FROM p JOIN r ON r.entity_id = p.entity_id",
        "r is not joined on the columns that carry person_id",
    ),
    "a join on either of two": (
        "p r",
        "SELECT p.person_id, 1 AS n FROM p JOIN r ON r.person_id = p.person_id OR r.kind = p.month",
        "r is not joined",
    ),
    "a cross join": ("p r", "SELECT p.person_id, r.kind AS n FROM p CROSS JOIN r", "r is not joined"),
    "an outer join whose condition binds only earlier sources": (
        "p r m",
        "SELECT p.person_id, 1 AS n FROM p CROSS JOIN r LEFT JOIN m ON m.wife_id = p.person_id AND r.person_id = p.person_id",
        "r is not joined",
    ),
    "an outer join that seems to tie two earlier sources": (
        "p r m",
        "SELECT p.person_id, 1 AS n FROM p CROSS JOIN r LEFT JOIN m ON m.wife_id = p.person_id AND m.wife_id = r.person_id",
        "is not joined",
    ),
    "a join on one role and giving out the other": (
        "m p",
        "SELECT m.wife_id AS person_id, p.amount AS n FROM m JOIN p ON p.person_id = m.husband_id",
        "does not give out person_id",
    ),
    "a group without the unit": (
        "p",
        "SELECT MAX(person_id) AS person_id, COUNT(*) AS n FROM p GROUP BY month",
        "GROUP BY lacks person_id",
    ),
    "a group inside an expression": (
        "p r",
        "WITH a AS (SELECT month, COUNT(*) AS n FROM p GROUP BY month) SELECT r.person_id, a.n FROM r JOIN a ON a.month = r.kind",
        "a: GROUP BY lacks person_id",
    ),
    "an aggregate of everything": (
        "p",
        "SELECT MAX(person_id) AS person_id, COUNT(*) AS n FROM p",
        "aggregates over all units",
    ),
    "a rollup": ("p", "SELECT person_id, COUNT(*) AS n FROM p GROUP BY ROLLUP (person_id)", "ROLLUP"),
    "a window without the unit": (
        "p",
        "SELECT person_id, ROW_NUMBER() OVER (PARTITION BY month ORDER BY amount) AS n FROM p",
        "a window lacks PARTITION BY person_id",
    ),
    "a window over all": ("p", "SELECT person_id, SUM(amount) OVER () AS n FROM p", "a window lacks PARTITION BY"),
    "a scalar subquery": (
        "p r",
        "SELECT p.person_id, (SELECT MAX(r.kind) FROM r) AS n FROM p",
        "a subquery in an expression reads the keyed r",
    ),
    "a subquery with EXISTS": (
        "p r",
        "SELECT p.person_id, 1 AS n FROM p WHERE EXISTS (SELECT 1 FROM r WHERE r.person_id = p.person_id)",
        "reads the keyed r",
    ),
    "a limit": ("p", "SELECT person_id, amount AS n FROM p LIMIT 10", "LIMIT counts over all units"),
    "a distinct that drops the unit": (
        "p r",
        "WITH a AS (SELECT DISTINCT month FROM p) SELECT r.person_id, a.month AS n FROM r JOIN a ON a.month = r.kind",
        "a: it does not give out person_id",
    ),
    "another column under the unit's name": (
        "p",
        "SELECT entity_id AS person_id, amount AS n FROM p",
        "does not give out person_id",
    ),
    "the unit under another column's name": (
        "p",
        "SELECT month AS person_id, person_id AS n FROM p",
        "its person_id are not those of the inputs",
    ),
    "an input joined to more than the one it is reached through": (
        "p r e",
        "WITH a AS (SELECT person_id, entity_id FROM p UNION ALL SELECT person_id, entity_id FROM r) "
        "SELECT a.person_id, e.title AS n FROM a JOIN e ON e.entity_id = a.entity_id",
        "e is declared via p: join it on p.entity_id",
    ),
    "sides of a union with the unit in different places": (
        "p",
        "SELECT person_id, month AS n FROM p UNION ALL SELECT month, person_id FROM p",
        "in different columns",
    ),
    "an input joined past the one it is reached through": (
        "p r e",
        "SELECT r.person_id, e.title AS n FROM r JOIN p ON p.person_id = r.person_id JOIN e ON e.entity_id = r.entity_id",
        "e is declared via p: join it on p.entity_id",
    ),
    "an input without the one it is reached through": (
        "p e",
        "SELECT entity_id AS person_id, title AS n FROM e UNION ALL SELECT person_id, month FROM p",
        "are mixed",
    ),
    "a total over what is reached": (
        "p e",
        "WITH t AS (SELECT title, COUNT(*) AS n FROM e GROUP BY title) SELECT p.person_id, t.n FROM p JOIN t ON t.title = p.month",
        "t: GROUP BY lacks entity_id",
    ),
    "a star": ("p", "SELECT p.* FROM p", "SELECT p.*: name the columns"),
    "the clock": ("p", "SELECT person_id, CURRENT_DATE AS n FROM p", "current_date() says something else"),
    "the clock by another name": ("p", "SELECT person_id, now() AS n FROM p", "now() says something else"),
    "chance": ("p", "SELECT person_id, amount AS n FROM p WHERE rand() < 0.1", "rand() says something else"),
    "another parameter": ("p", "SELECT person_id, :day AS n FROM p", "parameter :day: the only one is :business_date"),
    "the business date without a day to look again": (
        "p",
        "SELECT person_id, :business_date AS n FROM p",
        ":business_date without _recheck_on",
    ),
    "a column too few": ("p", "SELECT person_id FROM p", "does not give out n"),
    "a column too many": ("p", "SELECT person_id, amount AS n, month FROM p", "the contract has no column month"),
    "a column without a name": ("p", "SELECT person_id, amount AS n, 1 + 1 FROM p", "an expression without a name"),
    "a column twice": ("p", "SELECT person_id, amount AS n, month AS n FROM p", "gives out n twice"),
    "two statements": ("p", "SELECT person_id, 1 AS n FROM p; DROP TABLE p", "write exactly one SELECT"),
    "no statement of the language": ("p", "SELECT FROM WHERE (", "the SELECT cannot be read"),
    "an order to write": ("p", "INSERT INTO p SELECT person_id, 1 AS n FROM p", "write exactly one SELECT"),
    "a natural join": ("p r", "SELECT person_id, 1 AS n FROM p NATURAL JOIN r", "NATURAL join hides its columns"),
    "a table function": ("p", "SELECT person_id, 1 AS n FROM p CROSS JOIN range(3)", "neither an input"),
    "values without a name": (
        "p",
        "SELECT p.person_id, col1 AS n FROM p CROSS JOIN VALUES (1)",
        "no named VALUES",
    ),
    "an old version": ("p", "SELECT person_id, amount AS n FROM p VERSION AS OF 3", "VERSION AS OF cannot be judged"),
    "a sample": ("p", "SELECT person_id, amount AS n FROM p TABLESAMPLE (10 PERCENT)", "TABLESAMPLE"),
    "a setting of the session": (
        "p",
        "SELECT person_id, amount AS n FROM p WHERE month = '${x}'",
        "is filled in from the session",
    ),
    "a group by a position that is not there": (
        "p",
        "SELECT person_id, 1 AS n FROM p GROUP BY 9",
        "GROUP BY lacks person_id",
    ),
    "recursion": (
        "p",
        "WITH RECURSIVE a AS (SELECT person_id FROM p UNION ALL SELECT person_id FROM a) SELECT person_id, 1 AS n FROM a",
        "WITH RECURSIVE",
    ),
    "an expression named before it is written": (
        "p",
        "WITH a AS (SELECT person_id FROM b), b AS (SELECT person_id FROM p) SELECT person_id, 1 AS n FROM a",
        "no common table expression before it",
    ),
}


@pytest.mark.parametrize(("inputs", "text"), RIGHT.values(), ids=RIGHT)
def test_it_lets_pass(inputs: str, text: str) -> None:
    assert judged(text, inputs) == []


@pytest.mark.parametrize(("inputs", "text", "said"), WRONG.values(), ids=WRONG)
def test_it_refuses(inputs: str, text: str, said: str) -> None:
    told = judged(text, inputs)
    assert any(said in line for line in told), told
    assert all(line.startswith("topic.test__made: ") for line in told)


TWO = {"name": "topic.test__made", "title": "试验", "grain": "一行", "owner": "bureau", "key": ["a", "b"]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT p.a, p.b FROM p JOIN q ON q.x = p.a AND q.y = p.b GROUP BY p.a, q.y, p.b", ""),
        ("SELECT p.a, p.b FROM p JOIN q ON q.x = p.a", "q is not joined on the columns that carry a, b"),
        ("SELECT p.a, p.b FROM p JOIN q ON q.y = p.a AND q.x = p.b", "q is not joined"),
        ("SELECT p.a, MAX(p.b) AS b FROM p JOIN q ON q.x = p.a AND q.y = p.b GROUP BY p.a", "GROUP BY lacks a, b"),
        ("SELECT p.b AS a, p.a AS b FROM p JOIN q ON q.x = p.a AND q.y = p.b", "its a, b are not those of the inputs"),
    ],
)
def test_a_unit_of_two_columns_is_kept_whole_and_in_order(text: str, said: str) -> None:
    inputs = {"p": {"table": "clean.t__p", "on": ["a", "b"]}, "q": {"table": "clean.t__q", "on": ["x", "y"]}}
    columns = {name: {"label": "列", "grade": "L2"} for name in "ab"}
    contract = DerivedContract.model_validate({**TWO, "inputs": inputs, "columns": columns})
    told = refusals(contract, text, {"p": ("a", "b"), "q": ("x", "y")})
    assert said in "".join(told)
    assert bool(told) == bool(said)


def test_the_business_date_passes_with_a_day_to_look_again() -> None:
    text = "SELECT person_id, amount AS n, DATE_ADD(:business_date, 30) AS _recheck_on FROM p"
    assert judged(text, "p", "person_id n _recheck_on") == []


def test_an_unread_select_is_told_without_repeating_it() -> None:
    assert "made_up_value" not in judged("SELECT 'made_up_value' FROM (", "p")[0]


def test_of_a_clean_table_a_select_may_read_just_the_columns_that_its_files_have() -> None:
    catalog = load_catalog()
    for clean in catalog.collected:
        linked = catalog.contract(linked_name(clean))
        assert isinstance(linked, DerivedContract)
        read = [
            names for alias, names in input_columns(catalog, linked).items() if linked.inputs[alias].table == clean.name
        ]
        assert read == [tuple(column.name for column in clean_columns(clean))]
