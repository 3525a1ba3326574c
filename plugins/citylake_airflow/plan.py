"""Contracts to plans: which DAGs there are, their tasks and what those call. Plain data, no Airflow.

Everything comes from the compiled contracts and is put in a fixed order, so that equal contracts give equal DAGs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from citylake.spelling import parts_of, resource_of
from citylake_airflow.compiled import Compiled, Json
from citylake_airflow.documents import dag_document, department_document, table_document, tables_document

BESIDE = "identify_"
"""Start of the ids of tasks that make what nothing else of the night waits for."""
STAGES = (("base",), ("topic", "office"), ("special",))
"""Layers above ``linked``; those of one stage are judged together."""
STAGE_LABELS = {"base": "基础库", "topic": "主题库与通用办公库", "special": "专题库"}


@dataclass(frozen=True)
class Clock:
    """Start by the clock, with the date as partition key."""

    cron: str


@dataclass(frozen=True)
class After:
    """Start when any of these assets has an event, with its partition key."""

    assets: tuple[str, ...]


@dataclass(frozen=True)
class TaskPlan:
    """One task: which function of ``citylake.night.steps`` it calls with which arguments, and what it waits for."""

    id: str
    label: str
    call: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
    group: str | None = None
    after: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    """Tasks whose reports it is given."""
    outlets: tuple[str, ...] = ()
    wakes: str = ""
    """An asset that has an event only if the report's facts say so."""
    spark: bool = False
    trigger: Literal["all_success", "all_done", "one_failed"] = "all_done"
    document: str = ""


@dataclass(frozen=True)
class DagPlan:
    """One DAG."""

    id: str
    label: str
    schedule: Clock | After
    tasks: tuple[TaskPlan, ...]
    owner: str
    tags: tuple[str, ...]
    document: str


def collect_plans(compiled: Compiled, collected: str) -> list[DagPlan]:
    """Return a DAG for every department that delivers something."""
    return [
        _collect(department, tables, collected)
        for department in compiled.departments
        if (tables := compiled.of_department(department["id"]))
    ]


def cutoff_plan(cron: str, outlet: str) -> DagPlan:
    """Return the DAG that says that nobody is waited for any longer."""
    document = "到了截止时间：不再等任何部门，未交的数据沿用上一版并列入缺失。"
    call = "citylake.night.steps.ready:cutoff"
    task = TaskPlan("cutoff", "截止", call, outlets=(outlet,), trigger="all_success", document=document)
    return DagPlan("cutoff", "截止时间", Clock(cron), (task,), "大数据局", ("night",), document)


def ready_plan(collected: str, cutoff: str, ready: str) -> DagPlan:
    """Return the DAG that decides whether the night can begin."""
    document = (
        "所有资源都有了结果，或者截止时间已到时运行；放行之后又有部门重新结账时再运行一次。"
        "钉住各清洗表的版本，发出 night.ready。内容没有变化时不重复发出。"
    )
    task = TaskPlan(
        "decide",
        "可否开始",
        "citylake.night.steps.ready:make_ready",
        {"cutoff_asset": cutoff},
        outlets=(ready,),
        trigger="all_success",
        document=document,
    )
    return DagPlan("ready", "放行", After((collected, cutoff)), (task,), "大数据局", ("night",), document)


def libraries_plan(compiled: Compiled, ready: str) -> DagPlan:
    """Return the DAG that makes linked tables and libraries, judges them layer by layer and publishes."""
    tasks = [*_resolve(compiled), *_link(compiled)]
    for layers in STAGES:
        made = _stage(compiled, layers, tasks)
        if made:
            tasks += [*made, _judge(layers, made, tasks)]
    start = TaskPlan(
        "start", "今晚要动哪些表", "citylake.night.steps.movable:start_night",
        {"tasks": {task.id: task.arguments["tables"] for task in tasks}}, trigger="all_success",
        document="查台账，算出今晚可能变化的表（含到期复核的），其余任务跳过。日期已发布则全部跳过。",
    )  # fmt: skip
    first = [_after_start(task) for task in tasks]
    publish = TaskPlan(
        "publish",
        "发布",
        "citylake.night.steps.publish:publish_night",
        after=("start", *_leaves(tasks)),
        reads=("start",),
        spark=True,
        document="把通过检验的版本一次写成当晚的发布；未通过的沿用上一版并标明。",
    )
    tasks_all = (start, *first, publish)
    document = "归人 → 关联 → 基础库 → 检验 → 主题库、通用办公库 → 检验 → 专题库 → 检验 → 发布。"
    return DagPlan(
        "libraries", "建库与发布", After((ready,)), (*tasks_all, _watcher(tasks_all)), "大数据局", ("night",),
        dag_document(document, compiled.libraries, compiled.tables),
    )  # fmt: skip


def maintenance_plan(cron: str) -> DagPlan:
    """Return the DAG that keeps tables and Airflow's history small."""
    document = "按提交次数合并小文件，在保留期之内清理旧文件；任何仍被引用的版本都不动。"
    task = TaskPlan(
        "tidy", "整理", "citylake.night.steps.tidy:tidy_lake", spark=True, trigger="all_success", document=document
    )
    forget = TaskPlan(
        "forget", "清理运行记录", "citylake.night.steps.tidy:forget_runs", trigger="all_success",
        document="每周日删去早于保留天数（CITYLAKE_AIRFLOW_DAYS）的 Airflow 运行记录和任务日志；台账不动。",
    )  # fmt: skip
    return DagPlan("maintenance", "日常维护", Clock(cron), (task, forget), "大数据局", ("maintenance",), document)


def settled_asset(department: str) -> str:
    """Return the name of the asset that says that a department's collection of a date is over."""
    return f"settled.{department}"


def _collect(department: Mapping[str, Json], tables: list[Mapping[str, Json]], collected: str) -> DagPlan:
    name = department["id"]
    resources = [
        TaskPlan(
            id=parts_of(table["name"]).thing, label=table["title"], call="citylake.night.steps.collect:collect_resource",
            arguments={"resource": resource_of(table["name"])}, outlets=(table["name"],), spark=True, trigger="all_success",
            document=table_document(table),
        )
        for table in tables
    ]  # fmt: skip
    ids = tuple(task.id for task in resources)
    settle = TaskPlan(
        "settle",
        "结账",
        "citylake.night.steps.collect:settle_department",
        {"department": name, "resources": [resource_of(table["name"]) for table in tables]},
        after=ids,
        reads=ids,
        outlets=(settled_asset(name),),
        wakes=collected,
        document="各资源今晚的结果：收下、未变、拒收、未交、连不上。总是成功；最后一个部门的结账唤醒放行。",
    )
    return DagPlan(
        f"collect_{name}", f"采集 · {department['name']}", Clock(department["cron"]),
        (*resources, settle, _watcher((*resources, settle))), department["name"], ("collect", name),
        department_document(department, tables),
    )  # fmt: skip


def _watcher(tasks: Iterable[TaskPlan]) -> TaskPlan:
    return TaskPlan(
        "watch", "有任务失败", "", after=tuple(task.id for task in tasks), trigger="one_failed",
        document="只为让有失败的这次运行显示为红色。",
    )  # fmt: skip


def _tables_task(
    task: str,
    label: str,
    group: str | None,
    tables: list[Mapping[str, Json]],
    after: tuple[str, ...],
    library: Mapping[str, Json] | None = None,
) -> TaskPlan:
    return TaskPlan(
        task,
        label,
        "citylake.night.steps.tables:make_tables",
        {"tables": [table["name"] for table in tables]},
        group,
        after,
        reads=("start",),
        spark=True,
        document=tables_document(tables, library),
    )


def _resolve(compiled: Compiled) -> list[TaskPlan]:
    """Return per library the task of crosswalk and its inputs, which linking waits for, and one for what else is made."""
    awaited = {name for table in compiled.where(layer="linked") for name in table["inputs"]}
    for table in reversed(compiled.where(made_by="resolver")):
        if table["name"] in awaited:
            awaited.update(table["inputs"])
    plans = []
    for library in sorted({table["domain"] for table in compiled.where(made_by="resolver")}):
        mine = compiled.where(made_by="resolver", domain=library)
        first = [table for table in mine if table["name"] in awaited]
        plans.append(_tables_task(f"resolve_{library}", "归人", library, first, ()))
        if rest := [table for table in mine if table["name"] not in awaited]:
            plans.append(_tables_task(f"{BESIDE}{library}", "身份与事件", library, rest, (f"resolve_{library}",)))
    return plans


def _link(compiled: Compiled) -> list[TaskPlan]:
    tables = compiled.where(layer="linked")
    resolve = {table["name"]: f"resolve_{table['domain']}" for table in compiled.where(made_by="resolver")}
    names = {department["id"]: department["name"] for department in compiled.departments}
    plans = []
    for department in sorted({table["domain"] for table in tables}):
        mine = [table for table in tables if table["domain"] == department]
        after = sorted({resolve[name] for table in mine for name in table["inputs"] if name in resolve})
        plans.append(_tables_task(f"link_{department}", f"关联 · {names[department]}", "linked", mine, tuple(after)))
    return plans


def _stage(compiled: Compiled, layers: tuple[str, ...], earlier: list[TaskPlan]) -> list[TaskPlan]:
    """Return one task per library of a stage; more where two libraries read each other's tables in turns."""
    tables = [t for t in compiled.tables if t["layer"] in layers and t.get("made_by") != "resolver"]
    turn = _turns(tables)
    made = {name: task.id for task in earlier if "tables" in task.arguments for name in task.arguments["tables"]}
    groups: dict[tuple[int, str, str], list[Mapping[str, Json]]] = {}
    for table in tables:
        groups.setdefault((turn[table["name"]], table["layer"], table["domain"]), []).append(table)
    judged = tuple(task.id for task in earlier if task.call.endswith(":judge_layer"))[-1:]
    plans = []
    for (number, layer, library), mine in sorted(groups.items(), key=lambda item: item[0]):
        task = f"{layer}_{library}" + (f"_{number + 1}" if number else "")
        made |= {table["name"]: task for table in mine}
        inputs = {made[name] for table in mine for name in table["inputs"] if name in made}
        said = compiled.library(layer, library)
        label = said["name"] if said is not None else library
        plans.append(_tables_task(task, label, library, mine, tuple(sorted({*inputs, *judged} - {task})), said))
    return plans


def _turns(tables: list[Mapping[str, Json]]) -> dict[str, int]:
    """Return for each table how many times the way to it changes from one library to another within these tables."""
    turn: dict[str, int] = {}
    where = {table["name"]: (table["layer"], table["domain"]) for table in tables}
    for table in tables:
        steps = [turn[name] + (where[name] != where[table["name"]]) for name in table["inputs"] if name in turn]
        turn[table["name"]] = max(steps, default=0)
    return turn


def _judge(layers: tuple[str, ...], made: list[TaskPlan], earlier: list[TaskPlan]) -> TaskPlan:
    done = {name for task in made for name in task.after}
    # What the resolver makes beside the crosswalk is accepted by its own gates; only the publication waits for it.
    loose = [task.id for task in _without_readers(earlier) if task.id not in done and not task.id.startswith(BESIDE)]
    tables = [name for task in made for name in task.arguments["tables"]]
    return TaskPlan(
        f"judge_{layers[0]}", f"检验 · {STAGE_LABELS[layers[0]]}", "citylake.night.steps.judge:judge_layer", {"tables": tables},
        after=(*[task.id for task in made], *loose), reads=("start",), spark=True,
        document="按契约编成的数据质量检验，只看今晚动过的表；未通过的表和读过它的同层表退回上一版。",
    )  # fmt: skip


def _without_readers(tasks: list[TaskPlan]) -> list[TaskPlan]:
    read = {name for task in tasks for name in task.after}
    return [task for task in tasks if task.id not in read]


def _leaves(tasks: list[TaskPlan]) -> list[str]:
    return [task.id for task in _without_readers(tasks)]


def _after_start(task: TaskPlan) -> TaskPlan:
    values = {name: getattr(task, name) for name in TaskPlan.__dataclass_fields__}
    return TaskPlan(**{**values, "after": ("start", *task.after)})
