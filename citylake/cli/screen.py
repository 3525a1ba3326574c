"""What a person at a terminal sees of a night: the stages while it runs, one screen of results when it is over."""

import sys
import time
from collections.abc import Iterator, Mapping
from datetime import date
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from citylake.contract.catalog import Catalog
from citylake.night.conductor import Progress
from citylake.read.summary import DepartmentLine, Summary, TableLine
from citylake.read.unrecognised import sentence
from citylake.services.airflow_rest import TaskInstance
from citylake.settings import Settings
from citylake.words import title_of

_STAGES = {
    "resolve_": "归人",
    "identify_": "身份",
    "link_": "关联",
    "base_": "基础库",
    "topic_": "主题库",
    "office_": "通用办公库",
    "special_": "专题库",
    "judge_": "检验",
    "publish": "发布",
}
_OVER = frozenset({"success", "skipped", "failed", "upstream_failed"})
_OUTCOMES = {"nothing": "未交", "unreachable": "连不上", "unsettled": "未结账"}
_SECONDS = {
    "clean": "采集",
    "base": "归人与基础库",
    "linked": "关联",
    "topic": "主题库",
    "office": "通用办公库",
    "special": "专题库",
    "judge": "检验",
}


class Screen:
    """A live display on a terminal; lines of plain text elsewhere; nothing when ``silent``."""

    def __init__(self, catalog: Catalog, *, silent: bool = False) -> None:
        self._catalog = catalog
        self._silent = silent
        self._console = Console(stderr=True) if silent else Console()
        self._live = Live(console=self._console, refresh_per_second=4, transient=True)
        self._began = time.monotonic()
        self._said = ""
        self._day: date | None = None

    def __enter__(self) -> Self:
        if self._is_live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_live:
            self._live.stop()

    @property
    def _is_live(self) -> bool:
        return not self._silent and self._console.is_terminal

    def start(self, day: date) -> None:
        """Name the date."""
        self._day = day

    def say(self, text: str) -> None:
        """Say what is being done before the stages begin."""
        self._update(Text(text), text)

    def show(self, progress: Progress, summary: Summary) -> None:
        """Show where the night stands."""
        stages = list(self._stages(progress, summary))
        table = Table.grid(padding=(0, 2))
        for label, done, total, note in stages:
            running = total > 0 and done < total
            mark: Spinner | Text = Spinner("dots") if running else Text("✓" if total and done == total else "·")
            table.add_row(mark, label, f"{done}/{total}" if total else "", note)
        plain = "  ".join(f"{label} {done}/{total}" for label, done, total, _ in stages if total)
        self._update(table, plain)

    def finish(self, summary: Summary, score: Mapping[str, Any], elapsed: float, settings: Settings) -> None:
        """Print the results, on one screen."""
        print_summary(Console(), self._catalog, summary, score, elapsed, settings)

    def _update(self, body: Any, plain: str) -> None:
        elapsed = f"{time.monotonic() - self._began:.0f} 秒"
        if self._is_live:
            head = Text(f"{self._day or ''} 夜间作业　{elapsed}", style="bold")
            self._live.update(Group(head, body))
        elif not self._silent and plain != self._said:
            print(f"[{elapsed}] {plain}", file=sys.stdout, flush=True)
            self._said = plain

    def _stages(self, progress: Progress, summary: Summary) -> Iterator[tuple[str, int, int, str]]:
        lines = sum(one.lines for one in summary.departments)
        note = f"{sum(one.deliveries for one in summary.departments)} 批，{lines:,} 行"
        yield "采集", len(progress.settled), len(progress.departments), note
        for prefix, label in _STAGES.items():
            mine = [task for task in progress.tasks if task.task_id.startswith(prefix)]
            if mine or prefix not in ("office_",):
                yield label, sum(task.state in _OVER for task in mine), len(mine), _note(mine)


def _note(tasks: list[TaskInstance]) -> str:
    active = [task.task_id.partition("_")[2] for task in tasks if task.state == "running"]
    skipped = sum(task.state == "skipped" for task in tasks)
    failed = [task.task_id for task in tasks if task.state == "failed"]
    parts = [" ".join(active), f"{skipped} 项无变化" if skipped else "", f"失败 {' '.join(failed)}" if failed else ""]
    return "　".join(part for part in parts if part)


def print_summary(
    console: Console,
    catalog: Catalog,
    summary: Summary,
    score: Mapping[str, Any],
    elapsed: float,
    settings: Settings,
) -> None:
    """Print what a night came to."""
    state = "已发布" if summary.published else "未发布"
    console.print(f"[bold]{summary.business_date} {state}[/bold]　用时 {elapsed:.0f} 秒　{_times(summary)}")
    console.print(_department_table(summary.departments))
    console.print(_library_table(summary.tables))
    balance = "全部闭合" if not summary.unbalanced else f"不闭合：{'、'.join(summary.unbalanced)}"
    console.print(f"账目：{summary.balanced} 批{balance}")
    console.print(f"对照真值：{_scores(score)}")
    if summary.missing:
        console.print(f"缺失：{'、'.join(title_of(catalog, name) for name in summary.missing)}")
    if summary.dry:
        said = "、".join(f"{title_of(catalog, name)}（{days} 天）" for name, days in summary.dry.items())
        console.print(f"久无变化：{said}")
    for what, reason in summary.refused.items():
        console.print(Text(f"拒收或未发布：{what}　{reason}"), soft_wrap=True)
    for department, files in summary.unrecognised.items():
        console.print(Text(f"{catalog.departments[department].name}　{sentence(files)}"), soft_wrap=True)
    for line in _where(settings):
        console.print(line, soft_wrap=True)


def _times(summary: Summary) -> str:
    return " · ".join(f"{_SECONDS[name]} {summary.seconds[name]:.0f}" for name in _SECONDS if name in summary.seconds)


def _department_table(lines: tuple[DepartmentLine, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("部门", "交付", "收下", "未变", "拒收", "行", "变动", "隔离"):
        table.add_column(name, justify="left" if name == "部门" else "right")
    table.add_column("未到")
    for one in lines:
        absent = [item.rpartition(":") for item in one.absent]
        numbers = [one.deliveries, one.accepted, one.unchanged, one.refused, one.lines, one.changed, one.quarantined]
        table.add_row(
            one.name,
            *[f"{number:,}" for number in numbers],
            "、".join(f"{name}（{_OUTCOMES[outcome]}）" for name, _, outcome in absent),
        )
    return table


def _library_table(lines: tuple[TableLine, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("库表", "名称"):
        table.add_column(name)
    for name in ("行", "增减"):
        table.add_column(name, justify="right")
    table.add_column("")
    for one in lines:
        note = "沿用旧版" if one.stale else "" if one.moved else "未变"
        more = "" if one.more is None else f"{one.more:+,}"
        table.add_row(one.table, one.title, "" if one.rows is None else f"{one.rows:,}", more, note)
    return table


def _scores(score: Mapping[str, Any]) -> str:
    lines = score.get("lines") or score.get("headline") or []
    if isinstance(lines, list) and lines:
        return "　".join(str(line) for line in lines)
    return "　".join(f"{name} {value}" for name, value in score.items() if isinstance(value, str | int | float))


def _where(settings: Settings) -> Iterator[str]:
    from citylake.services.airflow import ADMIN, airflow_url

    yield f"看：Airflow {airflow_url(settings)}　用户 {ADMIN}，密码在 {settings.secrets / 'airflow_users.json'}"
    yield '查：citylake sql "SELECT * FROM special.silent_certification__evidence LIMIT 10"'
    yield "　　citylake status　citylake receipts"
