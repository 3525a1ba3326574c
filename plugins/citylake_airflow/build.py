"""Plans to Airflow objects."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

from airflow.sdk import DAG, AssetAny, CronPartitionTimetable, PartitionedAssetTimetable, TaskGroup, get_parsing_context

from citylake.settings import settings
from citylake_airflow import policy
from citylake_airflow.assets import COLLECTED, CUTOFF, READY, asset, at_will
from citylake_airflow.compiled import Compiled, read_compiled
from citylake_airflow.operators import LakeJob, Watcher
from citylake_airflow.plan import (
    Clock,
    DagPlan,
    TaskPlan,
    collect_plans,
    cutoff_plan,
    libraries_plan,
    maintenance_plan,
    ready_plan,
)


@lru_cache(maxsize=1)
def _compiled() -> Compiled:
    return read_compiled(settings().home)


PLANS: Mapping[str, Callable[[], list[DagPlan]]] = {
    "collect": lambda: collect_plans(_compiled(), COLLECTED),
    "cutoff": lambda: [cutoff_plan(policy.CUTOFF, CUTOFF)],
    "ready": lambda: [ready_plan(COLLECTED, CUTOFF, READY)],
    "libraries": lambda: [libraries_plan(_compiled(), READY)],
    "maintenance": lambda: [maintenance_plan(policy.MAINTENANCE)],
}
"""The plans of each file in ``dags/``."""
_kept: dict[str, DAG] = {}


def dags_of(file: str) -> dict[str, DAG]:
    """Return the DAGs of a file by id; inside a task only the one it belongs to.

    Args:
        file: one of ``PLANS``.
    """
    wanted = get_parsing_context().dag_id
    if wanted in _kept:
        return {wanted: _kept[wanted]}
    return {plan.id: build(plan) for plan in PLANS[file]() if wanted in (None, plan.id)}


def keep_dags() -> None:
    """Build all DAGs now, for the forks of this process: building one took a task longer the more contracts there are."""
    for file in PLANS:
        _kept.update(dags_of(file))


def build(plan: DagPlan) -> DAG:
    """Return the DAG of a plan."""
    dag = DAG(
        dag_id=plan.id,
        dag_display_name=plan.label,
        schedule=_timetable(plan),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        doc_md=plan.document,
        tags=sorted(plan.tags),
        default_args={"owner": plan.owner},
        render_template_as_native_obj=False,
    )
    groups: dict[str, TaskGroup] = {}
    built: dict[str, LakeJob | Watcher] = {}
    for task in plan.tasks:
        if task.group is not None and task.group not in groups:
            groups[task.group] = TaskGroup(task.group, prefix_group_id=False, dag=dag)
        built[task.id] = _task(task, dag, groups[task.group] if task.group is not None else None)
        built[task.id].set_upstream([built[name] for name in task.after])
    return dag


def _timetable(plan: DagPlan) -> CronPartitionTimetable | PartitionedAssetTimetable:
    if isinstance(plan.schedule, Clock):
        # A zero here means that a new installation waits for the next night instead of running the last one.
        return CronPartitionTimetable(
            plan.schedule.cron, timezone=policy.TIMEZONE, key_format=policy.KEY_FORMAT, run_immediately=timedelta(0)
        )
    # Never AND: waiting for several assets of a partition loses runs (apache/airflow issue 71070).
    return PartitionedAssetTimetable(assets=AssetAny(*[asset(name) for name in plan.schedule.assets]))


def _task(task: TaskPlan, dag: DAG, group: TaskGroup | None) -> LakeJob | Watcher:
    common: dict[str, Any] = {
        "task_id": task.id,
        "task_display_name": task.label,
        "trigger_rule": task.trigger,
        "doc_md": task.document,
        "dag": dag,
        "task_group": group,
    }
    if not task.call:
        return Watcher(**common)
    return LakeJob(
        **common,
        call=task.call,
        arguments=dict(task.arguments),
        reads=list(task.reads),
        outlets=[*(asset(name) for name in task.outlets), *([at_will(task.wakes)] if task.wakes else [])],
        pool=policy.POOL if task.spark else policy.DEFAULT_POOL,
        retries=policy.RETRIES,
        retry_delay=policy.RETRY_DELAY,
        retry_policy=policy.RETRY_POLICY,
        execution_timeout=policy.TIMEOUT,
    )
