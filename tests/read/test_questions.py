"""Questions of libraries are held against the published columns, without Spark and without a lake."""

from copy import deepcopy
from pathlib import Path

import pytest

from citylake.contract.catalog import load_catalog
from citylake.read.questions import unanswerable
from tests.contract.libraries import LIBRARY, REGISTER, catalog


def test_every_question_of_the_project_can_be_asked_of_what_is_published() -> None:
    assert load_catalog().libraries
    assert unanswerable(load_catalog()) == {}


def test_the_night_s_date_may_stand_in_a_question(tmp_path: Path) -> None:
    questions = deepcopy(LIBRARY["questions"])
    questions[0]["sql"] = (
        "SELECT add_months(:business_date, -12) AS `一年前`, count(*) AS n FROM topic.register__person"
    )
    assert unanswerable(catalog(tmp_path, questions=questions)) == {}


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT recordz FROM topic.register__person", '"recordz" not found'),
        ("SELECT p.records FROM topic.register__person q", "p"),
        ("SELECT id_no FROM linked.bureau__record", '"id_no" not found'),
        ("SELECT id_no FROM clean.bureau__record", "no published table 'clean.bureau__record'"),
        ("SELECT sum(records) FROM topic.register__person", "No function matches"),
        ("SELECT sex_code, count(*) FROM linked.bureau__record", "must appear in the GROUP BY clause"),
        ("DROP TABLE topic.register__person", "read-only"),
        ("SELECT records FROM topic.register__person WHERE person_id = :person", "no value is given for :person"),
        ("SELECT FROM WHERE", "not valid SQL"),
    ],
)
def test_a_question_that_cannot_be_asked_is_named_with_file_number_and_reason(
    tmp_path: Path, sql: str, message: str
) -> None:
    questions = deepcopy(LIBRARY["questions"])
    questions[1]["sql"] = sql
    found = unanswerable(catalog(tmp_path, questions=questions))
    assert list(found) == [REGISTER]
    (said,) = found[REGISTER]
    assert said.startswith("schemas/topic/register/library.yml: questions.2.sql: ")
    assert message in said
