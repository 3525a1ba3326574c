"""``citylake sql``, ``status`` and ``receipts``: what a night shows, how it stands, and what became of deliveries."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from citylake.settings import settings

if TYPE_CHECKING:
    from jobs.query.standing import Standing
    from ledger.deliveries import Delivery

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Night = Annotated[str | None, typer.Option("--night", help="Business date, yyyy-mm-dd; default: the newest.")]

_ROWS = 100
_WRONG_DATA, _WRONG_USE = 1, 2


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("sql")(ask)
    app.command("status")(show_status)
    app.command("receipts")(show_receipts)


def ask(
    statement: Annotated[str, typer.Argument(help="One SELECT, DESCRIBE <table> or SHOW TABLES.")],
    *,
    night: Night = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Rows to print.")] = _ROWS,
    as_json: AsJson = False,
) -> None:
    """Ask a published night, by the names of its tables."""
    from pyspark.errors import PySparkException
    from pyspark.logger import PySparkLogger

    from jobs.query.session import NotPublishedError, connect
    from jobs.query.statement import StatementError
    from jobs.spark.session import NoServerError

    try:
        session = connect(_date(night))
    except NotPublishedError as error:
        _end(str(error), _WRONG_USE)
    # The error is told once, in words; Spark would add its own record of it.
    PySparkLogger.getLogger("SQLQueryContextLogger").disabled = True
    with session:
        try:
            found = session.sql(statement).arrow(limit + 1)
        except (StatementError, NoServerError) as error:
            _end(str(error), _WRONG_USE)
        except PySparkException as error:
            _end(session.plain(error.getMessage() or str(error)), _WRONG_USE)
    rows = found.slice(0, limit).to_pylist()
    more = found.num_rows > limit
    if as_json:
        _print_json({"night": session.night, "columns": found.column_names, "rows": rows, "more": more})
        return
    _table(found.column_names, [list(row.values()) for row in rows])
    typer.echo(f"{session.night}：{len(rows)} 行" + ("，还有更多（--limit）" if more else ""))


def show_status(*, night: Night = None, as_json: AsJson = False) -> None:
    """Say what is published, how fresh it is and what is missing; ends with 1 when something is."""
    from jobs.lake import open_lake
    from jobs.query.standing import standing

    found = standing(open_lake(settings()), _date(night))
    if as_json:
        _print_json(found.as_json())
    else:
        _print_standing(found)
    if found.wrong:
        raise typer.Exit(_WRONG_DATA)


def show_receipts(
    *,
    department: Annotated[str | None, typer.Option(help="Only this department, such as civil_affairs.")] = None,
    night: Night = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Deliveries to print, newest first.")] = 50,
    verify: Annotated[bool, typer.Option("--verify", help="Check the chain of all receipts.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what became of deliveries; ends with 1 when one of those shown was refused or the chain of receipts is broken."""
    from jobs.lake import open_lake
    from ledger.deliveries import receipts, verify_chain

    lake = open_lake(settings())
    if department is not None and department not in lake.catalog.departments:
        _end(f"no department '{department}'; there are {', '.join(lake.catalog.departments)}", _WRONG_USE)
    found = receipts(lake.ledger, department=department, business_date=_date(night), limit=limit)
    problems = verify_chain(lake.ledger) if verify else []
    if as_json:
        _print_json({"receipts": [_receipt(one) for one in found], "chain": problems})
    else:
        _table(["编号", "日期", "资源", "名称", "结论", "行数", "说明"], [_receipt_row(one) for one in found])
        typer.echo("\n".join(problems) if problems else f"{len(found)} 份回执")
    if problems or any(one.verdict == "refused" for one in found):
        raise typer.Exit(_WRONG_DATA)


def _receipt(one: "Delivery") -> dict[str, Any]:
    shown = ("id", "department", "resource", "name", "as_of", "business_date", "received_at", "size", "sha256")
    said = ("verdict", "reason", "counts", "receipt_number", "receipt_hash", "previous_hash")
    return {name: getattr(one, name) for name in (*shown, *said)}


def _receipt_row(one: "Delivery") -> list[object]:
    verdicts = {"received": "处理中", "accepted": "接收", "refused": "退回", "unchanged": "与上次相同"}
    counts = "，".join(f"{name} {number:,}" for name, number in one.counts.items() if number)
    verdict = verdicts.get(one.verdict, one.verdict)
    return [one.receipt_number, one.business_date, one.resource, one.name, verdict, counts, one.reason]


def _print_standing(found: "Standing") -> None:
    if found.night is None:
        typer.echo("尚未发布任何一晚：运行 make night")
    else:
        typer.echo(f"已发布 {found.night}，共 {len(found.tables)} 张表")
        rows = [[one.table, one.title, one.version, one.rows, "沿用" if one.stale else ""] for one in found.tables]
        _table(["表", "名称", "版本", "行数", "新旧"], rows)
    for title, lines in (
        ("未能发布", found.left_out), ("被退回", found.refused), ("交付未接收", found.deliveries)
    ):  # fmt: skip
        for name, reason in lines.items():
            typer.echo(f"{title}：{name} {reason}".rstrip())
    if found.missing:
        typer.echo(f"到期未交：{'、'.join(found.missing)}")
    if found.preparing is not None:
        typer.echo(f"正在准备 {found.preparing}")


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        # What stands in the data is not to be taken for markup.
        table.add_row(*("" if value is None else str(value).replace("[", r"\[") for value in row))
    Console(soft_wrap=True).print(table)


def _date(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        _end(f"'{text}' is no date: write it as 2026-11-30", _WRONG_USE)


def _print_json(document: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, default=str))


def _end(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
