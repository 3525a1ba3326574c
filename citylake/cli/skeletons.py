"""What ``citylake new`` writes, by its place in the project, with blanks where somebody has to say something."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from citylake.contract.blanks import BLANK
from citylake.spelling import parts_of

if TYPE_CHECKING:
    from citylake.contract.library import Library
    from citylake.contract.model import Contract
    from citylake.contract.plan import Plan

SLOTS = 2
"""Slots that a first file of cases takes."""
_OWN = ("person_id", "entity_id")
"""Columns by which linked tables say who a record is about; none where nobody could be found."""


def collected(department: str, thing: str, title: str | None, owner: str) -> dict[str, str]:
    """Return the contract of a resource about people, and the module by which the city delivers it."""
    contract = f"""title: {title or BLANK}
grain: {BLANK}
owner: {owner}
source: {{form: csv, encoding: UTF-8, files: "{thing}_*.csv", as_of: {{filename: "{thing}_(\\\\d{{8}})"}}}}
mode: snapshot
due: {{every: day, time: "00:30", grace: 1d}}
key: [record_no]
identity:
  person:
    self: {{id_no: id_no, name: name}}
columns:
  record_no: {{from: {BLANK}}}
  id_no: {{from: {BLANK}}}
  name: {{from: {BLANK}}}
rules:
  quarantine:
    - not_null: record_no
  warn:
    - valid_id_no: id_no
  gate:
    - vanished: {{max_percent: 20}}
share: conditional
grade: L3
"""
    resource = f"{department}.{thing}"
    generator = f'''"""{title or BLANK}."""

from city.kit.people import Records
from city.world.frames import Frame
from city.world.people.lives import Lives


def project(lives: Lives, day: int) -> Frame:
    """Return everybody on the list, as it stands on a city day."""
    p, city = lives.people, lives.city
    listed = city.chance(p.person, "{resource}", 0.05) & lives.here(city.first + day)
    rows = Records.of_list(lives, "{resource}", day, listed)
    return rows.frame({{"record_no": rows.serial("{thing}")}})
'''
    return {f"schemas/clean/{department}/{thing}.yml": contract, f"city/departments/{department}/{thing}.py": generator}


def derived(table: str, source: "Contract", owner: str) -> dict[str, str]:
    """Return contract, SELECT and first case of a table that has a row for each of its input; of a linked one for each person or firm."""
    own = [name for name in _OWN if source.layer == "linked" and name in source.columns][:1]
    key = own or list(source.key)
    folder, thing = _folder(table)
    named = ", ".join(key)
    columns = "\n".join(f"  {name}: {_column(source, name)}" for name in key)
    contract = f"""title: {BLANK}
grain: {"".join(f"一{source.columns[name].label}" for name in key)}一行
owner: {owner}
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
    select += f"WHERE {named} IS NOT NULL\nGROUP BY {named}\n" if own else ""
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


def library(table: str, plan: "Plan", owner: str) -> dict[str, str]:
    """Return the file of a table's library, with what the plan says of it."""
    name = f"{parts_of(table).layer}.{parts_of(table).domain}"
    question = f"  - ask: {BLANK}\n    sql: |\n      SELECT {BLANK}\n      FROM {table}\n"
    text = f"""name: {plan.libraries.get(name, BLANK)}
owner: {owner}
purpose: {BLANK}
serves: [{", ".join(plan.served_by(name)) if name in plan.libraries else BLANK}]
questions:
{question * 3}"""
    return {f"schemas/{_folder(table)[0]}/library.yml": text}


def cases(library: "Library", table: "Contract", slots: Sequence[int]) -> dict[str, str]:
    """Return a file with one case on people and one decoy, both of which are read from a table."""
    view = table.name.partition(".")[2]
    text = f'''"""{library.name}: {BLANK}."""

import numpy as np
import pyarrow as pa

from city.world.city import City
from city.world.people.lives import Lives
from city.world.planting import Cases, Fates, Kind, Reading, placed, told

SLOTS = ({", ".join(map(str, slots))})
KINDS = (Kind("{BLANK}", 20), Kind("{BLANK}_decoy", 20, decoy=True))
TRUTH = pa.schema([])


def fates(city: City) -> Fates:
    """Return what happens to the people of the cases."""
    _, person = placed(city, KINDS, SLOTS)
    return Fates.of(person, np.zeros_like(person))


def expected(lives: Lives, _: int) -> pa.Table:
    """Return the cases, all of which have come to light on the first day."""
    return told(lives, KINDS, SLOTS)


READING = Reading(
    tables={{"{table.name}": {{"person_id": "person_id"}}}},
    answers="SELECT person_id AS subject FROM {view}",
    found={{"{BLANK}": "e.subject IS NOT NULL"}},
    reported={{"{BLANK}_decoy": "e.subject IS NOT NULL"}},
)
CASES = Cases("{library.name}", "person", KINDS, SLOTS, TRUTH, expected, READING, fates)
'''
    return {f"city/cases/{library.id.partition('.')[2]}.py": text}


def code_list(name: str) -> dict[str, str]:
    """Return a list of two codes."""
    return {f"schemas/codes/{name}.csv": f"code,label\n1,{BLANK}\n2,{BLANK}\n"}


def _folder(table: str) -> tuple[str, str]:
    layer, domain, thing = parts_of(table)
    return f"{layer}/{domain}", thing


def _column(source: "Contract", name: str) -> str:
    column = source.columns[name]
    said = {"label": column.label, "type": f'"{column.type}"', "grade": column.grade, "codes": column.codes}
    kept = {key: value for key, value in said.items() if value is not None and value != '"string"'}
    return "{" + ", ".join(f"{key}: {value}" for key, value in kept.items()) + "}"


def _row(source: "Contract", key: list[str]) -> str:
    examples = {"int": "1", "bigint": "1", "double": "1.0", "boolean": "true", "date": "2026-11-30"}
    shown = [f"{name}: {examples.get(source.columns[name].type, chr(34) + '1' + chr(34))}" for name in key]
    return "{" + ", ".join(shown) + "}"
