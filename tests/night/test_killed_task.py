"""A task that dies while its query runs, on the real scheduler and the real Connect server."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import psutil
import pytest

from citylake.services.airflow_rest import AirflowClient, DagRun
from citylake.services.lake import down, up
from citylake.settings import Settings
from citylake.supervisor import find

DAY = date(2026, 11, 22)
WAIT_SECONDS = 150.0
SAMPLE_SECONDS = 3.0
DAG_FILE = """
from datetime import timedelta
from airflow.sdk import DAG, PartitionedAtRuntime
from citylake_airflow.operators import LakeJob

with DAG("slow", schedule=PartitionedAtRuntime(), is_paused_upon_creation=False):
    LakeJob(
        task_id="count",
        call="tests.night.slow_query:count_for_ever",
        arguments={"folder": "FOLDER"},
        pool="spark",
        retries=1,
        retry_delay=timedelta(seconds=1),
        execution_timeout=timedelta(minutes=5),
    )
"""


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "slow.py").write_text(DAG_FILE.replace("FOLDER", str(tmp_path)), "utf-8")
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(dags))
    monkeypatch.setenv("CITYLAKE_SPARK_SHORT_LIVED", "1")
    settings = Settings(home=tmp_path / "home", lake="", landing="", ledger="", spark_remote="", spark_memory="1g")
    try:
        up(settings)
        yield settings
    finally:
        down(settings)


def wait_for(what: Callable[[], bool], message: str) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not what():
        assert time.monotonic() < end, message
        time.sleep(0.3)


def busy(server: psutil.Process) -> float:
    """Share of one core the server used over a few seconds."""
    before = sum(server.cpu_times()[:2])
    time.sleep(SAMPLE_SECONDS)
    return float(sum(server.cpu_times()[:2]) - before) / SAMPLE_SECONDS


def finished(client: AirflowClient, run: DagRun) -> bool:
    return any(one.finished for one in client.runs("slow", DAY) if one.run_id == run.run_id)


@pytest.mark.slow
def test_a_task_killed_while_its_query_runs_leaves_no_query_running_after_its_retry(
    running: Settings, tmp_path: Path
) -> None:
    record = find(running, "spark")
    assert record is not None
    server, mark = psutil.Process(record.pid), tmp_path / "pid"
    with AirflowClient(running) as client:
        wait_for(lambda: "slow" in client.dags(), "Airflow did not read the DAG")
        run = client.trigger("slow", DAY)
        wait_for(mark.exists, "the task did not start")
        wait_for(lambda: busy(server) > 0.3, "the query did not start")
        os.kill(int(mark.read_text("ascii")), signal.SIGKILL)
        ghost = busy(server)
        wait_for(lambda: finished(client, run), "the run did not end")
        task = client.tasks("slow", run.run_id)[0]
    assert ghost > 0.3, "without a ghost this test shows nothing"
    assert (task.state, task.tries) == ("success", 2)
    # A ghost never ends; what the server does besides, on a busy machine, does.
    wait_for(lambda: busy(server) < ghost / 4, "the query goes on")
