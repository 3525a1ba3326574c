"""``citylake new topic.housing__home``: the files of a new table, ready to be filled in."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from citylake.settings import settings

if TYPE_CHECKING:
    from citylake.contract.catalog import Catalog
    from citylake.contract.model import Contract

_NAME = re.compile(
    r"(?P<layer>clean|base|topic|office|special)\.(?P<domain>[a-z][a-z0-9_]*?)__(?P<thing>[a-z][a-z0-9_]*)"
)
_PERSON = "base.population__person"
_WRONG_USE = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("new")(make_table)


def make_table(
    table: Annotated[str, typer.Argument(help="<layer>.<domain>__<thing>, such as topic.housing__home.")],
    *,
    reads: Annotated[str | None, typer.Option("--input", help=f"Table it reads; default: {_PERSON}.")] = None,
    owner: Annotated[str | None, typer.Option(help="Department that answers for it; default: the input's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Write contract, SELECT and a first test case of a new table, and ``library.yml`` if its library is new.

    Of a collected (clean) one the contract and what the city delivers.
    """
    from citylake.contract.catalog import load_catalog
    from citylake.contract.errors import ContractError

    found = _NAME.fullmatch(table)
    if found is None:
        _end(
            f"'{table}' is no table name: write it as topic.housing__home (layers: clean, base, topic, office, special)"
        )
    project = settings().project
    try:
        catalog = load_catalog(project / "schemas")
        if table in catalog.contracts:
            _end(f"{table} exists already")
        files = (
            _collected(table, catalog, owner)
            if found["layer"] == "clean"
            else _derived(table, catalog, reads, owner) | _library(table, catalog, reads, owner)
        )
        written = _write(project, files)
        load_catalog.cache_clear()
        load_catalog(project / "schemas")
    except ContractError as error:
        _end(str(error))
    shown = [str(path.relative_to(project)) for path in written]
    typer.echo(json.dumps({"table": table, "files": shown}) if as_json else "\n".join(shown))


def _derived(table: str, catalog: "Catalog", reads: str | None, owner: str | None) -> dict[str, str]:
    source = catalog.contract(reads or _PERSON)
    key = list(source.key)
    folder, thing = _folder(table)
    named = ", ".join(key)
    columns = "\n".join(f"  {name}: {_column(source, name)}" for name in key)
    contract = f"""title: 待命名（{thing}）
grain: {_grain(source, key)}一行
owner: {owner or source.owner}
key: [{named}]
inputs:
  {source.thing}: {{table: {source.name}, on: [{named}]}}
columns:
{columns}
rules:
  warn:
    - row_count: {{min: 1}}
share: conditional
grade: {source.grade}
"""
    select = "SELECT\n" + ",\n".join(f"  {name}" for name in key) + f"\nFROM {source.thing}\n"
    row = _row(source, key)
    case = f"""# What the SELECT makes of these rows: all rows it makes, in any order.
business_date: 2026-11-30
given:
  {source.thing}:
    - {row}
expect:
  - {row}
"""
    return {
        f"schemas/{folder}/{thing}.yml": contract,
        f"jobs/{folder}/{thing}.sql": select,
        f"tests/tables/{folder}/{thing}/first.yml": case,
    }


def _collected(table: str, catalog: "Catalog", owner: str | None) -> dict[str, str]:
    from citylake.contract.plan import load_plan

    folder, thing = _folder(table)
    department = folder.partition("/")[2]
    if department not in catalog.departments:
        _end(f"no department '{department}'; there are {', '.join(catalog.departments)}")
    planned = load_plan(catalog.root).departments.get(department)
    title = (planned.resources.get(thing) if planned is not None else None) or f"待命名（{thing}）"
    contract = f"""title: {title}
grain: 一条为一件
owner: {owner or department}
source: {{form: csv, encoding: UTF-8, files: "{thing}_*.csv", as_of: {{filename: "{thing}_(\\\\d{{8}})"}}}}
mode: snapshot
due: {{every: day, time: "00:30", grace: 1d}}
key: [record_no]
columns:
  record_no: {{from: BH, label: 编号, grade: L2}}
rules:
  quarantine:
    - not_null: record_no
  gate:
    - vanished: {{max_percent: 5}}
share: conditional
grade: L3
"""
    generator = f'''"""{title}."""

from city.kit.people import Records
from city.world.frames import Frame
from city.world.people.lives import Lives


def project(lives: Lives, day: int) -> Frame:
    """Return everybody on the list, as it stands on a city day."""
    rows = Records.of_list(lives, "{department}.{thing}", day, lives.people.slot < 1)
    return rows.frame({{"record_no": rows.serial("record_no")}})
'''
    files = {f"schemas/{folder}/{thing}.yml": contract, f"city/departments/{department}/{thing}.py": generator}
    package = f"city/departments/{department}/__init__.py"
    if not (settings().project / package).exists():
        files[package] = f'"""{catalog.departments[department].name}."""\n'
    return files


def _library(table: str, catalog: "Catalog", reads: str | None, owner: str | None) -> dict[str, str]:
    """Return the library's file if it has none, with what the plan says of it and blanks for the rest."""
    from citylake.contract.library import BLANK
    from citylake.contract.plan import load_plan

    name = table.partition("__")[0]
    if name in catalog.libraries:
        return {}
    plan = load_plan(catalog.root)
    question = f"  - ask: {BLANK}\n    sql: |\n      SELECT {BLANK}\n      FROM {table}\n"
    library = f"""name: {plan.libraries.get(name, BLANK)}
owner: {owner or catalog.contract(reads or _PERSON).owner}
purpose: {BLANK}
serves: [{", ".join(plan.served_by(name)) if name in plan.libraries else BLANK}]
questions:
{question * 3}"""
    return {f"schemas/{_folder(table)[0]}/library.yml": library}


def _folder(table: str) -> tuple[str, str]:
    layer, _, rest = table.partition(".")
    domain, _, thing = rest.partition("__")
    return f"{layer}/{domain}", thing


def _grain(source: "Contract", key: list[str]) -> str:
    return "".join(f"一{source.columns[name].label}" for name in key)


def _column(source: "Contract", name: str) -> str:
    column = source.columns[name]
    said = {"label": column.label, "type": f'"{column.type}"', "grade": column.grade, "codes": column.codes}
    kept = {key: value for key, value in said.items() if value is not None and value != '"string"'}
    return "{" + ", ".join(f"{key}: {value}" for key, value in kept.items()) + "}"


def _row(source: "Contract", key: list[str]) -> str:
    examples = {"int": "1", "bigint": "1", "double": "1.0", "boolean": "true", "date": "2026-11-30"}
    shown = [f"{name}: {examples.get(source.columns[name].type, chr(34) + '1' + chr(34))}" for name in key]
    return "{" + ", ".join(shown) + "}"


def _write(project: Path, files: Mapping[str, str]) -> list[Path]:
    paths = [project / name for name in files]
    if there := [path for path in paths if path.exists()]:
        _end(f"{there[0].relative_to(project)} exists already: nothing was written")
    for path, text in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return paths


def _end(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(_WRONG_USE)
