"""``citylake doctor``: what is missing or does not fit together, and what to do about it."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from citylake.settings import settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    *,
    close: Annotated[bool, typer.Option("--close", help="First close files that others may read.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Check packages, jars, Java, disk, user, secrets, files, ledger, services and leftover processes.

    Exit 1 when one is not fine.
    """
    from citylake.services import closed
    from citylake.services.checks import examine

    if close:
        closed.close(settings())
    findings = examine(settings())
    fine = all(finding.fine for finding in findings)
    if as_json:
        document = {"fine": fine, "findings": [asdict(finding) for finding in findings]}
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        for finding in findings:
            typer.echo(f"{'ok ' if finding.fine else 'BAD'}  {finding.check:10} {finding.found}")
            if finding.remedy:
                typer.echo(f"{'':16}→ {finding.remedy}")
    raise typer.Exit(0 if fine else 1)
