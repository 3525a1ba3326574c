"""``citylake night`` and what goes with it: compile the contracts, run one table, accept a refused delivery."""

import dataclasses
import getpass
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from citylake.settings import Settings, settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
BusinessDate = Annotated[str, typer.Option("--business-date", help="yyyy-mm-dd")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("night")(run_night)
    app.command("compile")(compile_contracts)
    app.command("run")(run_one_table)
    app.command("accept")(accept_delivery)


def compile_contracts(*, as_json: AsJson = False) -> None:
    """Check all contracts and SELECTs and compile the contracts for Airflow."""
    from schemas.catalog import load_catalog
    from schemas.compiled import write_compiled
    from schemas.errors import ContractError
    from schemas.select import check_transforms

    try:
        catalog = load_catalog(settings().project / "schemas")
    except ContractError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if refused := check_transforms(catalog, settings().project / "jobs"):
        typer.echo("\n".join(refused), err=True)
        raise typer.Exit(1)
    path = write_compiled(catalog, settings().home)
    found = {"file": str(path), "tables": len(catalog.contracts), "departments": len(catalog.departments)}
    typer.echo(json.dumps(found) if as_json else f"{len(catalog.contracts)} tables compiled")


def run_night(
    *,
    people: Annotated[int | None, typer.Option(help="Inhabitants, the first time; default CITYLAKE_PEOPLE.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nobody delivers on this date.")] = False,
    minutes: Annotated[int, typer.Option(help="How long to wait for the publication.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Run the next business date of the made-up city from delivery to publication, and say what it came to."""
    from city.deliver import CityError, deliver
    from jobs.night.conductor import NightError, conduct, next_date
    from jobs.night.screen import Screen
    from jobs.night.summary import summarise
    from jobs.services.airflow_rest import AirflowClient, AirflowError
    from jobs.services.city_api import start_city_api
    from jobs.services.lake import up
    from jobs.services.supervisor import ServiceError

    began = time.monotonic()
    chosen = settings() if people is None else settings().model_copy(update={"people": people})
    lake = _open(chosen)
    screen = Screen(lake.catalog, silent=as_json)
    try:
        with screen:
            screen.say("启动服务")
            up(chosen)
            day = next_date(lake)
            screen.start(day)
            screen.say("各部门准备数据")
            deliver(chosen, day, quiet=quiet)
            start_city_api(chosen)
            with AirflowClient(chosen) as client:
                for progress in conduct(lake, client, day, limit=timedelta(minutes=minutes)):
                    screen.show(progress, summarise(lake, day))
    except KeyboardInterrupt:
        typer.echo("\n这一晚在后台继续；再运行一次同样的命令可接着看。", err=True)
        raise typer.Exit(130) from None
    except (CityError, NightError, ServiceError, AirflowError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    summary, score = summarise(lake, day), _score(chosen, day)
    elapsed = time.monotonic() - began
    if as_json:
        said = {"summary": dataclasses.asdict(summary), "score": score, "seconds": round(elapsed, 1)}
        typer.echo(json.dumps(said, ensure_ascii=False, default=str))
    else:
        screen.finish(summary, score, elapsed, chosen)
    if summary.unbalanced:
        raise typer.Exit(1)


def run_one_table(
    table: str,
    business_date: BusinessDate,
    *,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Evaluate everything, write what differs.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say what would be read, checked and written.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run one table for a business date."""
    from jobs.night.explain import explained
    from schemas.errors import ContractError

    lake = _open(settings())
    try:
        contract = lake.catalog.contract(table)
        day = date.fromisoformat(business_date)
    except (ContractError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if explain:
        said = explained(lake, contract)
        typer.echo(json.dumps(said, ensure_ascii=False) if as_json else "\n".join(f"{k}: {v}" for k, v in said.items()))
        return
    from jobs.engine.run import run_table
    from jobs.spark.session import NoServerError, session
    from ledger.nights import night

    pinned = night(lake.ledger, day)
    try:
        with session(lake.settings) as spark:
            done = run_table(lake, spark, table, day, rebuild=rebuild, pinned=pinned.vector if pinned else None)
    except NoServerError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    said = dataclasses.asdict(done)
    typer.echo(
        json.dumps(said, ensure_ascii=False) if as_json else f"{table}: {done.state} {done.counts} {done.reason}"
    )
    if done.state in ("refused", "failed", "waiting"):
        raise typer.Exit(1)


def accept_delivery(
    delivery: int,
    reason: Annotated[str, typer.Option(help="Why it may pass; kept for the auditors.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Have a refused delivery taken without the gates by the next night, on somebody's word."""
    from ledger.deliveries import take_by_decision
    from ledger.errors import LedgerError

    lake = _open(settings())
    try:
        taken = take_by_decision(lake.ledger, delivery, actor=getpass.getuser(), reason=reason)
    except LedgerError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    said = {"delivery": taken.id, "resource": taken.resource, "verdict": taken.verdict}
    typer.echo(json.dumps(said) if as_json else f"delivery {taken.id} of {taken.resource}: the next night takes it")


def _open(chosen: Settings) -> Any:
    from jobs.lake import open_lake
    from schemas.errors import ContractError

    try:
        return open_lake(chosen)
    except ContractError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _score(chosen: Settings, day: date) -> Mapping[str, Any] | None:
    """Return what the city says of the night, None when it cannot say (no truth, nothing published)."""
    command = [str(Path(sys.executable).with_name("citylake")), "score", "--json", "--night", day.isoformat()]
    from jobs.services.airflow import task_environment

    done = subprocess.run(command, env=task_environment(chosen), capture_output=True, text=True, check=False)
    try:
        said: Mapping[str, Any] = json.loads(done.stdout)
    except ValueError:
        return None
    return said
