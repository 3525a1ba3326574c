"""``citylake run``: one table, made or explained."""

import dataclasses
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citylake.cli.terminal import DATA, ENDINGS, USE, AsJson, BusinessDate, end, print_json, told_plainly
from citylake.settings import settings

if TYPE_CHECKING:
    from citylake.engine.run.context import TableResult
    from citylake.lake import Lake

_LABELS = {
    "table": "表",
    "title": "名称",
    "grain": "一行是",
    "location": "位置",
    "mode": "方式",
    "key": "主键",
    "unit": "重算单位",
    "rows": "现有行数",
    "version": "现有版本",
    "reads": "读",
    "checks": "检查",
    "writes": "写",
    "plan": "这次会",
    "executor": "由谁计算",
    "columns": "列",
    "transform": "算法",
}
"""Entries of a plan in the order in which they are shown; what has no label comes after them by its own name."""
_PARTS = {
    "table": "表",
    "by": "按",
    "via": "经",
    "content": "内容号",
    "consumed": "上次读到",
    "moved": "有变动",
    "form": "形式",
    "from": "来自",
    "quarantine": "隔离",
    "warn": "提示",
    "gate": "门禁",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run", epilog=ENDINGS)(run_one_table)


def run_one_table(
    table: Annotated[str, typer.Argument(help="<layer>.<domain>__<thing>, such as topic.housing__home.")],
    business_date: BusinessDate,
    *,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Evaluate everything, write what differs.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Only say what would be read, checked and written; without Spark.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run one table for a business date that is not published yet."""
    from citylake.lake import open_lake

    with told_plainly():
        lake = open_lake(settings())
        if table not in lake.catalog.contracts:
            end(f"there is no table '{table}'; its contract would be schemas/<layer>/<domain>/<thing>.yml", USE)
        if explain:
            _explain(lake, table, business_date, as_json=as_json)
            return
        _check_open(lake, table, business_date)
        done = _run(lake, table, business_date, rebuild=rebuild)
    if as_json:
        print_json(dataclasses.asdict(done))
    else:
        _say(done)
    if done.state in ("refused", "failed", "waiting"):
        raise typer.Exit(DATA)


def _check_open(lake: "Lake", table: str, day: date) -> None:
    """End the command when the night of a date is over: what would be taken now belongs into the next one."""
    from citylake.ledger.nights.nights import newest_published
    from citylake.ledger.runs.runs import runs

    newest = newest_published(lake.ledger)
    made = max((item.business_date for item in runs(lake.ledger, table=table, limit=1)), default=day)
    if newest is not None and day <= newest:
        following, why = max(newest + timedelta(days=1), made), f"{day} 的一晚已经结束（最新发布 {newest}）"
    elif day < made:
        following, why = made, f"{table} 已为 {made} 做过"
    else:
        return
    end(
        f"{why}，夜间作业只向前走：请用 --business-date {following} (nights only go forward: the next date is {following})",
        USE,
    )


def _run(lake: "Lake", table: str, day: date, *, rebuild: bool) -> "TableResult":
    from pyspark.errors import PySparkException

    from citylake.delta.errors import TableError
    from citylake.engine.run.run import run_table
    from citylake.ledger.nights.nights import night
    from citylake.night.steps.step import plain_words
    from citylake.spark.session import session

    pinned = night(lake.ledger, day)
    try:
        with session(lake.settings) as spark:
            return run_table(lake, spark, table, day, rebuild=rebuild, pinned=pinned.vector if pinned else None)
    except (TableError, PySparkException) as error:
        end(plain_words(error), DATA)


def _say(done: "TableResult") -> None:
    from citylake.words import counts_in_words

    states = {
        "written": "已写入",
        "unchanged": "没有变化",
        "refused": "被退回",
        "waiting": "在等上游",
        "failed": "失败",
    }
    said = done.reason or counts_in_words(done.counts)
    typer.echo(f"{done.table}：{states.get(done.state, done.state)}　{said}".rstrip())


def _explain(lake: "Lake", table: str, day: date, *, as_json: bool) -> None:
    from citylake.engine.derived.explain import explain

    said = explain(lake, table, day)
    if as_json:
        print_json(said)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table.grid(padding=(0, 2))
    shown.add_column(style="bold", no_wrap=True)
    shown.add_column(overflow="fold")
    for name in [*(name for name in _LABELS if name in said), *(name for name in said if name not in _LABELS)]:
        shown.add_row(_LABELS.get(name, name), Text("\n".join(_lines(said[name]))))
    Console(soft_wrap=True).print(shown)


def _lines(value: Any) -> list[str]:
    """Return an entry of a plan as lines."""
    if isinstance(value, Mapping):
        return [f"{_PARTS.get(name, name)}：{_short(item)}" for name, item in value.items()] or ["无"]
    if isinstance(value, str):
        return value.strip().splitlines() or ["无"]
    return [_short(value)]


def _short(value: Any) -> str:
    if value is None or value in ([], {}, ""):
        return "无"
    if isinstance(value, Mapping):
        return "　".join(f"{_PARTS.get(name, name)} {_short(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return "、".join(_short(item) for item in value)
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)
