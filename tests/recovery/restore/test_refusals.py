"""When the lake does not go back: asked before anything is changed, and before Spark is."""

from datetime import UTC, date, datetime, timedelta
from typing import NoReturn

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from citylake.cli import app
from citylake.lake import Lake
from citylake.ledger.nights.nights import publish, ready
from citylake.ledger.nights.restorations import begin, finish, under_way
from citylake.ledger.runs.leases import lease
from citylake.night.maintenance import RESTORE_DAYS
from citylake.recovery.restore.errors import PromiseOverError
from citylake.recovery.restore.restore import restore

NIGHT = date(2026, 11, 22)
TABLE = "base.population__person"


@pytest.fixture
def published(own_lake: Lake) -> Lake:
    """A lake with one published night."""
    ready(own_lake.ledger, NIGHT, {}, [])
    publish(own_lake.ledger, NIGHT, [])
    return own_lake


def no_spark() -> NoReturn:
    raise AssertionError("Spark was asked")


def test_a_night_older_than_the_restore_promise_is_refused(published: Lake) -> None:
    old = datetime.now(UTC) - timedelta(days=RESTORE_DAYS + 1)
    with published.ledger.begin() as connection:
        connection.execute(text("UPDATE publication SET published_at = :old"), {"old": old.replace(tzinfo=None)})
    with pytest.raises(PromiseOverError, match=str(RESTORE_DAYS)):
        restore(published, no_spark, NIGHT, actor="operator", reason="")
    assert under_way(published.ledger) is None


@pytest.mark.parametrize("night", ["2026-11-21", "2026-11-23"])
def test_a_night_that_was_never_published_is_wrong_use(published: Lake, night: str) -> None:
    done = CliRunner().invoke(app, ["restore", "--night", night, "--reason", "x"])
    assert done.exit_code == 2
    assert "never published" in done.stderr


def test_while_somebody_writes_a_table_it_is_refused_by_name(published: Lake) -> None:
    with lease(published.ledger, TABLE):
        done = CliRunner().invoke(app, ["restore", "--night", str(NIGHT), "--reason", "x"])
    assert done.exit_code == 2
    assert TABLE in done.stderr
    assert under_way(published.ledger) is None


def test_a_reason_must_be_given(published: Lake) -> None:
    assert CliRunner().invoke(app, ["restore", "--night", str(NIGHT)]).exit_code == 2


def test_a_restore_that_is_not_finished_is_what_status_says_first(published: Lake) -> None:
    decided = begin(published.ledger, NIGHT, actor="operator", reason="x")
    done = CliRunner().invoke(app, ["status"])
    assert done.exit_code == 1
    assert f"citylake restore --night {NIGHT}" in done.stdout
    finish(published.ledger, decided.number)
    assert "正在恢复" not in CliRunner().invoke(app, ["status"]).stdout
