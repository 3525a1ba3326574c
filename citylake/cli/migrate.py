"""``citylake migrate``: contracts that changed, and the tables' files that follow them."""

from typing import TYPE_CHECKING, Annotated

import typer

from citylake.cli.terminal import DATA, ENDINGS, USE, AsJson, end, print_json, told_plainly
from citylake.ledger.people.actor import actor
from citylake.settings import settings

if TYPE_CHECKING:
    from citylake.lake import Lake
    from citylake.recovery.migrate.plan import TablePlan

_WHEN = {
    "add": "下一次运行时自动加上",
    "dress": "--apply 或下一次维护时改好",
    "destructive": "需要决定：--apply --destructive",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("migrate", epilog=ENDINGS)(migrate_tables)


def migrate_tables(
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Carry out what loses nothing: titles and labels.")] = False,
    destructive: Annotated[
        bool, typer.Option("--destructive", help="With --apply: also what removes or rebuilds.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what differs between the contracts and the tables' files; change nothing unless told to.

    Columns that were added are added by the next run. A removed column, another type, key, unit or partition, and a
    table without a contract wait for --apply --destructive: the table is emptied in its new shape and made anew by the
    next run; published versions stay as they are. Ends with 1 while destructive changes wait.
    """
    from citylake.lake import open_lake
    from citylake.recovery.migrate.plan import plan

    if destructive and not apply:
        end("--destructive goes with --apply", USE)
    with told_plainly():
        lake = open_lake(settings())
        found = plan(lake)
        changed = _apply(lake, found, destructive=destructive) if apply and found else []
        waiting = plan(lake) if changed else found
    if as_json:
        print_json({"changed": changed, "waiting": [_document(one) for one in waiting]})
    else:
        _say(waiting, changed)
    if any(one.destructive for one in waiting):
        raise typer.Exit(DATA)


def _apply(lake: "Lake", found: "list[TablePlan]", *, destructive: bool) -> list[str]:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from pyspark.errors import PySparkException

    from citylake.delta.errors import TableError
    from citylake.ledger.nights.nights import newest_published
    from citylake.night.steps.step import plain_words
    from citylake.recovery.migrate.apply import apply
    from citylake.spark.session import session

    today = datetime.now(ZoneInfo(lake.settings.timezone)).date()
    day = newest_published(lake.ledger) or today
    try:
        with session(lake.settings) as spark:
            return apply(lake, spark, found, day, actor=actor(), destructive=destructive)
    except (TableError, PySparkException) as error:
        end(plain_words(error), DATA)


def _document(one: "TablePlan") -> dict[str, object]:
    said = [{"kind": item.kind, "text": item.text, "destructive": item.destructive} for item in one.differences]
    gone = [{"kind": "table", "text": text, "destructive": True} for text in one.sentences] if not said else []
    return {"table": one.table, "destructive": one.destructive, "differences": said or gone}


def _say(waiting: "list[TablePlan]", changed: list[str]) -> None:
    for table in changed:
        typer.echo(f"已更改：{table}")
    for one in waiting:
        typer.echo(f"{one.table}　{one.title}")
        for item in one.differences:
            typer.echo(f"  {item.text}　→ {_WHEN['destructive' if item.destructive else item.kind]}")
        if not one.differences:
            typer.echo(f"  {one.sentences[0]}　→ {_WHEN['destructive']}")
    if not waiting:
        typer.echo("各表与契约一致")
