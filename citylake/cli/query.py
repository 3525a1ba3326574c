"""``citylake sql`` and ``status``: what a night shows, and how it stands."""

from typing import TYPE_CHECKING, Annotated

import typer

from citylake.cli.terminal import DATA, ENDINGS, USE, AsJson, Night, end, print_json, print_table, told_plainly
from citylake.settings import settings

if TYPE_CHECKING:
    from citylake.contract.catalog import Catalog
    from citylake.read.status import Status

_ROWS = 100


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("sql", epilog=ENDINGS)(ask)
    app.command("status", epilog=ENDINGS)(show_status)


def ask(
    statement: Annotated[str, typer.Argument(help="One SELECT, DESCRIBE <table> or SHOW TABLES.")],
    *,
    night: Night = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Rows to print.")] = _ROWS,
    as_json: AsJson = False,
) -> None:
    """Ask a published night, by the names of its tables."""
    from pyspark.errors import PySparkException

    from citylake.read.session import connect
    from citylake.read.statement import StatementError

    with told_plainly(), connect(night) as session:
        try:
            found = session.sql(statement).arrow(limit + 1)
        except StatementError as error:
            end(str(error), USE)
        except PySparkException as error:
            end(session.plain(error.getMessage() or str(error)), USE)
    rows = found.slice(0, limit).to_pylist()
    more = found.num_rows > limit
    if as_json:
        print_json({"night": session.night, "columns": found.column_names, "rows": rows, "more": more})
        return
    print_table(found.column_names, [list(row.values()) for row in rows])
    typer.echo(f"{session.night}：{len(rows)} 行" + ("，还有更多（--limit）" if more else ""))


def show_status(*, night: Night = None, as_json: AsJson = False) -> None:
    """Say what is published, how fresh it is and what is missing; ends with 1 when something is."""
    from citylake.lake import open_lake
    from citylake.read.session import not_published
    from citylake.read.status import status

    with told_plainly():
        lake = open_lake(settings())
        found = status(lake, night)
        if as_json:
            print_json(found.as_json())
        else:
            _print_status(lake.catalog, found)
        if found.night is None:
            raise not_published(lake, night)
    if found.wrong:
        raise typer.Exit(DATA)


def _print_status(catalog: "Catalog", found: "Status") -> None:
    from citylake.words import title_and_name

    if found.night is not None:
        typer.echo(f"已发布 {found.night}，共 {len(found.tables)} 张表")
        rows = [[one.table, one.title, one.version, one.rows, "沿用" if one.stale else ""] for one in found.tables]
        print_table(["表", "名称", "版本", "行数", "新旧"], rows)
    for title, lines in (
        ("未能发布", found.left_out), ("被退回", found.refused), ("交付未接收", found.deliveries)
    ):  # fmt: skip
        for name, reason in lines.items():
            typer.echo(f"{title}：{name} {reason}".rstrip())
    if found.missing:
        typer.echo(f"到期未交：{'、'.join(title_and_name(catalog, name) for name in found.missing)}")
    if found.restoring is not None:
        typer.echo(f"正在恢复到 {found.restoring}，未完成前不做别的：citylake restore --night {found.restoring}")
    if found.preparing is not None:
        typer.echo(f"正在准备 {found.preparing}")
