"""Plans to Airflow objects."""

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from typing import Any

from airflow.sdk import DAG, AssetAny, CronPartitionTimetable, PartitionedAssetTimetable, TaskGroup, get_parsing_context

from citylake.settings import settings
from citylake_airflow import policy
from citylake_airflow.assets import asset
from citylake_airflow.compiled import Compiled, read_compiled
from citylake_airflow.operators import LakeJob, Watcher
from citylake_airflow.plan import Clock, DagPlan, TaskPlan


@lru_cache(maxsize=1)
def compiled() -> Compiled:
    """Return the compiled contracts of this installation."""
    return read_compiled(settings().home)


def build_all(plans: Iterable[DagPlan]) -> dict[str, DAG]:
    """Return the DAGs of these plans by id; inside a task only the one it belongs to."""
    wanted = get_parsing_context().dag_id
    return {plan.id: build(plan) for plan in plans if wanted in (None, plan.id)}


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
        outlets=[asset(name) for name in task.outlets],
        pool=policy.POOL if task.spark else policy.DEFAULT_POOL,
        retries=policy.RETRIES,
        retry_delay=policy.RETRY_DELAY,
        retry_policy=policy.RETRY_POLICY,
        execution_timeout=policy.TIMEOUT,
    )
