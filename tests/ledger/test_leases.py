import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from citylake import boot
from citylake.ledger.database import writing
from citylake.ledger.errors import LeaseHeldError, LeaseLostError
from citylake.ledger.models import LeaseRow
from citylake.ledger.runs import owner, runs
from citylake.ledger.runs.leases import Lease, held, lease
from citylake.ledger.runs.runs import Outcome
from tests.ledger.conftest import Elsewhere
from tests.ledger.given import FIRST_NIGHT, started

TABLE = "clean.civil_affairs__marriage"


def _rewrite(engine: Engine, **values: object) -> None:
    """Make the lease look as if another process held it."""
    with writing(engine) as session:
        row = session.get(LeaseRow, TABLE)
        assert row is not None
        for name, value in values.items():
            setattr(row, name, value)


@contextmanager
def _losing(engine: Engine, ttl: timedelta = timedelta(minutes=5)) -> Iterator[Lease]:
    """Hold the lease, lose it inside the block, and be told so at its end."""
    with pytest.raises(LeaseLostError), lease(engine, TABLE, ttl=ttl) as mine:
        yield mine


def test_a_held_table_cannot_be_taken_by_another(ledger: Engine) -> None:
    with lease(ledger, TABLE):
        with pytest.raises(LeaseHeldError, match=f"process {os.getpid()} on .* since "), lease(ledger, TABLE):
            pytest.fail("two writers")
        with lease(ledger, "clean.civil_affairs__cremation"):
            assert [one.table for one in held(ledger)] == ["clean.civil_affairs__cremation", TABLE]
    assert held(ledger) == []


def test_fencing_numbers_grow_with_every_change_of_hands(ledger: Engine) -> None:
    numbers = []
    for _ in range(3):
        with lease(ledger, TABLE) as mine:
            numbers.append(mine.number)
    assert numbers == [1, 2, 3]


def test_an_error_in_the_block_gives_the_lease_back(ledger: Engine) -> None:
    with pytest.raises(KeyError), lease(ledger, TABLE):
        raise KeyError
    assert held(ledger) == []


def test_another_live_process_is_waited_for(ledger: Engine, elsewhere: Elsewhere) -> None:
    other = elsewhere.does("hold", TABLE)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    with pytest.raises(LeaseHeldError, match=f"process {other.pid} on "), lease(ledger, TABLE):
        pytest.fail("two writers")
    gives_back = threading.Timer(0.5, lambda: other.communicate("give it back\n"))
    gives_back.start()
    with lease(ledger, TABLE, wait=timedelta(seconds=30)) as mine:
        assert mine.number == 2
    gives_back.join()
    assert other.returncode == 0, "the first holder gave it back, it was not taken away"


def test_a_killed_holder_is_taken_over_at_once(ledger: Engine, elsewhere: Elsewhere) -> None:
    other = elsewhere.does("hold", TABLE)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    assert [one.owner.pid for one in held(ledger)] == [other.pid]
    os.kill(other.pid, signal.SIGKILL)
    # The killed child is not waited for, so it stays in the process table as a zombie.
    with lease(ledger, TABLE, wait=timedelta(seconds=2)) as mine:
        assert mine.number == 2


def test_two_processes_never_write_at_the_same_time(ledger: Engine, elsewhere: Elsewhere) -> None:
    elsewhere.counter.write_text("0", "ascii")
    racers = [elsewhere.does("race", TABLE, 20) for _ in range(2)]
    assert [racer.wait(timeout=120) for racer in racers] == [0, 0]
    assert elsewhere.counter.read_text("ascii") == "40"
    with lease(ledger, TABLE) as mine:
        assert mine.number == 41


def test_a_holder_from_before_a_restart_of_the_host_is_taken_over(ledger: Engine) -> None:
    with _losing(ledger):
        _rewrite(ledger, boot_id="an earlier boot")
        with lease(ledger, TABLE) as mine:
            assert mine.number == 2


def test_a_process_number_given_to_another_process_does_not_keep_a_lease(ledger: Engine) -> None:
    with _losing(ledger):
        _rewrite(ledger, process_started="1")
        with lease(ledger, TABLE) as mine:
            assert mine.number == 2


def test_a_holder_on_another_host_keeps_its_lease_until_it_expires(ledger: Engine) -> None:
    with _losing(ledger):
        _rewrite(ledger, host="elsewhere", pid=1, boot_id="its own")
        with pytest.raises(LeaseHeldError, match="process 1 on elsewhere"), lease(ledger, TABLE):
            pytest.fail("two writers")
        _rewrite(ledger, expires_at=held(ledger)[0].acquired_at)
        with lease(ledger, TABLE) as mine:
            assert mine.number == 2


def test_the_heartbeat_keeps_a_lease_beyond_its_time_to_live(ledger: Engine) -> None:
    with lease(ledger, TABLE, ttl=timedelta(seconds=0.6)) as mine:
        first = held(ledger)[0].expires_at
        time.sleep(1.5)
        assert held(ledger)[0].expires_at > first
        mine.check()


def test_who_was_stopped_for_too_long_learns_that_the_lease_is_gone(ledger: Engine, elsewhere: Elsewhere) -> None:
    other = elsewhere.does("stutter", TABLE)
    assert other.stdout is not None
    assert other.stdin is not None
    assert other.stdout.readline() == "held\n"
    os.kill(other.pid, signal.SIGSTOP)
    with lease(ledger, TABLE, wait=timedelta(seconds=30)) as mine:
        os.kill(other.pid, signal.SIGCONT)
        other.stdin.write("go on\n")
        other.stdin.flush()
        assert other.wait(timeout=30) == 1
        mine.check()
        assert mine.number == 2


def test_nothing_is_recorded_under_a_lost_lease(ledger: Engine) -> None:
    number = started(ledger, TABLE)
    with _losing(ledger) as mine:
        _rewrite(ledger, token="somebody else")
        with pytest.raises(LeaseLostError, match="run the table again"):
            runs.record(ledger, number, Outcome("done", version=1), lease=mine)
        with pytest.raises(LeaseLostError):
            runs.start(
                ledger,
                table="other",
                kind="rebuild",
                business_date=FIRST_NIGHT,
                session_id="s",
                inputs={},
                meaning="",
                dress="",
                lease=mine,
            )
    assert runs.run(ledger, number).state == "open"
    assert [run.id for run in runs.runs(ledger)] == [number]


def test_the_heartbeat_notices_a_lost_lease_by_itself(ledger: Engine) -> None:
    with _losing(ledger, timedelta(seconds=0.3)) as mine:
        _rewrite(ledger, token="somebody else")
        deadline = time.monotonic() + 10
        while not mine.lost and time.monotonic() < deadline:
            time.sleep(0.02)
        assert mine.lost


def test_a_heartbeat_that_fails_once_is_made_up_for(ledger: Engine, caplog: pytest.LogCaptureFixture) -> None:
    with lease(ledger, TABLE, ttl=timedelta(seconds=0.6)) as mine:
        with ledger.execution_options(ledger_writes=True).begin() as connection:
            connection.execute(text("ALTER TABLE lease RENAME TO lease_away"))
        time.sleep(0.35)
        with ledger.execution_options(ledger_writes=True).begin() as connection:
            connection.execute(text("ALTER TABLE lease_away RENAME TO lease"))
        time.sleep(0.5)
        mine.check()
        assert held(ledger)[0].number == 1
    assert "lease_heartbeat_failed" in caplog.text


def test_this_process_is_alive_and_one_of_another_host_is_not_judged() -> None:
    me = owner.this_process()
    assert not owner.is_dead(me)
    assert not owner.is_dead(owner.Owner("elsewhere", "x", 999_999_999, ""))
    assert owner.is_dead(owner.Owner(me.host, me.boot_id, 999_999_999, ""))


def test_without_a_boot_id_of_the_kernel_one_is_made_that_stays_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(boot, "_BOOT_ID", tmp_path / "no boot id here")
    boot.boot_id.cache_clear()
    first = boot.boot_id()
    boot.boot_id.cache_clear()
    try:
        assert boot.boot_id() == first
        assert len(first) == 36
    finally:
        boot.boot_id.cache_clear()
