"""Three nights of real Delta tables: one good, one with a planted value, one that repairs it; and whoever reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable, QueryBuilder
from typer.testing import CliRunner

import citylake
import citylake.cli.query
import citylake.cli.receipts
from citylake.cli import app
from citylake.engine.run.context import TableResult
from citylake.ledger.errors import NightOrderError
from citylake.ledger.runs.tables import TableState
from citylake.night.judging.layer import Judgement
from citylake.night.publication.publish import Published, publish
from citylake.read.session import NotPublishedError, Session
from citylake.read.statement import StatementError
from citylake.settings import Settings
from citylake.spark.session import session
from tests.night.judging.given import BENEFIT, FIRST_NIGHT, PERSON, SECOND_NIGHT, SECRET, TALLY, THIRD_NIGHT, SmallLake

GOOD = [("1", "1", "100.00"), ("2", "2", "200.00"), ("3", "1", "300.00")]
# 9 is no code of the list, and no rule of the engine looks at the codes of a derived table.
PLANTED = [("1", "1", "111.00"), ("2", "9", "200.00"), ("3", "1", "300.00")]
REPAIRED = [("1", "1", "111.00"), ("2", "2", "250.00"), ("3", "1", "300.00"), ("4", "2", "400.00")]
TOTAL = (
    "WITH paid AS (SELECT pension_no, doubled FROM topic.demo__benefit) "
    "SELECT count(*) AS n, sum(p.amount) AS amount, sum(paid.doubled) AS doubled "
    "FROM base.demo__person p JOIN paid ON paid.pension_no = p.pension_no"
)


@dataclass
class Story:
    """What was seen on the way."""

    small: SmallLake
    settings: Settings
    first: Published
    second: Published
    third: Published
    states: dict[int, dict[str, TableState]]
    rows: dict[int, dict[str, list[tuple[object, ...]]]]
    judged: dict[str, Judgement]
    above: TableResult
    open_since_first: Session
    during_second: list[dict[str, object]]


@pytest.fixture(scope="module")
def story(lake_of_module: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with session(lake_of_module) as spark:
        small = SmallLake.open(lake_of_module, spark, tmp_path_factory.mktemp("nights"))
        settings = small.lake.settings
        states: dict[int, dict[str, TableState]] = {}
        rows: dict[int, dict[str, list[tuple[object, ...]]]] = {}

        def look(number: int) -> None:
            tables = (PERSON, TALLY, BENEFIT)
            states[number] = {name: small.state(name) for name in tables}
            rows[number] = {name: small.rows(name) for name in tables}

        first = small.whole_night(FIRST_NIGHT, GOOD)
        look(1)
        with citylake.connect(settings=settings) as opened:
            night = small.deliver(SECOND_NIGHT, PLANTED)
            small.make(night, PERSON, TALLY, SECRET)
            during_second = opened.sql(TOTAL).fetch()
            judged = small.judge("base", night)
            above = small.make(night, BENEFIT)[BENEFIT]
            small.judge("topic", night)
            second = small.publish(night)
            look(2)
            third = small.whole_night(THIRD_NIGHT, REPAIRED)
            look(3)
            yield Story(small, settings, first, second, third, states, rows, judged, above, opened, during_second)


def sums(total: str, doubled: str, n: int = 3) -> list[dict[str, object]]:
    return [{"n": n, "amount": Decimal(total), "doubled": Decimal(doubled)}]


def test_a_table_with_a_planted_value_is_restored_and_who_read_it_in_its_layer_is_refused(story: Story) -> None:
    assert {name: one.verdict for name, one in story.judged.items()} == {
        PERSON: "refused",
        TALLY: "refused",
        SECRET: "unchanged",
    }
    for name in (PERSON, TALLY):
        before, after = story.states[1][name], story.states[2][name]
        assert story.rows[2][name] == story.rows[1][name]
        assert after.content == after.accepted_content == before.content
        assert after.consumed == before.consumed
        assert after.version == after.accepted_version
        assert (after.version or 0) >= (before.version or 0) + 2


def test_the_layer_above_reads_what_was_accepted_and_has_nothing_to_do(story: Story) -> None:
    assert story.above.state == "unchanged"


def test_a_refused_table_stays_in_the_publication_at_its_accepted_content_marked_stale(story: Story) -> None:
    before = {entry.table: entry for entry in story.first.publication.entries}
    after = {entry.table: entry for entry in story.second.publication.entries}
    assert story.second.stale == [PERSON, TALLY]
    assert {name: entry.content for name, entry in after.items()} == {
        name: entry.content for name, entry in before.items()
    }
    assert after[PERSON].version == story.states[2][PERSON].accepted_version


def test_the_next_night_repairs_what_was_refused(story: Story) -> None:
    assert story.third.stale == []
    assert [row[2] for row in story.rows[3][PERSON]] == [Decimal(amount) for _, _, amount in REPAIRED]
    doubled = [(number, 2 * Decimal(amount)) for number, _, amount in REPAIRED]
    assert story.rows[3][TALLY] == story.rows[3][BENEFIT] == doubled


def test_nothing_restricted_and_nothing_below_the_border_is_published(story: Story) -> None:
    assert story.small.state(SECRET).accepted_version is not None
    for done in (story.first, story.second, story.third):
        assert [entry.table for entry in done.publication.entries] == [PERSON, TALLY, BENEFIT]


def test_what_should_be_published_and_is_not_is_named_with_the_reason(story: Story) -> None:
    assert story.third.left_out == {"linked.hrss__pension": "尚未生成"}


def test_publishing_a_published_night_again_changes_nothing(story: Story) -> None:
    again = publish(story.small.lake, story.small.spark, THIRD_NIGHT)
    assert again.publication == story.third.publication
    assert again.views == again.views_failed == ()


def test_an_older_night_cannot_be_published_again_with_another_vector(story: Story) -> None:
    with pytest.raises(NightOrderError):
        publish(story.small.lake, story.small.spark, FIRST_NIGHT, number=7)


def test_catalogue_views_show_the_newest_publication_and_come_back_when_they_are_lost(story: Story) -> None:
    spark = story.small.spark
    shown = spark.sql("SELECT sum(amount) FROM pub_base.demo__person").collect()[0][0]
    assert shown == Decimal("1061.00")
    spark.sql("DROP VIEW pub_topic.demo__benefit").collect()
    spark.sql("CREATE VIEW pub_base.demo__secret AS SELECT 1 AS x").collect()
    assert publish(story.small.lake, spark, THIRD_NIGHT).views == ("pub_topic.demo__benefit",)
    kept = [row["viewName"] for row in spark.sql("SHOW VIEWS IN pub_base").collect() if not row["isTemporary"]]
    assert kept == ["demo__person", "demo__tally"]


def test_a_session_shows_its_night_whole_while_the_next_ones_are_written(story: Story) -> None:
    assert story.during_second == sums("600.00", "1200.00")
    assert story.open_since_first.sql(TOTAL).fetch() == sums("600.00", "1200.00")


def test_two_sessions_show_two_nights_side_by_side(story: Story) -> None:
    with (
        citylake.connect(night="2026-11-23", settings=story.settings) as old,
        citylake.connect(settings=story.settings) as new,
    ):
        assert (old.night, new.night) == (SECOND_NIGHT, THIRD_NIGHT)
        assert old.sql(TOTAL).fetch() == sums("600.00", "1200.00")
        assert new.sql(TOTAL).fetch() == sums("1061.00", "2122.00", 4)
        assert old.sql(TOTAL).fetch() == sums("600.00", "1200.00")


def test_a_session_answers_in_every_form_and_reaches_spark_only_when_asked(story: Story) -> None:
    with citylake.connect(settings=story.settings) as opened:
        assert opened._spark is None
        found = opened.sql(f"SELECT {PERSON}.pay_state FROM {PERSON} WHERE pension_no = :no", {"no": "2"})
        assert found.columns == ["pay_state"]
        assert found.pandas()["pay_state"].tolist() == ["2"]
        assert [row["table"] for row in opened.sql("SHOW TABLES IN topic").fetch()] == [BENEFIT]
        assert opened.sql(f"DESCRIBE {PERSON}").fetch()[1]["comment"] == "领取状态"
        assert opened.table(PERSON).arrow(limit=2).num_rows == 2


@pytest.mark.parametrize("name", [SECRET, "clean.hrss__pension", "pub_base.demo__person", "delta.`/x`"])
def test_a_session_reads_nothing_but_what_is_published(story: Story, name: str) -> None:
    with citylake.connect(settings=story.settings) as opened, pytest.raises(StatementError):
        opened.sql(f"SELECT * FROM {name}")


def test_a_night_that_is_not_published_is_named_with_the_newest(story: Story) -> None:
    with pytest.raises(NotPublishedError, match="2026-11-24"):
        citylake.connect(night="2026-12-24", settings=story.settings)


@pytest.mark.parametrize(
    ("night", "amount"), [(FIRST_NIGHT, "600.00"), (SECOND_NIGHT, "600.00"), (THIRD_NIGHT, "1061.00")]
)
def test_outside_readers_see_the_published_versions(story: Story, night: object, amount: str) -> None:
    opened = citylake.connect(night=str(night), settings=story.settings)
    uri, version = opened.paths()[PERSON]
    table = DeltaTable(uri, version=version)
    counted = QueryBuilder().register("t", table).execute("SELECT sum(amount) AS amount FROM t").read_all()
    assert counted["amount"][0].as_py() == Decimal(amount)
    assert pl.read_delta(uri, version=version)["amount"].sum() == Decimal(amount)


def test_duckdb_reads_a_session_through_arrow(story: Story) -> None:
    with citylake.connect(settings=story.settings) as opened:
        people = opened.table(PERSON).arrow()
    assert people.num_rows == 4
    assert duckdb.connect().execute("SELECT sum(amount) FROM people").fetchall() == [(Decimal("1061.00"),)]


@pytest.fixture
def command(story: Story, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line on the story's lake: settings are those of a process, read once."""
    settings = story.settings
    monkeypatch.setattr(citylake.cli.query, "settings", lambda: settings)
    monkeypatch.setattr(citylake.cli.receipts, "settings", lambda: settings)
    monkeypatch.setattr("citylake.read.session.installed", lambda: settings)
    return CliRunner()


def test_the_command_line_answers_in_json_and_says_when_there_is_more(command: CliRunner) -> None:
    done = command.invoke(app, ["sql", f"SELECT amount FROM {PERSON} ORDER BY 1", "--limit", "2", "--json"])
    assert (done.exit_code, done.stdout.strip()) == (
        0,
        '{"night": "2026-11-24", "columns": ["amount"], "rows": [{"amount": "111.00"}, {"amount": "250.00"}], "more": true}',
    )


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TABLE base.demo__person", "read-only"),
        (f"SELECT nothing FROM {PERSON}", "nothing"),
        ("SELECT * FROM base.demo__persn", "base.demo__person"),
    ],
)
def test_a_statement_that_cannot_be_answered_is_wrong_use(command: CliRunner, statement: str, said: str) -> None:
    done = command.invoke(app, ["sql", statement])
    assert done.exit_code == 2
    assert said in done.stderr
    assert "published_" not in done.stderr


def test_status_ends_with_1_while_something_is_missing(command: CliRunner) -> None:
    done = command.invoke(app, ["status"])
    assert done.exit_code == 1
    assert "已发布 2026-11-24，共 3 张表" in done.stdout
    assert "linked.hrss__pension 尚未生成" in done.stdout


def test_a_date_that_is_none_is_wrong_use(command: CliRunner, tmp_path: Path) -> None:
    assert command.invoke(app, ["receipts", "--night", "2026-13-01"]).exit_code == 2
    assert command.invoke(app, ["receipts", "--department", "nobody"]).exit_code == 2
    assert command.invoke(app, ["receipts", "--json"]).exit_code == 0
