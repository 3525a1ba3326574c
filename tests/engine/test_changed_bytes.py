"""Landed bytes that somebody changed stop a replay; nothing is made of them."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from citylake.ledger.deliveries.deliveries import latest_accepted
from citylake.sources.landing import ChangedBytesError
from citylake.spelling import resource_of
from tests.engine.small_lake import SmallLake, line

TABLE = "clean.office__event"


def test_a_replay_from_changed_bytes_is_refused_and_the_table_stays(small: SmallLake) -> None:
    small.drop("event_20260301.csv", [line("1"), line("2")])
    small.collect(TABLE)
    delivery = latest_accepted(small.lake.ledger, resource_of(TABLE))
    assert delivery is not None
    assert delivery.landing is not None
    landed = Path(urlsplit(delivery.landing).path)
    landed.chmod(0o600)
    landed.write_bytes(landed.read_bytes().replace(b"10.00", b"99.00"))
    with pytest.raises(ChangedBytesError, match="backup"):
        small.collect(TABLE, rebuild=True)
    assert small.rows(TABLE, "CAST(amount AS DOUBLE)") == [(10.0,), (10.0,)]
