"""``citylake up`` and ``citylake stop``."""

import json

import typer

from citylake.cli.terminal import ENDINGS, AsJson, told_plainly
from citylake.settings import settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("up", epilog=ENDINGS)(start_services)
    app.command("stop", epilog=ENDINGS)(stop_services)


def start_services(*, as_json: AsJson = False) -> None:
    """Start the Spark server and Airflow, and wait until they are healthy. What runs already is left alone."""
    from citylake.services.airflow import ADMIN, airflow_url
    from citylake.services.lake import up

    with told_plainly():
        running = up(settings())
        url = airflow_url(settings())
    if as_json:
        services = {found.name: {"pid": found.pid, "port": found.port} for found in running}
        typer.echo(json.dumps({"services": services, "airflow": url}))
        return
    for found in running:
        typer.echo(f"{found.name:18} pid {found.pid}" + (f", port {found.port}" if found.port else ""))
    typer.echo(f"Airflow: {url}  user {ADMIN}, password in {settings().secrets / 'airflow_users.json'}")


def stop_services(*, as_json: AsJson = False) -> None:
    """Stop every service that was started for this lake; running tasks end and are taken up by the next night."""
    from citylake.services.lake import down

    with told_plainly():
        stopped = down(settings())
    if as_json:
        typer.echo(json.dumps({"stopped": stopped}))
    else:
        typer.echo(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")
