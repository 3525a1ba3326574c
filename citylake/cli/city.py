"""``citylake city`` and ``citylake score``: the made-up city delivers, and the lake is held against its truth."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from citylake.cli.terminal import DATA, ENDINGS, USE, AsJson, Night, business_day, end, print_json, told_plainly
from citylake.settings import Settings, settings

if TYPE_CHECKING:
    from city.score import Score


def register(app: typer.Typer) -> None:
    """Add the commands."""
    city = typer.Typer(help="The made-up city: let its departments deliver, run its API.", no_args_is_help=True)
    city.command("deliver", epilog=ENDINGS)(deliver)
    city.command("serve")(serve)
    app.add_typer(city, name="city")
    app.command("score", epilog=ENDINGS)(score)


def deliver(
    business_date: Annotated[
        date | None,
        typer.Option(
            "--business-date",
            parser=business_day,
            metavar="YYYY-MM-DD",
            help="Morning of collection; default: today.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nobody delivers anything on this date.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let every department hand over what it has for a business date. A second time changes nothing."""
    from city.delivery.deliver import CityError
    from city.delivery.deliver import deliver as hand_over

    chosen = settings()
    day = business_date or datetime.now(ZoneInfo(chosen.timezone)).date()
    try:
        with told_plainly():
            done = hand_over(chosen, day, quiet)
    except CityError as error:
        end(str(error), USE)
    if as_json:
        print_json({"business_date": day, "days": list(done.days), "rows": done.rows, "quiet": done.quiet})
    elif not done.days:
        typer.echo(f"{day}：{'各部门均未报送' if quiet else '此前已报送，没有变化'}")
    else:
        typer.echo(f"{day}：")
        for resource, rows in done.rows.items():
            typer.echo(f"  {resource:40}{rows:>12,} 行")


def serve(port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1; 0 takes a free one.")] = 0) -> None:
    """Run the health commission's API until told to stop."""
    from city.delivery.api import serve as run

    run(settings(), port)


def score(*, night: Night = None, as_json: AsJson = False) -> None:
    """Hold a published night against the city's truth; ends with 1 when a target is missed or accounts do not close."""
    import citylake
    from city.delivery.deliver import truth_folder
    from city.score import score as compare
    from city.score.truth import NoTruthError
    from citylake.contract.catalog import load_catalog

    chosen = settings()
    try:
        with told_plainly(), citylake.connect(night, chosen) as session:
            found = compare(
                session.paths(), load_catalog(chosen.project / "schemas"), truth_folder(chosen), session.night
            )
    except NoTruthError as error:
        end(str(error), USE)
    unbalanced = _unbalanced(chosen, found.night)
    fine = found.fine and not unbalanced
    if as_json:
        document: Mapping[str, Any] = found.document() | {"fine": fine, "unbalanced": list(unbalanced)}
        print_json(document)
    else:
        _show(found, unbalanced)
    raise typer.Exit(0 if fine else DATA)


def _unbalanced(chosen: Settings, day: date) -> tuple[str, ...]:
    from citylake.lake import open_lake
    from citylake.read.summary import summarise

    return tuple(summarise(open_lake(chosen), day).unbalanced)


def _show(found: "Score", unbalanced: tuple[str, ...]) -> None:
    typer.echo(f"{found.night} 对照真值：{'达标' if found.fine and not unbalanced else '未达标'}")
    for line in found.lines():
        typer.echo(f"  {line}")
    typer.echo("  来源与差错种类（记录数 准确率 召回率）：")
    for name, rate in (found.persons.by_source | found.persons.by_mistake).items():
        typer.echo(f"    {name:42}{rate.records:>10,} {rate.precision:9.4%} {rate.recall:9.4%}")
    for cases in found.cases.values():
        typer.echo(f"  {cases.title}（应找到 找到 细节一致 误报）：")
        for name, kind in cases.kinds.items():
            planted = 0 if kind.decoy else kind.planted
            mark = "" if kind.fine else "  ←"
            typer.echo(f"    {name:28}{planted:>6}{kind.found:>6}{kind.exact:>6}{kind.reported:>6}{mark}")
        if cases.others:
            typer.echo(f"  另有 {cases.others} 个对象被报疑点，但并非埋设案例")
    for table in found.missing:
        typer.echo(f"  未发布：{table}")
    for delivery in unbalanced:
        typer.echo(f"  账目不闭合：{delivery}")
