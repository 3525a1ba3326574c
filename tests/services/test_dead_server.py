"""A call to a Spark server that is gone is given up in time for the task to be run again."""

import socket
import time

import pytest
from pyspark.errors import PySparkException

from citylake.settings import Settings
from citylake.spark import session


def test_a_call_to_a_dead_server_ends_when_the_pauses_are_over(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        monkeypatch.setattr(session, "RETRIES", 2)
        monkeypatch.setattr(session, "LONGEST_PAUSE", 10)
        dead = settings.model_copy(update={"spark_remote": f"sc://127.0.0.1:{taken.getsockname()[1]}"})
        began = time.monotonic()
        with pytest.warns(UserWarning, match="RETRIES_EXCEEDED"), pytest.raises(PySparkException):
            session.open_session(dead)
        assert time.monotonic() - began < 20
