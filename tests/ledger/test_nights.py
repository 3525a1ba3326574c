import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from citylake.ledger.errors import NightOrderError, UnknownNightError
from citylake.ledger.nights import nights
from citylake.ledger.nights.nights import Entry, Pin, Settled
from tests.ledger.given import FIRST_NIGHT, MARRIAGE, SECOND_NIGHT

VECTOR = {"clean.a__x": Pin(1, 4), "clean.b__y": Pin(7, 9)}
MOVED = {**VECTOR, "clean.a__x": Pin(2, 5)}
ENTRIES = [Entry("base.b", 3, 2, False), Entry("base.a", 1, 1, True)]


def test_what_is_settled_is_found_by_date_and_resource(ledger: Engine) -> None:
    one = Settled(MARRIAGE, "accepted", (1, 2), "")
    other = Settled("civil_affairs.cremation", "unreachable", (), "连不上")
    nights.settle(ledger, "civil_affairs", FIRST_NIGHT, [one, other])
    assert nights.settlements(ledger, FIRST_NIGHT) == {MARRIAGE: one, "civil_affairs.cremation": other}
    assert nights.settlements(ledger, SECOND_NIGHT) == {}


@pytest.mark.parametrize(
    ("first", "later", "kept"),
    [
        ("nothing", "accepted", "accepted"),
        ("unreachable", "accepted", "accepted"),
        ("accepted", "nothing", "accepted"),
        ("accepted", "unchanged", "accepted"),
        ("accepted", "unreachable", "accepted"),
        ("accepted", "refused", "refused"),
        ("refused", "nothing", "refused"),
        ("refused", "unchanged", "unchanged"),
        ("refused", "accepted", "accepted"),
        ("unreachable", "nothing", "nothing"),
    ],
)
def test_a_collection_run_again_does_not_wipe_out_what_the_first_one_brought(
    ledger: Engine, first: nights.SettledOutcome, later: nights.SettledOutcome, kept: str
) -> None:
    nights.settle(ledger, "civil_affairs", FIRST_NIGHT, [Settled(MARRIAGE, first, (2,), "first")])
    nights.settle(ledger, "civil_affairs", FIRST_NIGHT, [Settled(MARRIAGE, later, (1,), "later")])
    found = nights.settlements(ledger, FIRST_NIGHT)[MARRIAGE]
    assert (found.outcome, found.delivery_ids) == (kept, (1, 2))
    assert found.reason == ("later" if kept == later else "first")


def test_the_same_vector_again_is_the_same_night(ledger: Engine) -> None:
    first = nights.ready(ledger, FIRST_NIGHT, VECTOR, ["z", "y"])
    assert (first.number, first.vector, first.missing, first.published) == (1, VECTOR, ("y", "z"), False)
    assert nights.ready(ledger, FIRST_NIGHT, VECTOR, ["y", "z"]) == first
    assert nights.night(ledger, FIRST_NIGHT) == first


def test_another_version_of_the_same_contents_is_the_same_night(ledger: Engine) -> None:
    first = nights.ready(ledger, FIRST_NIGHT, VECTOR, [])
    optimized = {table: Pin(pin.content, pin.version + 1) for table, pin in VECTOR.items()}
    assert nights.ready(ledger, FIRST_NIGHT, optimized, []) == first


def test_what_is_missing_is_brought_up_to_date(ledger: Engine) -> None:
    nights.ready(ledger, FIRST_NIGHT, VECTOR, ["y", "z"])
    again = nights.ready(ledger, FIRST_NIGHT, VECTOR, ["z"])
    assert (again.number, again.missing) == (1, ("z",))


def test_a_moved_vector_is_another_night_of_the_date(ledger: Engine) -> None:
    nights.ready(ledger, FIRST_NIGHT, VECTOR, [])
    second = nights.ready(ledger, FIRST_NIGHT, MOVED, [])
    assert (second.number, second.vector) == (2, MOVED)
    assert nights.night(ledger, FIRST_NIGHT) == second
    assert nights.ready(ledger, SECOND_NIGHT, MOVED, []).number == 1


def test_a_date_never_made_ready_has_no_night(ledger: Engine) -> None:
    assert nights.night(ledger, FIRST_NIGHT) is None
    with pytest.raises(UnknownNightError, match="ready first"):
        nights.publish(ledger, FIRST_NIGHT, ENTRIES)
    assert nights.publication(ledger) is None


def test_a_published_date_keeps_its_night(ledger: Engine) -> None:
    nights.ready(ledger, FIRST_NIGHT, VECTOR, [])
    nights.publish(ledger, FIRST_NIGHT, ENTRIES)
    again = nights.ready(ledger, FIRST_NIGHT, MOVED, ["z"])
    assert (again.number, again.vector, again.missing, again.published) == (1, VECTOR, (), True)
    assert nights.night(ledger, FIRST_NIGHT) == again


def test_a_publication_names_every_table_with_version_and_content(ledger: Engine) -> None:
    nights.ready(ledger, FIRST_NIGHT, VECTOR, [])
    published = nights.publish(ledger, FIRST_NIGHT, ENTRIES)
    assert published.entries == (ENTRIES[1], ENTRIES[0])
    assert (published.business_date, published.number) == (FIRST_NIGHT, 1)
    assert published.entry("base.a") == ENTRIES[1]
    assert published.entry("base.c") is None
    assert nights.publication(ledger, FIRST_NIGHT) == published
    assert nights.publication(ledger) == published
    assert nights.publication(ledger, SECOND_NIGHT) is None


def test_publishing_a_published_night_again_changes_nothing(ledger: Engine) -> None:
    nights.ready(ledger, FIRST_NIGHT, VECTOR, [])
    first = nights.publish(ledger, FIRST_NIGHT, ENTRIES)
    assert nights.publish(ledger, FIRST_NIGHT, [Entry("base.a", 99, 99, False)]) == first
    assert nights.publish(ledger, FIRST_NIGHT, [], number=1) == first
    with pytest.raises(NightOrderError, match="comes too late"):
        nights.publish(ledger, FIRST_NIGHT, ENTRIES, number=2)


def test_a_night_is_published_with_the_vector_it_worked_on(ledger: Engine) -> None:
    nights.ready(ledger, FIRST_NIGHT, VECTOR, [])
    nights.ready(ledger, FIRST_NIGHT, MOVED, [])
    assert nights.publish(ledger, FIRST_NIGHT, ENTRIES, number=1).number == 1
    found = nights.night(ledger, FIRST_NIGHT)
    assert found is not None
    assert (found.number, found.vector, found.published) == (1, VECTOR, True)


def test_nights_only_go_forward(ledger: Engine) -> None:
    nights.ready(ledger, FIRST_NIGHT, VECTOR, [])
    nights.ready(ledger, SECOND_NIGHT, VECTOR, [])
    assert nights.newest_published(ledger) is None
    nights.publish(ledger, SECOND_NIGHT, ENTRIES)
    with pytest.raises(NightOrderError, match="the next night after"):
        nights.publish(ledger, FIRST_NIGHT, ENTRIES)
    with pytest.raises(NightOrderError):
        nights.ready(ledger, FIRST_NIGHT, MOVED, [])
    assert nights.newest_published(ledger) == SECOND_NIGHT
    assert nights.publication(ledger, FIRST_NIGHT) is None


def test_publications_are_listed_newest_first(ledger: Engine) -> None:
    for day in (FIRST_NIGHT, SECOND_NIGHT):
        nights.ready(ledger, day, VECTOR, [])
        nights.publish(ledger, day, ENTRIES)
    assert [one.business_date for one in nights.publications(ledger)] == [SECOND_NIGHT, FIRST_NIGHT]
    assert [one.business_date for one in nights.publications(ledger, limit=1)] == [SECOND_NIGHT]


def test_a_publication_that_fails_half_way_leaves_nothing(ledger: Engine) -> None:
    nights.ready(ledger, FIRST_NIGHT, VECTOR, [])
    with pytest.raises(IntegrityError):
        nights.publish(ledger, FIRST_NIGHT, [ENTRIES[0], ENTRIES[0]])
    assert nights.publication(ledger) is None
    assert nights.newest_published(ledger) is None
