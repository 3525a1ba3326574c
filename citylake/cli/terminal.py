"""What all commands share: options, how they end, and how they print."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any, NoReturn

import typer

from citylake.business_date import BusinessDateError, parse

DATA, USE = 1, 2
"""Exit codes: the data is not fine; the command was used wrongly, or what it needs is not there yet."""

ENDINGS = "Ends with 0 when all is fine, 1 when the data is not, 2 when used wrongly or what it needs is not started or published."


def business_day(text: str) -> date:
    """Return the date of an option; what is none ends the command as wrong use."""
    try:
        return parse(text)
    except BusinessDateError as error:
        raise typer.BadParameter(str(error)) from error


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
BusinessDate = Annotated[
    date, typer.Option("--business-date", parser=business_day, metavar="YYYY-MM-DD", help="The night's business date.")
]
Night = Annotated[
    date | None,
    typer.Option(
        "--night", parser=business_day, metavar="YYYY-MM-DD", help="Business date; default: the newest published."
    ),
]


def end(message: str, code: int) -> NoReturn:
    """End the command with a sentence on standard error."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


@contextmanager
def told_plainly() -> Iterator[None]:
    """End the command with a plain sentence when something it needs is not there, the same one in every command."""
    from citylake.contract.errors import ContractError
    from citylake.ledger.errors import LedgerError
    from citylake.read.session import NotPublishedError
    from citylake.services.airflow_rest import AirflowError
    from citylake.spark.session import NoServerError
    from citylake.supervisor import ServiceError

    try:
        yield
    except (NotPublishedError, ServiceError, NoServerError, AirflowError, LedgerError) as error:
        end(str(error), USE)
    except ContractError as error:
        end(str(error), DATA)


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document; dates become text."""
    typer.echo(json.dumps(document, ensure_ascii=False, default=str))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table without borders; what stands in the data is not taken for markup, and nothing is cut off."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    table = Table(*(Column(name, overflow="fold") for name in columns), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    Console(soft_wrap=True).print(table)
