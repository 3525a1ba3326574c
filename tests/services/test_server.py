"""The Connect server and its sessions, with real processes."""

import os
import shutil
import stat
import subprocess
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from citylake.services.closed import open_to_others
from citylake.settings import Settings
from citylake.spark import server
from citylake.spark.jars import JARS, JarError, delta_class_path, jars_folder, sha256, wrong_jars
from citylake.spark.server import SERVICE, TOKEN, Tuning, _lake_lock, start_server
from citylake.spark.session import NoServerError, interrupt_session, remote, session
from citylake.supervisor import ServiceError, find, write_private

_SLOW_QUERY = "SELECT sum(hash(id)) FROM range(1000000000000)"


def test_the_seven_jars_are_the_pinned_ones() -> None:
    assert wrong_jars(jars_folder()) == {}
    assert [path.name for path in delta_class_path()] == [jar.file for jar in JARS]


def test_a_changed_and_a_missing_jar_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYLAKE_JARS", str(tmp_path))
    for jar in JARS[1:]:
        (tmp_path / jar.file).write_bytes(b"another build")
    wrong = wrong_jars(tmp_path)
    assert wrong[JARS[0].file] == "missing"
    assert wrong[JARS[1].file] == f"sha256 {sha256(tmp_path / JARS[1].file)}"
    with pytest.raises(JarError, match=JARS[0].file):
        delta_class_path()


def test_a_server_is_not_started_with_a_jar_that_somebody_has_changed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for jar in JARS:
        shutil.copy(jars_folder() / jar.file, tmp_path)
    with (tmp_path / JARS[2].file).open("ab") as changed:
        changed.write(b"\0")
    monkeypatch.setenv("CITYLAKE_JARS", str(tmp_path))
    with pytest.raises(ServiceError, match=f"{JARS[2].file}: sha256"):
        start_server(settings)
    assert find(settings, SERVICE) is None


def test_without_a_server_the_error_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(NoServerError, match="citylake up"):
        remote(settings)


def test_a_session_is_plain_connect_with_the_lakes_settings(lake: Settings) -> None:
    with session(lake) as spark:
        assert type(spark).__module__ == "pyspark.sql.connect.session"
        assert spark.conf.get("spark.sql.session.timeZone") == "Asia/Shanghai"
        assert spark.sql("SELECT decode(X'D6DCC6BD', 'GB18030')").collect()[0][0] == "周平"


def test_two_sessions_do_not_see_each_others_views(lake: Settings) -> None:
    with session(lake) as one, session(lake) as other:
        one.range(3).createOrReplaceTempView("mine")
        assert one.table("mine").count() == 3
        assert not other.catalog.tableExists("mine")


def test_a_table_lies_in_the_lake_and_the_next_test_finds_an_empty_catalog(lake: Settings) -> None:
    with session(lake) as spark:
        assert [row[0] for row in spark.sql("SHOW DATABASES").collect()] == ["default"]
        spark.sql(f"CREATE DATABASE clean LOCATION '{lake.lake_uri}/clean'")
        spark.sql("CREATE TABLE clean.a__b (k BIGINT) USING delta")
        spark.range(5).toDF("k").write.format("delta").mode("append").saveAsTable("clean.a__b")
        assert spark.table("clean.a__b").count() == 5
    assert (lake.home / "lake" / "clean" / "a__b" / "_delta_log").is_dir()


def test_the_query_of_a_killed_client_ends_when_its_session_is_interrupted(lake: Settings) -> None:
    session_id = str(uuid.uuid4())
    client = (
        "import sys; from citylake.settings import Settings; from citylake.spark.session import open_session\n"
        "spark = open_session(Settings(home=sys.argv[1], spark_remote=sys.argv[2]), session_id=sys.argv[3])\n"
        "frame = spark.sql(sys.argv[4]); print('asking', flush=True); frame.collect()"
    )
    arguments = [str(lake.home), lake.spark_remote, session_id, _SLOW_QUERY]
    process = subprocess.Popen([sys.executable, "-c", client, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "asking\n"
    server = _server_process(lake)
    assert _spends(server, 2.0, within=120), "the query should be running"
    process.kill()
    process.wait()
    process.stdout.close()
    assert _spends(server, 2.0, within=120), "the orphan should still be running"
    assert len(interrupt_session(lake, session_id)) == 1
    assert interrupt_session(lake, session_id) == []
    end = time.monotonic() + 60
    while _spends(server, 0.3, within=2):
        assert time.monotonic() < end, "the orphan does not end"
    with pytest.raises(PySparkException, match="SESSION_CLOSED"), session(lake, session_id=session_id) as spark:
        spark.sql("SELECT 1").collect()


def test_a_lake_that_is_served_refuses_a_second_server(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LAST_BREATH", 0.2)
    twin = Settings(home=tmp_path / "twin", lake=settings.lake_uri, spark_remote="")
    with _lake_lock(settings), pytest.raises(ServiceError, match="already serves this lake"):
        start_server(twin, Tuning(short_lived=True))
    assert find(twin, SERVICE) is None


@pytest.mark.parametrize("token", [None, "guessed", ""])
def test_a_client_without_the_token_is_refused(lake: Settings, token: str | None) -> None:
    bare = lake.spark_remote.partition("/;")[0]
    address = bare if token is None else f"{bare}/;token={token}"
    client = SparkSession.builder.remote(address).create()
    with pytest.raises(PySparkException, match="UNAUTHENTICATED"):
        client.sql("SELECT 1").collect()
    client.stop()


def test_a_plain_client_of_the_owner_gets_in_with_the_token_from_its_file(settings: Settings, lake: Settings) -> None:
    address, _, token = lake.spark_remote.partition("/;token=")
    write_private(settings.secrets / TOKEN, token)
    told = settings.model_copy(update={"spark_remote": address, "spark_token_file": str(settings.secrets / TOKEN)})
    assert remote(told) == lake.spark_remote
    client = SparkSession.builder.remote(f"{address}/;token={(settings.secrets / TOKEN).read_text()}").create()
    assert client.sql("SELECT 1").collect()[0][0] == 1
    client.stop()
    (settings.secrets / TOKEN).unlink()
    with pytest.raises(NoServerError, match=TOKEN):
        remote(told)


def test_the_server_gives_away_neither_its_token_nor_anything_of_the_environment(lake: Settings) -> None:
    process, token = _server_process(lake), lake.spark_remote.partition("/;token=")[2]
    assert len(token) >= 32
    told = process.environ()
    assert told.keys() <= {"PATH", "HOME", "LANG", "TMPDIR", "TZ", "SPARK_LOCAL_IP", "CITYLAKE_SUPERVISED_HOME"} | {
        name for name in told if name.startswith("LC_")
    }
    assert not [part for part in [*process.cmdline(), *told.values()] if token in part]
    home = Path(told["CITYLAKE_SUPERVISED_HOME"])
    holders = [path for path in home.rglob("*") if path.is_file() and token in path.read_text("utf-8", errors="ignore")]
    assert {path.parent.name for path in holders} == {"secrets"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in holders} == {0o600}
    assert list(open_to_others(Settings(home=home, lake="", landing=""))) == []


def test_the_server_listens_on_this_machine_only_and_shows_no_pages(lake: Settings) -> None:
    ports = {one.laddr for one in _server_process(lake).net_connections("tcp") if one.status == psutil.CONN_LISTEN}
    assert {port.ip.removeprefix("::ffff:") for port in ports} == {"127.0.0.1"}
    for port in ports:
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port.port}/jobs/", timeout=5.0, trust_env=False)
    with session(lake) as spark:
        assert spark.conf.get("spark.authenticate") == "true", "its other ports would take anybody"


def _server_process(lake: Settings) -> psutil.Process:
    port = urlsplit(lake.spark_remote).port
    for process in psutil.process_iter():
        if process.uids().real == os.getuid() and process.name() == "java" and str(port) in " ".join(process.cmdline()):
            return process
    raise AssertionError("no server process")


def _spends(process: psutil.Process, seconds: float, within: float) -> bool:
    """Whether a process uses this much processor time within a stretch of time.

    The machine may be busy with other things.
    """

    def spent() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    began, end = spent(), time.monotonic() + within
    while time.monotonic() < end:
        if spent() - began >= seconds:
            return True
        time.sleep(0.1)
    return False
