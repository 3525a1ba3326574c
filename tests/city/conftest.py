from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from city.delivery.deliver import deliver
from citylake.settings import Settings

START = date(2026, 11, 22)


@pytest.fixture(scope="session")
def start() -> date:
    return START


@pytest.fixture(scope="session")
def make_city(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Settings]:
    """Deliver the first ``days`` business dates of a city of ``people`` into a home of its own."""

    def make(people: int, days: int, seed: int = 3707) -> Settings:
        settings = Settings(home=tmp_path_factory.mktemp("home"), people=people, seed=seed)
        for day in range(days):
            deliver(settings, START + timedelta(days=day))
        return settings

    return make


@pytest.fixture(scope="session")
def ten_days(make_city: Callable[..., Settings]) -> Settings:
    """A city of a thousand people after eleven business dates, from which nobody has taken a file yet."""
    return make_city(1000, 11)


@pytest.fixture(scope="session")
def larger(make_city: Callable[..., Settings]) -> Settings:
    """A city of twelve thousand people after two business dates."""
    return make_city(12_000, 2)


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
