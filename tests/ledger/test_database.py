from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from citylake.ledger.columns import UtcDateTime, plain
from citylake.ledger.database import alembic_config, is_current, ledger_id, migrate, open_ledger, writing
from citylake.ledger.deliveries import deliveries
from citylake.ledger.errors import LedgerAddressError, LedgerBusyError, LedgerOutdatedError
from citylake.ledger.models import AuditRow, Base
from citylake.ledger.people import decisions as audit
from citylake.ledger.runs.runs import JUDGING, run
from tests.ledger.conftest import Elsewhere
from tests.ledger.given import FIRST_NIGHT, received, started


def test_a_ledger_is_current_once_it_is_migrated(empty: Engine) -> None:
    assert not is_current(empty)
    migrate(empty)
    assert is_current(empty)


def test_migrating_again_changes_nothing(ledger: Engine) -> None:
    before = ledger_id(ledger)
    migrate(ledger)
    assert ledger_id(ledger) == before


def test_the_migrations_make_exactly_the_tables_of_the_models(ledger: Engine) -> None:
    with ledger.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_migrations_can_be_taken_back(ledger: Engine) -> None:
    config = alembic_config()
    with ledger.execution_options(ledger_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert set(inspect(ledger).get_table_names()) == {"alembic_version"}
    migrate(ledger)
    assert is_current(ledger)


def test_what_judging_came_to_is_told_from_a_gate_in_a_ledger_of_before(ledger: Engine) -> None:
    judging, making = started(ledger, "base.a"), started(ledger, "base.b")
    config = alembic_config()
    with ledger.execution_options(ledger_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
        connection.execute(text("UPDATE run SET kind = 'gate' WHERE id = :id"), {"id": judging})
    migrate(ledger)
    assert (run(ledger, judging).kind, run(ledger, making).kind) == (JUDGING, "incremental")


def test_a_failed_migration_leaves_nothing(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = command.upgrade

    def fails_at_the_end(*args: Any, **options: Any) -> None:
        upgrade(*args, **options)
        raise RuntimeError("killed")

    monkeypatch.setattr(command, "upgrade", fails_at_the_end)
    with pytest.raises(RuntimeError):
        migrate(empty)
    assert inspect(empty).get_table_names() == []


def test_several_processes_may_migrate_at_once(empty: Engine, elsewhere: Elsewhere) -> None:
    processes = [elsewhere.does("make_tables") for _ in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0] * 4
    assert is_current(empty)
    assert ledger_id(empty)


def test_no_writer_loses_what_another_writes(ledger: Engine, elsewhere: Elsewhere) -> None:
    processes = [elsewhere.does("deliver", f"department_{number}.file", 25) for number in range(3)]
    assert [process.wait(timeout=120) for process in processes] == [0] * 3
    given = deliveries.receipts(ledger)
    assert sorted(one.receipt_number or 0 for one in given) == list(range(1, 76))
    assert deliveries.verify_chain(ledger) == []


def test_a_ledger_without_tables_says_what_to_do(empty: Engine) -> None:
    with pytest.raises(LedgerOutdatedError, match="migrate"):
        deliveries.receipts(empty)
    with pytest.raises(LedgerOutdatedError, match="migrate"):
        received(empty)


def test_a_writer_that_waits_too_long_says_what_to_do(ledger: Engine, url: str) -> None:
    impatient = open_ledger(url, busy_seconds=1)
    with writing(ledger), pytest.raises(LedgerBusyError, match="citylake doctor"):
        received(impatient)
    impatient.dispose()
    assert deliveries.receipts(ledger) == []


def test_a_reader_does_not_wait_for_a_writer(ledger: Engine, url: str) -> None:
    impatient = open_ledger(url, busy_seconds=1)
    with writing(ledger) as session:
        audit.write_note(session, actor="operator", action="test", subject="nothing", reason="")
        assert audit.entries(impatient) == []
    assert len(audit.entries(impatient)) == 1
    impatient.dispose()


def test_an_error_inside_a_transaction_leaves_nothing(ledger: Engine) -> None:
    def fails() -> None:
        with writing(ledger) as session:
            audit.write_note(session, actor="operator", action="test", subject="nothing", reason="")
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert audit.entries(ledger) == []


def test_moments_are_stored_in_utc_whatever_their_zone(ledger: Engine) -> None:
    shanghai = timezone(timedelta(hours=8))
    with writing(ledger) as session:
        at = datetime(2026, 11, 22, 1, 30, 0, 123456, tzinfo=shanghai)
        session.add(AuditRow(at=at, actor="a", action="b", subject="c", reason="d"))
    assert audit.entries(ledger)[0].at == datetime(2026, 11, 21, 17, 30, 0, 123456, tzinfo=UTC)
    assert audit.entries(ledger)[0].at.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(ledger: Engine) -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 11, 22), ledger.dialect)


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:", "mysql+pymysql://localhost/ledger"])
def test_a_database_that_processes_cannot_share_is_refused(address: str) -> None:
    with pytest.raises(LedgerAddressError):
        open_ledger(address)


def test_a_sqlite_ledger_makes_its_folder_and_writes_ahead(tmp_path: Path) -> None:
    engine = open_ledger(f"sqlite:///{tmp_path / 'a' / '百分之%20' / 'ledger.db'}")
    migrate(engine)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 30_000


def test_a_number_like_a_citizens_is_blotted_out_of_a_text() -> None:
    made_up = "3707" + "0" * 13 + "X"
    assert plain(f"bad value '{made_up}' in line 3") == "bad value '…' in line 3"
    assert plain("sha " + "12" * 32) == "sha " + "12" * 32
    assert plain("20261122 有 3 行") == "20261122 有 3 行"


def test_decisions_are_listed_newest_first(ledger: Engine) -> None:
    audit.note(ledger, actor="operator", action="accept", subject="delivery 1", reason="核实无误")
    audit.note(ledger, actor="operator", action="rebuild", subject=str(FIRST_NIGHT), reason="口径调整")
    found = audit.entries(ledger, 10)
    assert [one.action for one in found] == ["rebuild", "accept"]
    assert found[1].reason == "核实无误"
    assert len(audit.entries(ledger, 1)) == 1
