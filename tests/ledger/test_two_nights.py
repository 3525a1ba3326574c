"""Two nights of one date begun at the same moment by two processes: one vector, one publication, no duplicate."""

from datetime import timedelta

from sqlalchemy import Engine

from citylake.ledger.nights import nights
from citylake.ledger.nights.nights import publication, settlements
from tests.ledger.conftest import Elsewhere
from tests.ledger.given import FIRST_NIGHT, MARRIAGE


def test_both_come_to_the_same_night_and_one_publication(ledger: Engine, elsewhere: Elsewhere) -> None:
    both = [elsewhere.does("begin_night", FIRST_NIGHT) for _ in range(2)]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == "waiting\n"
    said = [one.communicate("go\n", timeout=120)[0].split() for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert [number for number, _ in said] == ["1", "1"], "the same contents are the same night"
    assert len({moment for _, moment in said}) == 1, "whoever came second was given the publication of the first"
    made = publication(ledger)
    assert made is not None
    assert [entry.table for entry in made.entries] == ["base.a", "base.b"]
    assert nights.newest_published(ledger) == FIRST_NIGHT
    assert settlements(ledger, FIRST_NIGHT)[MARRIAGE].outcome == "accepted"


def test_one_that_comes_when_the_next_date_is_published_cannot_turn_it_back(
    ledger: Engine, elsewhere: Elsewhere
) -> None:
    late = elsewhere.does("begin_night", FIRST_NIGHT - timedelta(weeks=3))
    assert late.stdout is not None
    assert late.stdout.readline() == "waiting\n"
    nights.ready(ledger, FIRST_NIGHT, {}, [])
    before = nights.publish(ledger, FIRST_NIGHT, [])
    late.communicate("go\n", timeout=120)
    assert late.returncode == 3, "NightOrderError"
    assert nights.publications(ledger) == [before]
