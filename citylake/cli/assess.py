"""``citylake assess``: a made-up city of its own, resolved by this lake and held against its truth."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from citylake.cli.terminal import DATA, ENDINGS, USE, AsJson, end, print_json, told_plainly
from citylake.settings import Settings, settings

if TYPE_CHECKING:
    import pyarrow as pa

    from city.score.report import Assessment
    from citylake.lake import Lake

TUNING_SEEDS = (3707, 7, 8, 11, 12, 13)
"""Seeds on which rules and thresholds may be tuned; no reported score uses one of them."""
PEOPLE, SEED = 100_000, 2026
FIRST_MORNING = date(2026, 11, 22)
"""The business date of every city that is scored: what a seed and a size give does not depend on today."""
_TABLES = {
    "person": "base.population__person",
    "identity": "base.population__identity",
    "entity": "base.legal_entity__entity",
}
_PAGE = Path("docs/resolution.md")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("assess", epilog=ENDINGS)(assess_resolution)


def assess_resolution(
    *,
    seed: Annotated[int, typer.Option(help="Seed of the made-up city.")] = SEED,
    people: Annotated[int, typer.Option(min=100, help="Its inhabitants.")] = PEOPLE,
    page: Annotated[bool, typer.Option("--page/--no-page", help="Write docs/resolution.md.")] = True,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the lake where it is; a second call scores it again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a city, deliver it, resolve it without Airflow, score it; ends with 1 unless every target holds."""
    if seed in TUNING_SEEDS and page:
        end(f"种子 {seed} 用于调参，不能用来报告：换一个种子，或加 --no-page", USE)
    chosen = settings()
    own = chosen.model_copy(
        update={
            "home": chosen.home / "assess" / f"{seed}-{people}",
            "lake": "", "landing": "", "ledger": "", "seed": seed, "people": people,
        }
    )  # fmt: skip
    began = time.monotonic()
    try:
        with told_plainly():
            found, text = _assessed(own, FIRST_MORNING, quiet=as_json)
    finally:
        if not keep:
            shutil.rmtree(own.home, ignore_errors=True)
    if page:
        (chosen.project / _PAGE).write_text(text, "utf-8")
    _tell(found, time.monotonic() - began, as_json=as_json)
    raise typer.Exit(0 if found.fine else DATA)


def _assessed(own: Settings, day: date, *, quiet: bool) -> "tuple[Assessment, str]":
    import duckdb

    from city.delivery.deliver import truth_folder
    from city.score.lake import load_lake
    from city.score.report import assess, page
    from city.score.truth import load_truth
    from citylake.lake import open_lake
    from citylake.ledger.nights.nights import night

    lake = open_lake(own)
    try:
        if night(lake.ledger, day) is None or not _made(lake):
            _make(lake, day, quiet=quiet)
        with duckdb.connect() as connection:
            load_truth(connection, truth_folder(own), day)
            missing = load_lake(
                connection, lambda table, columns: _read(lake, table, columns), lake.catalog, _wanted(lake)
            )
            found = assess(connection, own.people, own.seed, missing)
            return found, page(found, connection, TUNING_SEEDS)
    finally:
        lake.ledger.dispose()


def _wanted(lake: "Lake") -> dict[str, str]:
    return {name: table for name, table in _TABLES.items() if table in lake.catalog.contracts}


def _made(lake: "Lake") -> bool:
    from citylake.ledger.runs.tables import table_states

    states = table_states(lake.ledger)
    return all(table in states for table in _wanted(lake).values())


def _make(lake: "Lake", day: date, *, quiet: bool) -> None:
    """Let the city deliver and the lake take it, up to the libraries."""
    from city.delivery.deliver import deliver
    from citylake.night.alone import NightAloneError, run_alone

    delivered = deliver(lake.settings, day)
    if not quiet:
        typer.echo(f"{lake.settings.people:,} 人，种子 {lake.settings.seed}：报送 {sum(delivered.rows.values()):,} 行")
    with _served(lake.settings):
        last = time.monotonic()
        try:
            for table, rows in run_alone(lake, day, [*lake.catalog.crosswalks.values(), *_wanted(lake).values()]):
                now = time.monotonic()
                if not quiet:
                    typer.echo(f"  {table:56}{rows or 0:>12,} 行{now - last:8.1f} 秒")
                last = now
        except NightAloneError as error:
            end(str(error), DATA)


@contextmanager
def _served(own: Settings) -> Iterator[None]:
    """Run the city's API and, unless one is configured, a Spark server for a block."""
    from city.delivery.api import listening
    from citylake.spark.server import Tuning, start_server, stop_server

    if not own.spark_remote:
        start_server(own, Tuning(short_lived=False))
    try:
        with listening(own) as (server, bound):
            thread = Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
            thread.start()
            try:
                yield
            finally:
                server.should_exit = True
                thread.join(timeout=30)
    finally:
        if not own.spark_remote:
            stop_server(own)


def _read(lake: "Lake", table: str, columns: Sequence[str]) -> "pa.RecordBatchReader | None":
    """Give some columns of a table's newest version, without Spark."""
    import pyarrow as pa
    from deltalake import DeltaTable, QueryBuilder

    if not DeltaTable.is_deltatable(lake.location(table)):
        return None
    names = ", ".join(f'"{name}"' for name in columns)
    asked = QueryBuilder().register("t", DeltaTable(lake.location(table))).execute(f"SELECT {names} FROM t")
    return pa.RecordBatchReader.from_stream(asked)


def _tell(found: "Assessment", seconds: float, *, as_json: bool) -> None:
    from dataclasses import asdict

    from city.score.report import table

    if as_json:
        verdicts = [asdict(one) for one in found.verdicts]
        print_json({"seed": found.seed, "people": found.people, "fine": found.fine, "seconds": round(seconds),
                    "verdicts": verdicts, "missing": list(found.missing)})  # fmt: skip
        return
    for line in table(found):
        typer.echo(line)
    for name in found.missing:
        typer.echo(f"没有做成：{name}")
    typer.echo(f"{'全部达标' if found.fine else '未全部达标'}，用时 {seconds:,.0f} 秒")
