"""``citylake restore``: the whole lake back to what a night published."""

import dataclasses
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from citylake.cli.terminal import DATA, ENDINGS, USE, AsJson, business_day, end, print_json, told_plainly
from citylake.ledger.people.actor import actor
from citylake.settings import settings

if TYPE_CHECKING:
    from citylake.recovery.restore.restore import Restored

_NIGHT = typer.Option("--night", parser=business_day, metavar="YYYY-MM-DD", help="The published night to go back to.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("restore", epilog=ENDINGS)(restore_night)


def restore_night(
    *,
    night: Annotated[date, _NIGHT],
    reason: Annotated[str, typer.Option(help="Why; kept for the auditors.")],
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Also give up a night that was begun and is not published.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put every table back to what a night published; the next night goes on from there.

    Later publications are withdrawn. What departments have delivered since then is taken again by the next night, from
    landing, in the order in which it came. Killed in the middle, the same command completes it.
    """
    from contextlib import ExitStack

    from pyspark.errors import PySparkException

    from citylake.delta.errors import TableError
    from citylake.lake import open_lake
    from citylake.night.steps.step import plain_words
    from citylake.recovery.restore.errors import RestoreError
    from citylake.recovery.restore.restore import restore
    from citylake.spark.session import session

    with told_plainly(), ExitStack() as opened:
        lake = open_lake(settings())
        try:
            done = restore(
                lake,
                lambda: opened.enter_context(session(lake.settings)),
                night,
                actor=actor(),
                reason=reason,
                unfinished=unfinished,
            )
        except RestoreError as error:
            end(str(error), USE)
        except (TableError, PySparkException) as error:
            end(f"{plain_words(error)}；再运行一次同样的命令可继续 (run the same command again to go on)", DATA)
    if as_json:
        print_json({**dataclasses.asdict(done), "tables": done.tables})
    else:
        _say(done)


def _say(done: "Restored") -> None:
    withdrawn = "、".join(str(day) for day in sorted(done.withdrawn)) or "无"
    typer.echo(f"已恢复到 {done.business_date} 的发布：{len(done.tables)} 张表退回，{done.kept} 张未动")
    typer.echo(f"撤回的发布：{withdrawn}")
    typer.echo(f"{done.deliveries} 份交付将由下一晚按原来的次序重新收取")
    if done.views_failed:
        typer.echo(f"未能更新的视图：{'、'.join(done.views_failed)}，下一次发布时补上")
