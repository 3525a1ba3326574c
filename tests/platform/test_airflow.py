"""A real Airflow of a lake: started, asked over REST, stopped."""

import stat
import time
from collections.abc import Callable, Iterator
from datetime import date

import httpx
import pytest

from citylake.settings import Settings
from jobs.services.airflow import SERVICES, admin_password, airflow_url, start_airflow, stop_airflow
from jobs.services.airflow_rest import AirflowClient, AirflowError, DagRun
from jobs.services.supervisor import ServiceError, find, leftovers

DAG = """
import os, sys
from airflow.sdk import DAG, CronPartitionTimetable, task

with DAG("probe", schedule=CronPartitionTimetable("30 1 * * *", timezone="Asia/Shanghai", key_format="%Y-%m-%d")):

    @task(pool="spark")
    def look(dag_run=None):
        assert dag_run.partition_key == "2026-12-01", dag_run.partition_key
        assert os.environ["CITYLAKE_HOME"].endswith("home")
        assert "pyspark.sql.connect.session" in sys.modules, "tasks are forks of a scheduler that has it imported"

    look()
"""
NIGHT = date(2026, 12, 1)


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
        [look] = client.tasks("probe", triggered.run_id)
        assert (look.task_id, look.state, look.tries) == ("look", "success", 1)
        assert client.import_errors() == {}
        with pytest.raises(AirflowError, match="404"):
            client.trigger("unheard_of", NIGHT)


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
