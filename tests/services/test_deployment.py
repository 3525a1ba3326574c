"""Services, DAGs and settings agree on the city's time."""

import pytest

from citylake.deployment import TIMEZONE, timezone
from citylake.settings import Settings


def test_schedules_and_settings_follow_the_same_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CITYLAKE_TIMEZONE", raising=False)
    assert timezone() == Settings().timezone == TIMEZONE
    monkeypatch.setenv("CITYLAKE_TIMEZONE", "Asia/Urumqi")
    assert timezone() == Settings().timezone == "Asia/Urumqi"
