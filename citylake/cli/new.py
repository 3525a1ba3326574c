"""``citylake new topic.housing__home``: the files of something new, ready to be filled in."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citylake.cli import skeletons
from citylake.cli.terminal import USE, AsJson, end, told_plainly
from citylake.settings import settings

if TYPE_CHECKING:
    from citylake.contract.catalog import Catalog

_PERSON = "base.population__person"
_WORD = "[a-z][a-z0-9_]*"
_TABLE = re.compile(rf"(?P<layer>clean|base|topic|office|special)\.(?P<domain>{_WORD}?)__(?P<thing>{_WORD})")
_OTHER = re.compile(rf"(?P<what>codes|cases)\.(?P<name>{_WORD})")
_FORMS = """write it as
  clean.hrss__job_post     a resource of a department
  topic.housing__home      a table of a library (layers: base, topic, office, special)
  cases.housing            the planted cases of a library
  codes.house_use          a code list"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("new")(make_new)


def make_new(
    name: Annotated[str, typer.Argument(help="<layer>.<domain>__<thing>, cases.<library> or codes.<list>.")],
    *,
    reads: Annotated[str, typer.Option("--input", help="Table that a derived table reads.")] = _PERSON,
    owner: Annotated[str | None, typer.Option(help="Department that answers for it; default: the input's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the files of a new table, its library, planted cases or a code list; 'citylake compile' names what is left to fill in.

    Of a collected (clean) table: the contract, and the module by which the made-up city delivers it. Of a derived one: contract,
    SELECT, a first test case, and library.yml if its library is new. See docs/adding.md.
    """
    from citylake.contract.catalog import load_catalog
    from citylake.contract.errors import ContractError

    table, other = _TABLE.fullmatch(name), _OTHER.fullmatch(name)
    if table is None and other is None:
        end(f"'{name}' is no name of anything new: {_FORMS}", USE)
    project = settings().project
    if not (project / "schemas").is_dir():
        end(f"{project} has no schemas/: set CITYLAKE_PROJECT to the project's folder, or call from there", USE)
    try:
        with told_plainly():
            catalog = load_catalog(project / "schemas")
        if owner is not None and owner not in catalog.departments:
            end(f"--owner: no department '{owner}'; there are {', '.join(catalog.departments)}", USE)
        files = _table(name, catalog, reads, owner) if other is None else _other(other["what"], other["name"], catalog)
    except ContractError as error:
        end(str(error), USE)
    _write(project, files)
    load_catalog.cache_clear()
    with told_plainly():
        load_catalog(project / "schemas")
    typer.echo(json.dumps({"name": name, "files": list(files)}) if as_json else "\n".join(files))


def _table(table: str, catalog: "Catalog", reads: str, owner: str | None) -> dict[str, str]:
    from citylake.contract.plan import load_plan
    from citylake.spelling import parts_of

    if table in catalog.contracts:
        end(f"{table} exists already", USE)
    plan = load_plan(catalog.root)
    if not table.startswith("clean."):
        source = catalog.contract(reads)
        derived = skeletons.derived(table, source, owner or source.owner)
        library = f"{parts_of(table).layer}.{parts_of(table).domain}"
        return derived | (
            skeletons.library(table, plan, owner or source.owner) if library not in catalog.libraries else {}
        )
    _, department, thing = parts_of(table)
    if department not in catalog.departments:
        end(
            f"no department '{department}'; there are {', '.join(catalog.departments)}; a new one is a file"
            f" schemas/departments/{department}.yml (schemas/README.md)",
            USE,
        )
    planned = plan.departments.get(department)
    title = planned.resources.get(thing) if planned is not None else None
    files = skeletons.collected(department, thing, title, owner or department)
    package = f"city/departments/{department}/__init__.py"
    if not (settings().project / package).exists():
        files[package] = f'"""{catalog.departments[department].name}."""\n'
    return files


def _other(what: str, name: str, catalog: "Catalog") -> dict[str, str]:
    if what == "codes":
        return skeletons.code_list(name)
    from city.world.planting import free_slots, libraries
    from citylake.spelling import table_name

    of_it = [one for one in catalog.libraries.values() if one.id.partition(".")[2] == name]
    if not of_it:
        known = ", ".join(one.partition(".")[2] for one in catalog.libraries)
        first = table_name("special", name, "<thing>")
        end(
            f"no library '{name}'; there are {known}; its first table makes one: citylake new {first}",
            USE,
        )
    tables = [
        table
        for table in catalog.derived
        if f"{table.layer}.{table.domain}" == of_it[0].id and "person_id" in table.columns and not table.restricted
    ]
    if not tables:
        end(
            f"no table of {of_it[0].id} is about people: cases of legal entities are written as city/cases/legal_entity.py is",
            USE,
        )
    written = [table for table in tables if table.generated is None] or tables
    slots = free_slots(libraries())
    if len(slots) < skeletons.SLOTS:
        end(
            "all slots of grown-up people are taken: begin with a file of city/cases and say shares= (city/README.md)",
            USE,
        )
    return skeletons.cases(of_it[0], written[0], slots[: skeletons.SLOTS])


def _write(project: Path, files: Mapping[str, str]) -> None:
    if there := [name for name in files if (project / name).exists()]:
        end(f"{there[0]} exists already: nothing was written", USE)
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, "utf-8")
