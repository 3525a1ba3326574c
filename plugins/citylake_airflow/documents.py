"""What Airflow shows beside a DAG or task: taken from the contracts, in Chinese."""

from collections.abc import Iterable, Mapping
from typing import Any

from citylake.spelling import resource_of

Table = Mapping[str, Any]
_MODES = {"snapshot": "全量快照", "change": "增量变更", "event": "事件流水"}
_FORMS = {"csv": "CSV 文件", "xlsx": "Excel 文件", "ndjson": "JSON 行文件", "json_api": "接口", "database": "数据库"}
_EVERY = {"hour": "每小时", "day": "每日", "week": "每周", "month": "每月", "year": "每年"}
_ACTIONS = {"quarantine": "不合即隔离该行", "warn": "只计数", "gate": "不合即整表停下"}


def department_document(department: Mapping[str, Any], tables: Iterable[Table]) -> str:
    """Return what a department delivers."""
    lines = [f"# {department['name']}", "", "| 资源 | 一行是 | 方式 | 应到 |", "|---|---|---|---|"]
    for table in tables:
        due = table["due"]
        how = f"{_FORMS[table['form']]}，{_MODES[table['mode']]}"
        when = f"{_EVERY[due['every']]} {due['time']}"
        lines.append(f"| {table['title']} `{resource_of(table['name'])}` | {table['grain']} | {how} | {when} |")
    return "\n".join(lines)


def dag_document(summary: str, libraries: Iterable[Mapping[str, Any]], tables: Iterable[Table]) -> str:
    """Return a summary, what each library is for, and one line per table of the libraries."""
    made = [table for table in tables if table["layer"] not in ("clean", "linked")]
    lines = [summary, "", "| 库 | 主管 | 用途 |", "|---|---|---|"]
    lines += [f"| {one['name']} `{one['id']}` | {one['owner_name']} | {one['purpose']} |" for one in libraries]
    lines += ["", "| 表 | 名称 | 一行是 | 主管 |", "|---|---|---|---|"]
    lines += [f"| `{table['name']}` | {table['title']} | {table['grain']} | {table['owner_name']} |" for table in made]
    return "\n".join(lines)


def tables_document(tables: Iterable[Table], library: Mapping[str, Any] | None = None) -> str:
    """Return what the tables' library is for, if they are of one, and the tables' documents, one below the other."""
    head = [f"# {library['name']}\n\n{library['purpose']}"] if library is not None else []
    return "\n\n".join([*head, *(table_document(table) for table in tables)])


def table_document(table: Table) -> str:
    """Return title, owner, grain, columns and rules of one table."""
    head = [f"## {table['title']} `{table['name']}`", "", f"主管：{table['owner_name']}　一行是：{table['grain']}"]
    if table["description"]:
        head += ["", table["description"]]
    columns = ["", "| 列 | 含义 | 类型 | 级别 |", "|---|---|---|---|"]
    columns += [
        f"| {'**' * (c['name'] in table['key'])}{c['name']}{'**' * (c['name'] in table['key'])} "
        f"| {c['label']} | {c['type']} | {c['grade']} |"
        for c in table["columns"]
    ]
    rules = [f"- {_ACTIONS[action]}：{'、'.join(names)}" for action, names in table["rules"].items()]
    return "\n".join([*head, *columns, *(["", *rules] if rules else [])])
