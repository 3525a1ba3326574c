"""What the ledger does when the lake goes back to a published night."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from citylake.ledger.columns import Consumed
from citylake.ledger.deliveries import deliveries
from citylake.ledger.errors import NightOrderError, RestorationError, RestorationOpenError
from citylake.ledger.nights import nights, restorations
from citylake.ledger.nights.contents import go_back, held_in, to_take_again
from citylake.ledger.nights.nights import Entry, Pin, Settled
from citylake.ledger.runs import leases
from citylake.ledger.runs.reshaping import reshaped
from citylake.ledger.runs.runs import DeliveryOutcome, Outcome, record, start
from citylake.ledger.runs.tables import TableState, accept, table_state
from tests.ledger.given import FIRST_NIGHT, SECOND_NIGHT

THING = "office.thing"
CLEAN, BASE, CROSSWALK = "clean.office__thing", "base.demo__thing", "base.population__crosswalk"
THIRD_NIGHT = SECOND_NIGHT + timedelta(days=1)
WHY = "错误的名册"


def take(ledger: Engine, letter: str, day: date, *, changes: bool = True) -> TableState:
    """Take a delivery into the clean table."""
    one = deliveries.receive(
        ledger, resource=THING, as_of=day, sha256=letter * 64, size=1, name=f"{letter}.csv", business_date=day,
        contract="c", landing=f"file:///landing/{letter}",
    )  # fmt: skip
    return take_open(ledger, one.id, day, changes=changes)


def take_open(ledger: Engine, number: int, day: date, *, changes: bool = True) -> TableState:
    run = begun(ledger, CLEAN, day, {}, delivery_id=number)
    version = run if changes else None
    said = DeliveryOutcome("accepted", "", {"lines": 1})
    return record(ledger, run, Outcome("done", version=version, rows=number, accepted=True, delivery=said))


def begun(ledger: Engine, table: str, day: date, inputs: dict[str, Consumed], *, delivery_id: int | None = None) -> int:
    """The number of an open run."""
    return start(
        ledger, table=table, kind="incremental", business_date=day, session_id="s", inputs=inputs, meaning="m",
        dress="d", delivery_id=delivery_id,
    ).id  # fmt: skip


def derive(ledger: Engine, table: str, day: date, *, changes: bool = True) -> TableState:
    """Make a derived table from the clean one."""
    read = table_state(ledger, CLEAN)
    assert read is not None
    assert read.content is not None
    assert read.version is not None
    inputs = {"c": Consumed(read.content, read.version)}
    run = begun(ledger, table, day, inputs)
    done = Outcome("done", version=run if changes else None, rows=run, consumed=inputs, accepted=True)
    return record(ledger, run, done)


def publish(ledger: Engine, day: date) -> None:
    """Pin, accept and publish a night."""
    clean, base = table_state(ledger, CLEAN), table_state(ledger, BASE)
    assert clean is not None
    assert base is not None
    nights.ready(ledger, day, {CLEAN: Pin(clean.content or 0, clean.version or 0)}, [])
    accept(ledger, [BASE], business_date=day)
    nights.publish(ledger, day, [Entry(BASE, base.version or 0, base.content or 0, False)])


@pytest.fixture
def three(ledger: Engine) -> Engine:
    """Three nights; in the second neither derived table changes a row."""
    take(ledger, "a", FIRST_NIGHT)
    for table in (CROSSWALK, BASE):
        derive(ledger, table, FIRST_NIGHT)
    publish(ledger, FIRST_NIGHT)
    take(ledger, "b", SECOND_NIGHT)
    for table in (CROSSWALK, BASE):
        derive(ledger, table, SECOND_NIGHT, changes=False)
    publish(ledger, SECOND_NIGHT)
    take(ledger, "b", THIRD_NIGHT, changes=False)
    take(ledger, "c", THIRD_NIGHT)
    for table in (CROSSWALK, BASE):
        derive(ledger, table, THIRD_NIGHT)
    publish(ledger, THIRD_NIGHT)
    return ledger


def back(ledger: Engine, night: date) -> dict[str, TableState]:
    """Go back to a night as the job does, with versions of the restore's own."""
    decided = restorations.begin(ledger, night, actor="operator", reason=WHY)
    states = {}
    for version, held in enumerate(held_in(ledger, night).values(), start=1000):
        states[held.table] = go_back(ledger, held, version=version, consumed=held.consumed, reason=WHY)
    restorations.finish(ledger, decided.number)
    return states


def test_every_table_stands_where_it_stood_in_that_night(three: Engine) -> None:
    states = back(three, FIRST_NIGHT)
    assert {name: (one.content, one.accepted_content) for name, one in states.items()} == {
        CLEAN: (1, 1), BASE: (1, 1), CROSSWALK: (1, 1),
    }  # fmt: skip
    assert all(one.version == one.accepted_version and (one.version or 0) >= 1000 for one in states.values())
    assert states[BASE].consumed["c"].content == 1


def test_what_a_table_had_read_without_changing_is_that_of_the_night(three: Engine) -> None:
    assert held_in(three, SECOND_NIGHT)[BASE].consumed["c"].content == 2
    assert held_in(three, FIRST_NIGHT)[BASE].consumed["c"].content == 1
    assert held_in(three, THIRD_NIGHT)[CROSSWALK].content == 2


def test_contents_since_then_count_no_more_and_their_numbers_are_not_used_again(three: Engine) -> None:
    back(three, FIRST_NIGHT)
    again = deliveries.open_deliveries(three, THING)
    day = THIRD_NIGHT + timedelta(days=1)
    assert take_open(three, again[0].id, day).content == 4
    for table in (CROSSWALK, BASE):
        derive(three, table, day, changes=False)
    publish(three, day)
    assert held_in(three, day)[CROSSWALK].content == 1


def test_what_was_taken_since_is_taken_again_in_its_order(three: Engine) -> None:
    assert [one.sha256 for one in to_take_again(three, CLEAN, 1)] == ["b" * 64, "b" * 64, "c" * 64]
    later = deliveries.receive(
        three, resource=THING, as_of=THIRD_NIGHT, sha256="d" * 64, size=1, name="d.csv", business_date=THIRD_NIGHT,
        contract="c", landing="file:///landing/d",
    )  # fmt: skip
    back(three, FIRST_NIGHT)
    opened = deliveries.open_deliveries(three, THING)
    assert [(one.sha256 or "")[0] for one in opened] == ["b", "b", "c", "d"]
    assert opened[-1].id == later.id
    last = deliveries.latest_accepted(three, THING)
    assert last is not None
    assert (last.sha256, deliveries.newest_as_of(three, THING)) == ("a" * 64, FIRST_NIGHT)
    assert deliveries.verify_chain(three) == []


def test_going_back_twice_keeps_the_first_order(three: Engine) -> None:
    back(three, SECOND_NIGHT)
    (only,) = deliveries.open_deliveries(three, THING)
    assert only.sha256 == "c" * 64
    back(three, FIRST_NIGHT)
    opened = deliveries.open_deliveries(three, THING)
    assert [(one.sha256 or "")[0] for one in opened] == ["b", "b", "c"]
    day = THIRD_NIGHT + timedelta(days=1)
    for one in opened:
        take_open(three, one.id, day)
    assert [(one.sha256 or "")[0] for one in deliveries.accepted(three, THING)] == ["a", "b", "b", "c"]
    assert deliveries.verify_chain(three) == []


def test_a_delivery_that_is_taken_again_names_the_first_in_its_receipt(three: Engine) -> None:
    back(three, SECOND_NIGHT)
    (again,) = deliveries.open_deliveries(three, THING)
    take_open(three, again.id, THIRD_NIGHT)
    receipt = deliveries.delivery(three, again.id)
    assert receipt.retakes == 4
    assert receipt.receipt_number == 5
    assert deliveries.verify_chain(three) == []


def test_readers_are_shown_the_night_and_dates_go_forward(three: Engine) -> None:
    back(three, FIRST_NIGHT)
    shown = nights.publication(three)
    assert shown is not None
    assert shown.business_date == FIRST_NIGHT
    assert nights.publication(three, THIRD_NIGHT) is None
    assert [one.business_date for one in nights.publications(three)] == [FIRST_NIGHT]
    assert nights.newest_published(three) == THIRD_NIGHT


def test_nothing_starts_and_nothing_is_published_until_it_is_finished(three: Engine) -> None:
    day = THIRD_NIGHT + timedelta(days=1)
    decided = restorations.begin(three, FIRST_NIGHT, actor="operator", reason=WHY)
    for attempt in (
        lambda: begun(three, BASE, day, {}),
        lambda: nights.ready(three, day, {}, []),
        lambda: restorations.check_none_open(three),
    ):
        with pytest.raises(RestorationOpenError, match=str(FIRST_NIGHT)):
            attempt()
    assert restorations.begin(three, FIRST_NIGHT, actor="other", reason="").number == decided.number
    with pytest.raises(RestorationError, match=f"--night {FIRST_NIGHT}"):
        restorations.begin(three, SECOND_NIGHT, actor="operator", reason=WHY)
    restorations.finish(three, decided.number)
    assert restorations.under_way(three) is None
    assert nights.ready(three, day, {}, []).number == 1


def test_a_night_begun_and_not_published_is_given_up_only_when_asked_to(three: Engine) -> None:
    day = THIRD_NIGHT + timedelta(days=1)
    vector = {CLEAN: Pin(3, 3)}
    nights.ready(three, day, vector, [])
    nights.settle(three, "office", day, [Settled(THING, "accepted", (4,))])
    with pytest.raises(RestorationError, match="--unfinished"):
        restorations.begin(three, FIRST_NIGHT, actor="operator", reason=WHY)
    decided = restorations.begin(three, FIRST_NIGHT, actor="operator", reason=WHY, unfinished=True)
    restorations.finish(three, decided.number)
    assert nights.settlements(three, day) == {}
    with pytest.raises(NightOrderError, match="withdrawn"):
        nights.publish(three, day, [], number=1)
    assert nights.ready(three, day, vector, []).number == 2


def test_it_waits_for_nobody(three: Engine) -> None:
    with leases.lease(three, BASE), pytest.raises(RestorationError, match=BASE):
        restorations.begin(three, FIRST_NIGHT, actor="operator", reason=WHY)
    assert restorations.under_way(three) is None


def test_a_withdrawn_night_is_none_to_go_back_to(three: Engine) -> None:
    back(three, FIRST_NIGHT)
    with pytest.raises(RestorationError, match="withdrawn"):
        restorations.begin(three, SECOND_NIGHT, actor="operator", reason=WHY)


def test_a_table_that_the_night_did_not_have_holds_nothing_afterwards(three: Engine) -> None:
    new = "base.demo__new"
    derive(three, new, THIRD_NIGHT)
    state = back(three, FIRST_NIGHT)[new]
    assert (state.content, state.accepted_content, state.rows, state.consumed) == (None, None, None, {})


def test_an_emptied_table_is_read_at_what_was_accepted_until_it_is_made_anew(three: Engine) -> None:
    before = table_state(three, BASE)
    assert before is not None
    after = reshaped(three, BASE, version=77, emptied=True)
    assert (after.content, after.rows, after.meaning, after.version) == (None, 0, "", 77)
    assert (after.accepted_content, after.accepted_version) == (before.accepted_content, before.accepted_version)
    assert reshaped(three, CROSSWALK, version=78, emptied=False).accepted_version == 78
