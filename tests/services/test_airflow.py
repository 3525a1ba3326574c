"""A real Airflow of a lake: started, asked over REST, stopped."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from citylake.services.airflow import SERVICES, admin_password, airflow_url, log_folder, start_airflow, stop_airflow
from citylake.services.airflow_history import forget
from citylake.services.airflow_rest import AirflowClient, AirflowError, DagRun
from citylake.services.closed import open_to_others
from citylake.settings import Settings
from citylake.supervisor import ServiceError, find, leftovers

DAG = """
import os, sys
from airflow.sdk import DAG, CronPartitionTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

with DAG("probe", schedule=CronPartitionTimetable("30 1 * * *", timezone="Asia/Shanghai", key_format="%Y-%m-%d")):

    @task(pool="spark")
    def look(dag_run=None):
        assert dag_run.partition_key == "2026-12-01", dag_run.partition_key
        assert os.environ["CITYLAKE_HOME"].endswith("home")
        for name in ("pyspark.sql.connect.session", "great_expectations", "citylake.night.judging.layer", "citylake.engine.run.run"):
            assert name in sys.modules, name + ": tasks are forks of a scheduler that has it imported"

    @task
    def leave_out():
        raise AirflowSkipException

    look() >> leave_out()
"""
NIGHT = date(2026, 12, 1)
HEARTBEAT_SECONDS = 10.0


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("airflow")
    (folder / "dags").mkdir()
    (folder / "dags" / "probe.py").write_text(DAG, "utf-8")
    settings = Settings(home=folder / "home", project=folder, lake="", landing="", ledger="", spark_remote="")
    try:
        start_airflow(settings)
        yield settings
    finally:
        stop_airflow(settings)
        assert leftovers(settings) == []


def test_all_of_airflow_is_healthy_and_a_second_start_changes_nothing(installation: Settings) -> None:
    with AirflowClient(installation) as client:
        health = client.health()
    assert {health[name] for name in ("metadatabase", "scheduler", "dag_processor")} == {"healthy"}
    before = [find(installation, name) for name in SERVICES]
    assert None not in before
    start_airflow(installation)
    assert [find(installation, name) for name in SERVICES] == before


def test_a_run_for_a_business_date_reaches_its_tasks(installation: Settings) -> None:
    with AirflowClient(installation) as client:
        _until(lambda: "probe" in client.dags())
        triggered = client.trigger("probe", NIGHT)
        assert triggered.partition_key == "2026-12-01"
        _until(lambda: _run(client).finished)
        assert _run(client).state == "success"
        tasks = {one.task_id: one for one in client.tasks("probe", triggered.run_id)}
        assert (tasks["look"].state, tasks["look"].tries) == ("success", 1)
        assert tasks["leave_out"].state == "skipped"
        left = tasks["leave_out"].seconds
        assert left is not None
        assert left < HEARTBEAT_SECONDS, "the end of a task was not noticed before its next heartbeat"
        assert [run.run_id for run in client.runs_of(NIGHT)["probe"]] == [triggered.run_id]
        assert client.runs_of(NIGHT - timedelta(days=1)) == {}
        assert client.import_errors() == {}
        with pytest.raises(AirflowError, match="404"):
            client.trigger("unheard_of", NIGHT)
    assert list(log_folder(installation).glob("dag_id=probe/*/*/*.log"))
    assert set(open_to_others(installation)) <= {installation.home.resolve()}, "made before any command closed it"


def test_nobody_gets_in_without_the_generated_password(installation: Settings) -> None:
    url = airflow_url(installation)
    assert httpx.get(f"{url}/api/v2/dags").status_code == 401
    assert "swagger" not in httpx.get(f"{url}/docs").text.lower()
    for guess in ("admin", "airflow", ""):
        answer = httpx.post(f"{url}/auth/token", json={"username": "admin", "password": guess})
        assert answer.status_code in {400, 401, 422}
    assert len(admin_password(installation)) >= 20
    assert len((installation.secrets / "airflow_jwt_secret").read_text()) >= 64
    modes = {stat.S_IMODE(path.stat().st_mode) for path in installation.secrets.iterdir()}
    assert modes == {0o600}


def test_runs_and_their_logs_are_forgotten_after_a_time_and_younger_logs_stay(installation: Settings) -> None:
    logs = log_folder(installation)
    with AirflowClient(installation) as client:
        assert list(logs.glob("dag_id=probe/*/*/*.log")), "the run of the test before left its log"
        young = logs / "dag_id=other" / "attempt=1.log"
        young.parent.mkdir()
        young.write_text("x", "utf-8")
        later = datetime.now(UTC) + timedelta(days=1)
        os.utime(young, (later.timestamp() + 1, later.timestamp() + 1))
        done = forget(installation, later)
        assert client.runs_of(NIGHT) == {}
    assert done.files >= 2
    assert not (logs / "dag_id=probe").exists()
    assert young.exists()


def test_without_airflow_the_client_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(ServiceError, match="citylake up"):
        AirflowClient(settings)


def _run(client: AirflowClient) -> DagRun:
    return client.runs("probe", NIGHT)[0]


def _until(done: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.3)
