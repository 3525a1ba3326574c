"""``citylake night`` and ``compile``: a whole business date, and the contracts it follows."""

import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citylake.cli.terminal import DATA, ENDINGS, USE, AsJson, end, print_json, told_plainly
from citylake.settings import LEAST_PEOPLE, Settings, settings

if TYPE_CHECKING:
    from citylake.read.summary import Summary

_INTERRUPTED = 130


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("night", epilog=ENDINGS)(run_night)
    app.command("compile", epilog=ENDINGS)(compile_contracts)


def compile_contracts(*, as_json: AsJson = False) -> None:
    """Check contracts, SELECTs, libraries and their questions, and compile them for Airflow; ends with 1 when one is wrong."""
    from citylake.contract.blanks import blanks
    from citylake.contract.catalog import load_catalog
    from citylake.contract.compiled import write_compiled
    from citylake.contract.plan import check_libraries, load_plan
    from citylake.contract.select import check_transforms
    from citylake.read.questions import unanswerable

    project = settings().project
    with told_plainly():
        refused = blanks(project)
        catalog, plan = load_catalog(project / "schemas"), load_plan(project / "schemas")
    refused += [*check_transforms(catalog, project / "jobs"), *check_libraries(catalog, plan)]
    if not refused:
        refused = [one for said in unanswerable(catalog).values() for one in said]
    if refused:
        end("\n".join(refused), DATA)
    path = write_compiled(catalog, settings().home)
    if as_json:
        print_json({"file": str(path), "tables": len(catalog.contracts), "departments": len(catalog.departments)})
    else:
        typer.echo(f"{len(catalog.contracts)} tables compiled")


def run_night(
    *,
    people: Annotated[
        int | None,
        typer.Option(min=LEAST_PEOPLE, help="Inhabitants, the first time; default: CITYLAKE_PEOPLE or 20000."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nobody delivers on this date.")] = False,
    minutes: Annotated[int, typer.Option(min=1, help="How long to wait for the publication.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Run the next business date of the made-up city from delivery to publication, and say what it came to.

    Ends with 1 when the night was not published, accounts do not close, a target of the score is missed, or a table
    of the libraries (or a linked one) was refused, left out or published with an older content. Refused deliveries are
    no such case.
    """
    from city.delivery.deliver import CityError, deliver
    from citylake.cli.screen import Screen
    from citylake.lake import open_lake
    from citylake.night.conductor import NightError, conduct, next_date
    from citylake.read.summary import summarise
    from citylake.services.airflow_rest import AirflowClient
    from citylake.services.city_api import start_city_api
    from citylake.services.lake import prepare_ledger, up

    began = time.monotonic()
    chosen = settings() if people is None else settings().model_copy(update={"people": people})
    with told_plainly():
        lake = open_lake(chosen)
        screen = Screen(lake.catalog, silent=as_json)
        try:
            # What the services wait for while they start is no work: the departments do theirs meanwhile.
            with screen, ThreadPoolExecutor(1) as beside:
                screen.say("启动服务，各部门准备数据")
                prepare_ledger(chosen)
                services = beside.submit(up, chosen)
                day = next_date(lake)
                screen.start(day)
                deliver(chosen, day, quiet=quiet)
                services.result()
                start_city_api(chosen)
                with AirflowClient(chosen) as client:
                    for progress in conduct(lake, client, day, limit=timedelta(minutes=minutes)):
                        screen.show(progress, summarise(lake, day))
        except KeyboardInterrupt:
            end("\n这一晚在后台继续；再运行一次同样的命令可接着看。", _INTERRUPTED)
        except CityError as error:
            end(str(error), USE)
        except NightError as error:
            end(str(error), DATA)
        summary = summarise(lake, day)
    score = _score(chosen, day)
    elapsed = time.monotonic() - began
    fine = is_fine(summary, score)
    if as_json:
        print_json({"summary": dataclasses.asdict(summary), "score": score, "seconds": round(elapsed, 1), "fine": fine})
    else:
        screen.finish(summary, score, elapsed, chosen)
    if not fine:
        raise typer.Exit(DATA)


def is_fine(summary: "Summary", score: Mapping[str, Any]) -> bool:
    """Return whether nobody has to look at a night: accounts close, targets are met, no library table is held back.

    Args:
        summary: what the night came to.
        score: what the city says of it; without ``fine`` where there is nothing to compare with.
    """
    stale = any(one.stale for one in summary.tables)
    held = bool(summary.unbalanced or summary.withheld or stale)
    return summary.published and not held and bool(score.get("fine", True))


def _score(chosen: Settings, day: date) -> Mapping[str, Any]:
    """Return what the city says of the night; ``reason`` where it could not say, not ``fine`` when it should have."""
    from citylake.services.airflow import task_environment

    command = [str(Path(sys.executable).with_name("citylake")), "score", "--json", "--night", day.isoformat()]
    done = subprocess.run(command, env=task_environment(chosen), capture_output=True, text=True, check=False)
    try:
        said: Mapping[str, Any] = json.loads(done.stdout)
    except ValueError:
        reason = {"reason": f"没有对照：{(done.stderr.strip().splitlines() or [''])[-1]}"}
        return reason if done.returncode == USE else {**reason, "fine": False}
    return said
