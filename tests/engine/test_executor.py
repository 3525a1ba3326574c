"""Who evaluates: small work this process, everything else and whatever is not proven Spark; the lake is the same."""

import os
import socket
import time
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder

from citylake.ledger.runs.runs import runs
from citylake.night.steps.step import Step
from citylake.settings import Settings
from citylake.spark import local
from citylake.spark.local import NotHereError, local_session
from tests.engine.small_lake import SmallLake, line
from tests.engine.test_incremental_rule import SUM, SUM_CONTRACT, SUM_SELECT

GREATEST = SUM_SELECT.replace("SUM(", "MAX(")

CLEAN = "clean.office__change"
NIGHTS = (
    [line(str(n), GSBH=f"G{n % 3}") for n in range(9)],
    [line("1", CZBZ="U", GSBH="G2", GXSJ="2026-02-05 00:00:00"), line("2", CZBZ="D", GXSJ="2026-02-05 00:00:00")],
    [line("3", JE="不知道"), line("77", MC="　全角Ｂ　"), line("2", GSBH="G9", GXSJ="2026-02-09 08:00:00")],
)


@pytest.fixture
def summed(small: SmallLake) -> SmallLake:
    small.write("topic/money/owner_total.yml", SUM_CONTRACT)
    small.select("topic/money/owner_total.sql", GREATEST)
    return small


def executors(small: SmallLake, table: str) -> list[str]:
    return [run.executor for run in runs(small.lake.ledger, table=table)]


def three_nights(small: SmallLake) -> dict[str, list[dict[str, object]]]:
    """Return what three nights leave in each table, without what says when and by whom."""
    for number, rows in enumerate(NIGHTS, start=1):
        small.day = date(2026, 3, number)
        small.drop(f"change_2026030{number}.csv", rows)
        small.collect(CLEAN)
        small.run(SUM)
    return {table: _rows(small, table) for table in (CLEAN, "raw.office__change", "quarantine.office__change", SUM)}


def _rows(small: SmallLake, table: str) -> list[dict[str, object]]:
    found = QueryBuilder().register("t", DeltaTable(small.lake.location(table))).execute("SELECT * FROM t")
    return sorted(pa.RecordBatchReader.from_stream(found).read_all().to_pylist(), key=repr)


def of_engine(small: SmallLake, engine: str) -> SmallLake:
    return SmallLake(small.settings.model_copy(update={"engine": engine}), small.spark)


def test_small_work_is_done_in_this_process_and_no_server_is_asked(summed: SmallLake) -> None:
    step = Step(summed.day, given=summed.lake)
    alone = SmallLake(summed.settings, step.spark_when_asked)
    three_nights(alone)
    assert not step.asked_for_spark
    assert executors(alone, CLEAN) == ["local"] * 3
    assert executors(alone, SUM) == ["local"] * 3


def test_three_nights_leave_the_same_lake_whoever_evaluates(small: SmallLake, tmp_path: Path) -> None:
    made = {}
    for engine in ("spark", "local"):
        home = tmp_path / engine
        settings = small.settings.model_copy(update={"engine": engine, "home": home})
        one = SmallLake(settings, small.spark)
        (home / "secrets").mkdir(parents=True)
        (home / "secrets/record.key").write_text("11" * 32, "ascii")  # ids follow from it
        one.write("topic/money/owner_total.yml", SUM_CONTRACT)
        one.select("topic/money/owner_total.sql", GREATEST)
        made[engine] = three_nights(one)
        assert executors(one, CLEAN) == [engine] * 3
        assert executors(one, SUM) == [engine] * 3
    assert made["local"] == made["spark"]


def test_what_is_not_proven_is_evaluated_by_spark(summed: SmallLake) -> None:
    summed.select("topic/money/owner_total.sql", SUM_SELECT.replace("SUM(r.amount)", "ROUND(AVG(r.amount), 2)"))
    summed.drop("change_20260301.csv", NIGHTS[0])
    summed.collect(CLEAN)
    assert summed.run(SUM).state == "written"
    assert executors(summed, SUM) == ["spark"]


def test_whatever_fails_in_this_process_is_done_by_spark(summed: SmallLake, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("citylake.spark.local._Proven.on_execute_plan", breaks)
    summed.drop("change_20260301.csv", NIGHTS[0])
    assert summed.collect(CLEAN).outcome == "accepted"
    assert executors(summed, CLEAN) == ["spark"]
    assert len(_rows(summed, CLEAN)) == 9


def test_an_error_after_a_commit_is_no_reason_to_do_it_again(
    summed: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("broken")

    summed.drop("change_20260301.csv", NIGHTS[0])
    summed.collect(CLEAN)
    monkeypatch.setattr("citylake.engine.derived.derive._earliest_recheck", breaks)
    with pytest.raises(RuntimeError, match="broken"):
        summed.run(SUM)
    monkeypatch.undo()
    assert DeltaTable(summed.lake.location(SUM)).version() == 1
    assert summed.run(SUM).state == "unchanged"


def test_nobody_else_reaches_the_engine_of_this_process(settings: Settings) -> None:
    session = local_session(settings)
    assert session.createDataFrame(pa.table({"n": [1, 2, 3]})).count() == 3
    port = int(session.client._builder.endpoint.rpartition(":")[2])  # type: ignore[attr-defined]  # noqa: SLF001
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    assert local_session(settings) is session


def test_an_engine_that_somebody_else_reached_first_is_not_used(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    guests: list[socket.socket] = []

    def shut(port: int) -> None:
        if not guests:
            guests.append(socket.create_connection(("127.0.0.1", port), timeout=5))
            time.sleep(0.5)  # until the server has taken it
        original(port)

    original = local._shut  # noqa: SLF001
    monkeypatch.setattr(local, "_shut", shut)
    monkeypatch.setattr(local, "_running", [])
    with pytest.raises(NotHereError, match="somebody else"):
        local_session(settings)
    for guest in guests:
        while guest.recv(4096):  # what the server greets with, then the end: it let the guest go
            pass
        guest.close()


def test_a_fork_starts_an_engine_of_its_own(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first = local_session(settings)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    try:
        assert local_session(settings) is not first
    finally:
        local._running.clear()  # noqa: SLF001
