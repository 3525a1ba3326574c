"""One business date through Airflow: collections triggered, then the cut-off, then the wait for the publication.

It keeps nothing of its own: all it asks for is first looked up in the ledger and in Airflow, so that a second call
after Ctrl-C goes on where the first one was.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from citylake.lake import Lake
from citylake.ledger.nights.nights import newest_published, settlements
from citylake.night.steps.publish import is_closed
from citylake.services.airflow_rest import AirflowClient, DagRun, TaskInstance

CUTOFF = "cutoff"
LIBRARIES = "libraries"
POLL_SECONDS = 0.7
ASK_SECONDS = 5.0
"""Airflow is asked less often than the ledger: on a small machine its answers cost what the night needs."""
READ_SECONDS = 90.0
"""Airflow has read the DAG files after a few seconds, on a busy machine later."""

Runs = Mapping[str, Sequence[DagRun]]
"""Runs of a date by DAG, newest first."""


class NightError(RuntimeError):
    """The night does not come to an end; the message says where it stands and where to look."""


@dataclass(frozen=True)
class Progress:
    """Where a night stands: departments settled, and the tasks of ``libraries`` once it has started."""

    settled: frozenset[str]
    departments: tuple[str, ...]
    tasks: tuple[TaskInstance, ...]
    published: bool


def next_date(lake: Lake) -> date:
    """Return the date whose night is next: the day after the newest publication; the first is today."""
    newest = newest_published(lake.ledger)
    return newest + timedelta(days=1) if newest else datetime.now(ZoneInfo(lake.settings.timezone)).date()


def conduct(lake: Lake, client: AirflowClient, day: date, *, limit: timedelta) -> Iterator[Progress]:
    """Bring a date to its publication, saying where it stands every now and then.

    Args:
        lake: the lake.
        client: Airflow.
        day: business date.
        limit: how long to wait in all.

    Raises:
        NightError: Airflow does not know the DAGs, a run ended without publication, or the time is over.
    """
    departments = tuple(sorted({item.domain for item in lake.catalog.collected}))
    if is_closed(lake, day):
        yield Progress(frozenset(departments), departments, (), published=True)
        return
    _wait_for_dags(client, [*(f"collect_{name}" for name in departments), CUTOFF, LIBRARIES])
    runs = client.runs_of(day)
    for name in sorted(set(departments) - _settled(lake, day)):
        _trigger_once(client, f"collect_{name}", day, runs)
    for run in _given_up(runs):
        client.clear(LIBRARIES, run.run_id)
    end = time.monotonic() + limit.total_seconds()
    cut_off, asked = False, 0.0
    tasks: tuple[TaskInstance, ...] = ()
    while time.monotonic() < end:
        settled, published = _settled(lake, day), is_closed(lake, day)
        all_in = not cut_off and settled >= set(departments)
        if published or all_in or time.monotonic() - asked > ASK_SECONDS:
            asked, runs = time.monotonic(), client.runs_of(day)
            cut_off = cut_off or _cut_off(client, departments, settled, day, runs)
            tasks = _library_tasks(client, runs) if cut_off else ()
            _check_alive(lake, client, day, runs)
        yield Progress(frozenset(settled), departments, tasks, published)
        if published:
            return
        time.sleep(POLL_SECONDS)
    raise NightError(f"{day} 在 {limit} 内没有发布；它仍在继续，可再次运行本命令查看，或在 Airflow 里看哪一步没有完成")


def _settled(lake: Lake, day: date) -> set[str]:
    """Return the departments all of whose resources are settled for a date."""
    known = settlements(lake.ledger, day)
    open_still = {item.domain for item in lake.catalog.collected if item.resource not in known}
    return {item.domain for item in lake.catalog.collected} - open_still


def _wait_for_dags(client: AirflowClient, wanted: list[str]) -> None:
    end = time.monotonic() + READ_SECONDS
    while missing := sorted(set(wanted) - set(client.dags())):
        if errors := client.import_errors():
            said = "；".join(f"{file}: {text}" for file, text in errors.items())
            raise NightError(f"Airflow 读不了 DAG 文件：{said}")
        if time.monotonic() > end:
            raise NightError(f"Airflow 还不认识 {', '.join(missing)}：看 logs/airflow-dags.log")
        time.sleep(POLL_SECONDS)


def _trigger_once(client: AirflowClient, dag: str, day: date, known: Runs, *, again: bool = True) -> None:
    """Trigger a DAG for a date unless a run of it is under way, or (``again=False``) has been."""
    runs = known.get(dag, [])
    if not runs or (again and all(run.finished for run in runs)):
        client.trigger(dag, day)


def _cut_off(client: AirflowClient, departments: tuple[str, ...], settled: set[str], day: date, runs: Runs) -> bool:
    """Trigger the cut-off once nobody is waited for any longer; return whether that is so."""
    over = settled >= set(departments) or _collections_over(departments, settled, runs)
    if over:
        _trigger_once(client, CUTOFF, day, runs, again=LIBRARIES not in runs)
    return over


def _collections_over(departments: tuple[str, ...], settled: set[str], runs: Runs) -> bool:
    """Return whether no collection is under way any more: whoever has not settled by now will not."""
    return all(run.finished for name in departments if name not in settled for run in runs.get(f"collect_{name}", []))


def _library_tasks(client: AirflowClient, runs: Runs) -> tuple[TaskInstance, ...]:
    found = runs.get(LIBRARIES, [])
    return tuple(client.tasks(LIBRARIES, found[0].run_id)) if found else ()


def _given_up(runs: Runs) -> list[DagRun]:
    """Return the last run of ``libraries`` if it has ended; asked only while the date is not published."""
    found = runs.get(LIBRARIES, [])
    return list(found[:1]) if all(run.finished for run in found) else []


def _check_alive(lake: Lake, client: AirflowClient, day: date, runs: Runs) -> None:
    """Raise when nothing goes on any more and nothing was published."""
    for run in _given_up(runs):
        if is_closed(lake, day):
            return
        tasks = client.tasks(LIBRARIES, run.run_id)
        failed = ", ".join(task.task_id for task in tasks if task.state == "failed" and task.task_id != "watch")
        raise NightError(f"{day} 没有发布：任务 {failed} 失败。看它在 Airflow 里的日志，修好后再运行一次本命令")
