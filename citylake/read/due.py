"""When a delivery is expected, and when its absence is worth a word: from the contracts' ``due`` and the ledger."""

from datetime import date, datetime, time, timedelta

from citylake.lake import Lake
from citylake.ledger.deliveries.deliveries import latest_changes, newest_arrivals

_PERIODS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=31),
    "year": timedelta(days=366),
}


def overdue(lake: Lake, day: date) -> list[str]:
    """Return the resources that are missing on a date, by name: those that never came, and those whose grace is over."""
    return _behind(lake, day, with_grace=True)


def awaited(lake: Lake, day: date) -> list[str]:
    """Return the resources that a date should have brought and did not, by name, whether or not they have grace."""
    return _behind(lake, day, with_grace=False)


def dry(lake: Lake, day: date) -> dict[str, int]:
    """Return the databases and APIs that answer and have changed no row for longer than agreed, with the days since."""
    systems = {item.resource: item for item in lake.catalog.collected if item.source.is_asked}
    found = {}
    for name, newest in latest_changes(lake.ledger, systems, day).items():
        due = systems[name].due
        patience = _length(due.silent) if due.silent else 10 * _PERIODS[due.every]
        if day - newest > max(patience, timedelta(days=1)):
            found[name] = (day - newest).days
    return dict(sorted(found.items()))


def _behind(lake: Lake, day: date, *, with_grace: bool) -> list[str]:
    # A database or API that was asked and had nothing new has delivered.
    systems = [item.resource for item in lake.catalog.collected if item.source.is_asked]
    newest = newest_arrivals(lake.ledger, day, systems)
    found = []
    for item in lake.catalog.collected:
        last = newest.get(item.resource)
        grace = _length(item.due.grace) if with_grace else timedelta()
        if last is None or (_expected(last, item.due.time) + _PERIODS[item.due.every] + grace).date() <= day:
            found.append(item.resource)
    return sorted(found)


def _expected(day: date, at: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(at))


def _length(said: str) -> timedelta:
    number = int(said[:-1])
    return timedelta(days=number) if said[-1] == "d" else timedelta(hours=number)
