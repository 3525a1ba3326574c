"""A clock that jumps back an hour: nothing in the ledger is decided by comparing moments that two clocks have told."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from sqlalchemy import Engine

from citylake.ledger import columns
from citylake.ledger.database import writing
from citylake.ledger.deliveries.deliveries import latest_accepted, newest_as_of, verify_chain
from citylake.ledger.errors import LeaseHeldError
from citylake.ledger.models import LeaseRow
from citylake.ledger.nights import nights
from citylake.ledger.nights.nights import Pin
from citylake.ledger.runs.leases import held, lease
from citylake.ledger.runs.tables import table_state
from citylake.spelling import table_of
from tests.ledger.conftest import Elsewhere
from tests.ledger.given import FIRST_NIGHT, MARRIAGE, SECOND_NIGHT, accepted, received

TABLE = table_of(MARRIAGE)
HOUR = timedelta(hours=1)
Jump = Callable[[timedelta], None]


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Jump:
    """Set this process's clock forward or back, as far as the ledger sees it."""
    offset = timedelta()

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz or UTC) + offset

    def by(step: timedelta) -> None:
        nonlocal offset
        offset += step

    monkeypatch.setattr(columns, "datetime", Clock)
    return by


def test_the_clock_of_these_tests_does_jump(jump: Jump) -> None:
    before = columns.now()
    jump(-HOUR)
    assert columns.now() < before - timedelta(minutes=59)


def test_a_lease_stays_with_its_live_holder_and_is_given_back(ledger: Engine, jump: Jump) -> None:
    with lease(ledger, TABLE, ttl=timedelta(seconds=1)) as mine:
        jump(-HOUR)
        with pytest.raises(LeaseHeldError), lease(ledger, TABLE):
            pytest.fail("two writers")
        time.sleep(0.6)  # a heartbeat by the new clock
        mine.check()
        assert [one.number for one in held(ledger)] == [mine.number]
    assert held(ledger) == []
    with lease(ledger, TABLE) as next_one:
        assert next_one.number == mine.number + 1


def test_the_lease_of_a_killed_process_of_this_machine_is_taken_over_at_once(
    ledger: Engine, elsewhere: Elsewhere, jump: Jump
) -> None:
    other = elsewhere.does("hold", TABLE)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    other.kill()
    other.wait()
    jump(-HOUR)
    assert held(ledger) == []
    with lease(ledger, TABLE) as mine:
        assert mine.number == 2


def test_the_lease_of_another_machine_lasts_longer_by_the_jump_and_no_more(ledger: Engine, jump: Jump) -> None:
    ttl = timedelta(minutes=5)
    with lease(ledger, TABLE, ttl=ttl):
        pass
    with writing(ledger) as session:
        row = session.get(LeaseRow, TABLE)
        assert row is not None
        row.host, row.token, row.expires_at = "another-machine", "another-token", columns.now() + ttl
    jump(-HOUR)
    with pytest.raises(LeaseHeldError), lease(ledger, TABLE):
        pytest.fail("two writers")
    jump(HOUR - timedelta(minutes=1))
    assert [one.owner.host for one in held(ledger)] == ["another-machine"]
    jump(timedelta(minutes=7))
    assert held(ledger) == []
    with lease(ledger, TABLE) as mine:
        assert mine.number == 2


def test_deliveries_keep_their_order_and_their_chain(ledger: Engine, jump: Jump) -> None:
    accepted(ledger, received(ledger, "a", as_of=FIRST_NIGHT))
    jump(-HOUR)
    later = received(ledger, "b", as_of=SECOND_NIGHT)
    state = accepted(ledger, later)
    latest = latest_accepted(ledger, MARRIAGE)
    assert latest is not None
    assert latest.id == later.id
    assert newest_as_of(ledger, MARRIAGE) == SECOND_NIGHT
    assert (state.content, state.accepted_content) == (2, 2)
    assert verify_chain(ledger) == []
    assert table_state(ledger, TABLE) == state


def test_the_newest_publication_is_that_of_the_later_night(ledger: Engine, jump: Jump) -> None:
    nights.ready(ledger, FIRST_NIGHT, {TABLE: Pin(1, 1)}, [])
    first = nights.publish(ledger, FIRST_NIGHT, [])
    jump(-HOUR)
    nights.ready(ledger, SECOND_NIGHT, {TABLE: Pin(2, 2)}, [])
    second = nights.publish(ledger, SECOND_NIGHT, [])
    assert second.published_at < first.published_at
    assert nights.publication(ledger) == second
    assert [one.business_date for one in nights.publications(ledger)] == [SECOND_NIGHT, FIRST_NIGHT]
