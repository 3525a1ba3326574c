"""A night without Airflow: the functions that its tasks call, in the order of the DAGs, each in a process of its own."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from citylake.settings import Settings
from citylake_airflow.compiled import Compiled, read_compiled
from citylake_airflow.plan import (
    DagPlan,
    TaskPlan,
    collect_plans,
    cutoff_plan,
    libraries_plan,
    maintenance_plan,
    ready_plan,
)
from tests.kill import moments

COLLECTED, CUTOFF, READY = "night.collected", "cutoff", "night.ready"
FAILED = 1


@dataclass(frozen=True)
class Task:
    """A task of a DAG, with the place of its report and of its Spark session's id."""

    dag: str
    plan: TaskPlan
    folder: Path

    @property
    def name(self) -> str:
        """``dag.task``."""
        return f"{self.dag}.{self.plan.id}"

    @property
    def report(self) -> Path:
        """File of what the task reported."""
        return self.folder / f"{self.name}.json"

    @property
    def session(self) -> Path:
        """File with the id of the Spark session of its last try."""
        return self.folder / f"{self.name}.session"


def run_night(chosen: Settings, day: date, after: Callable[[str], None] | None = None) -> int:
    """Bring a date to its publication; what is settled is not collected again.

    Args:
        chosen: the installation.
        day: the night.
        after: called with the name of every task that has ended.

    Returns:
        0; the number of the signal, negative, that ended a task; 1 when a task broke. The night stops there.
    """
    from citylake.lake import open_lake
    from citylake.ledger.nights.nights import settlements

    compiled = read_compiled(chosen.home)
    lake = open_lake(chosen)
    known = settlements(lake.ledger, day)
    lake.ledger.dispose()
    for plan in [*uncollected(compiled, known), *_rest(compiled)]:
        if status := _run_dag(chosen, day, plan, after):
            return status
    return 0


def uncollected(compiled: Compiled, settled: Container[str]) -> list[DagPlan]:
    """Return the collections that have a resource which is not settled."""
    return [
        plan
        for plan in collect_plans(compiled, COLLECTED)
        if any("resource" in task.arguments and task.arguments["resource"] not in settled for task in plan.tasks)
    ]


def run_maintenance(chosen: Settings, day: date) -> int:
    """Run the daily maintenance; see :func:`run_night`."""
    return _run_dag(chosen, day, maintenance_plan(""))


def _rest(compiled: Compiled) -> list[DagPlan]:
    return [cutoff_plan("", CUTOFF), ready_plan(COLLECTED, CUTOFF, READY), libraries_plan(compiled, READY)]


def _ordered(plan: DagPlan) -> Iterator[TaskPlan]:
    """Yield the tasks that do something, each after what it waits for."""
    done: set[str] = set()
    waiting = [task for task in plan.tasks if task.call]
    while waiting:
        able = next(task for task in waiting if set(task.after) <= done)
        waiting.remove(able)
        done.add(able.id)
        yield able


def _run_dag(chosen: Settings, day: date, plan: DagPlan, after: Callable[[str], None] | None = None) -> int:
    folder = chosen.home / moments.FOLDER / "tasks" / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    left_out: set[str] = set()
    for task in (Task(plan.id, item, folder) for item in _ordered(plan)):
        task.report.unlink(missing_ok=True)
        if task.plan.id in left_out:
            continue
        if status := _in_child(chosen, day, task):
            return status
        if after is not None:
            after(task.name)
        left_out |= set(json.loads(task.report.read_text("utf-8")).get("leave_out", ()))
    return 0


def _in_child(chosen: Settings, day: date, task: Task) -> int:
    child = os.fork()
    if child == 0:
        os._exit(_guarded(chosen, day, task))
    said = json.dumps({"pid": child, "task": task.name, "began": time.time()})
    _replace(chosen.home / moments.FOLDER / "child.json", said)
    _, status = os.waitpid(child, 0)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _guarded(chosen: Settings, day: date, task: Task) -> int:
    from citylake.night.steps.step import plain_words

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    log = (chosen.home / moments.FOLDER / "tasks.log").open("a", encoding="utf-8")
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    try:
        _work(chosen, day, task)
    except Exception as error:  # noqa: BLE001  (the edge of a process: said in words of our own, as Airflow's task does)
        log.write(f"{task.name}: {plain_words(error)}\n")
        log.flush()
        return FAILED
    finally:
        sys.stdout.flush()
    return 0


def _work(chosen: Settings, day: date, task: Task) -> None:
    """Do what ``LakeJob.execute`` does: interrupt the ghost of an earlier try, call the function, keep its report."""
    import importlib

    from citylake.night.steps.step import Step, interrupt, work

    moments.arm(chosen.home)
    if task.session.exists():
        interrupt(task.session.read_text("ascii"))
    session = str(uuid4())
    _replace(task.session, session)
    step = Step(
        business_date=day,
        session_id=session,
        events=frozenset({CUTOFF}),
        reports={name: _report(task, name) for name in task.plan.reads},
    )
    module, _, name = task.plan.call.partition(":")
    report = work(step, getattr(importlib.import_module(module), name), task.plan.arguments)
    facts = {"state": report.state, "message": report.message, "leave_out": report.leave_out, **report.facts}
    _replace(task.report, json.dumps(facts, ensure_ascii=False, default=str))


def _report(task: Task, name: str) -> Mapping[str, Any] | None:
    path = task.folder / f"{task.dag}.{name}.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else None


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)
