"""The Connect server and its sessions, with real processes."""

import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil
import pytest
from pyspark.errors import PySparkException

from citylake.settings import Settings
from citylake.spark import server
from citylake.spark.jars import JARS, JarError, delta_class_path, jars_folder, sha256, wrong_jars
from citylake.spark.server import SERVICE, Tuning, _lake_lock, start_server
from citylake.spark.session import NoServerError, interrupt_session, remote, session
from citylake.supervisor import ServiceError, find

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


def _server_process(lake: Settings) -> psutil.Process:
    port = int(lake.spark_remote.removeprefix("sc://127.0.0.1:").rstrip("/"))
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
