from pathlib import Path

import pytest

from citylake.contract.catalog import load_catalog
from citylake.contract.compiled import write_compiled
from citylake_airflow.compiled import NotCompiledError, read_compiled
from citylake_airflow.plan import DagPlan, TaskPlan, collect_plans, libraries_plan, ready_plan
from tests.dags.given import TABLES, compiled, table


def task_of(plan: DagPlan, name: str) -> TaskPlan:
    return next(task for task in plan.tasks if task.id == name)


def all_before(plan: DagPlan, name: str) -> set[str]:
    direct = set(task_of(plan, name).after)
    return direct.union(*(all_before(plan, one) for one in direct))


def test_a_home_without_compiled_contracts_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NotCompiledError, match="citylake compile"):
        read_compiled(tmp_path)


def test_every_delivering_department_has_a_dag_with_one_task_per_resource(tmp_path: Path) -> None:
    plans = {plan.id: plan for plan in collect_plans(compiled(tmp_path), "night.collected")}
    assert sorted(plans) == ["collect_civil_affairs", "collect_hrss"]
    assert [task.id for task in plans["collect_civil_affairs"].tasks] == ["cremation", "marriage", "settle", "watch"]
    assert task_of(plans["collect_hrss"], "pension_payment").outlets == ("clean.hrss__pension_payment",)


def test_a_department_is_settled_whatever_became_of_its_resources(tmp_path: Path) -> None:
    settle = task_of(collect_plans(compiled(tmp_path), "night.collected")[0], "settle")
    assert settle.trigger == "all_done"
    assert set(settle.after) == set(settle.reads) == {"cremation", "marriage"}
    assert settle.outlets == ("settled.civil_affairs",)


def test_a_failed_task_keeps_its_run_red_although_the_last_task_succeeds(tmp_path: Path) -> None:
    given = compiled(tmp_path)
    for plan in (*collect_plans(given, "night.collected"), libraries_plan(given, "night.ready")):
        watch = task_of(plan, "watch")
        assert watch.trigger == "one_failed"
        assert set(watch.after) == {task.id for task in plan.tasks} - {"watch"}


def test_ready_wakes_up_when_nobody_is_waited_for_and_at_the_cutoff(tmp_path: Path) -> None:
    schedule = ready_plan("night.collected", "cutoff", "night.ready").schedule
    assert getattr(schedule, "assets", ()) == ("night.collected", "cutoff")
    for plan in collect_plans(compiled(tmp_path), "night.collected"):
        assert [task.id for task in plan.tasks if task.wakes == "night.collected"] == ["settle"]


def test_libraries_follow_the_layers_and_each_stage_is_judged_before_the_next(tmp_path: Path) -> None:
    plan = libraries_plan(compiled(tmp_path), "night.ready")
    order = ["start", "resolve_population", "link_hrss", "base_population", "judge_base", "topic_social_security",
             "judge_topic", "special_silent_certification", "judge_special", "publish"]  # fmt: skip
    for earlier, later in zip(order, order[1:], strict=False):
        if (earlier, later) != ("link_hrss", "base_population"):
            assert earlier in all_before(plan, later), (earlier, later)
    assert "link_hrss" in all_before(plan, "judge_base"), "nothing may still be linked when a layer is judged"


def test_every_table_above_clean_is_made_by_exactly_one_task(tmp_path: Path) -> None:
    plan = libraries_plan(compiled(tmp_path), "night.ready")
    made = [name for task in plan.tasks if task.call.endswith(":make_tables") for name in task.arguments["tables"]]
    assert sorted(made) == sorted(item["name"] for item in TABLES if item["layer"] != "clean")


def test_only_the_first_task_stops_the_others(tmp_path: Path) -> None:
    for task in libraries_plan(compiled(tmp_path), "night.ready").tasks:
        if task.id not in ("start", "watch"):
            assert task.trigger == "all_done"
            assert "start" in task.after
            assert "start" in task.reads


def test_libraries_that_read_each_other_in_turns_are_split_instead_of_making_a_circle(tmp_path: Path) -> None:
    tables = [
        table("linked.hrss__x", []),
        table("base.one__a", ["linked.hrss__x"]),
        table("base.two__b", ["base.one__a"]),
        table("base.one__c", ["base.two__b"]),
        table("base.one__d", ["base.one__c"]),
    ]
    plan = libraries_plan(compiled(tmp_path, [*TABLES[:1], *tables]), "night.ready")
    assert task_of(plan, "base_one").arguments["tables"] == ["base.one__a"]
    assert task_of(plan, "base_two_2").arguments["tables"] == ["base.two__b"]
    assert task_of(plan, "base_one_3").arguments["tables"] == ["base.one__c", "base.one__d"]
    assert {"base_one", "base_two_2"} <= all_before(plan, "base_one_3")


def test_a_task_of_a_library_is_called_as_the_library_and_says_what_it_is_for(tmp_path: Path) -> None:
    plan = libraries_plan(compiled(tmp_path), "night.ready")
    task = task_of(plan, "topic_social_security")
    assert task.label == "社会保障主题库"
    assert task.document.startswith("# 社会保障主题库\n\n每人每种待遇领了多少。")
    assert "| 社会保障主题库 `topic.social_security` | 人社局 | 每人每种待遇领了多少。 |" in plan.document


def test_documents_name_the_table_its_owner_its_columns_and_rules_in_chinese(tmp_path: Path) -> None:
    plan = next(plan for plan in collect_plans(compiled(tmp_path), "night.collected") if plan.id == "collect_hrss")
    document = task_of(plan, "pension_payment").document
    for said in ("clean.hrss__pension_payment", "主管：人社局", "一条为一件", "编号", "不合即整表停下：unique:a"):
        assert said in document
    assert "每日 02:00" in plan.document


def test_in_the_city_of_the_project_every_table_is_made_after_its_inputs(tmp_path: Path) -> None:
    write_compiled(load_catalog(), tmp_path)
    plan = libraries_plan(read_compiled(tmp_path), "night.ready")
    inputs = {table["name"]: table.get("inputs", ()) for table in read_compiled(tmp_path).tables}
    tasks = [task for task in plan.tasks if task.call.endswith(":make_tables")]
    maker = {name: task.id for task in tasks for name in task.arguments["tables"]}
    for task in tasks:
        own = list(task.arguments["tables"])
        for place, name in enumerate(own):
            for read in inputs[name]:
                if read in own:
                    assert own.index(read) < place, (name, read)
                elif read in maker:
                    assert maker[read] in all_before(plan, task.id), (name, read)
