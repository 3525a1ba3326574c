"""The truth beside the deliveries: who each record is, what was damaged, which cases a library must find. Only the score reads it."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from city.world.city import City
from city.world.firms.truth import FIRM, firm_table
from city.world.frames import Frame
from city.world.hashing import Ints
from city.world.mistakes import Damage
from city.world.people.lives import Lives
from city.world.people.truth import differs, golden
from city.world.planting import Cases, libraries
from city.world.texts import constant

LINK = pa.schema(
    [
        ("resource", pa.string()),
        ("record_key", pa.string()),
        ("kind", pa.string()),
        ("role", pa.string()),
        ("person", pa.int64()),
        ("business_date", pa.string()),
    ]
)
ERROR = pa.schema(
    [
        ("resource", pa.string()),
        ("record_key", pa.string()),
        ("field", pa.string()),
        ("kind", pa.string()),
        ("business_date", pa.string()),
    ]
)
PERSON = pa.schema([
    ("person", pa.int64()), ("id_kind_code", pa.string()), ("id_no", pa.string()), ("name", pa.string()), ("former_name", pa.string()),
    ("sex_code", pa.string()), ("birth_date", pa.string()), ("death_date", pa.string()), ("life_state_code", pa.string()),
    ("ethnicity_code", pa.string()),
    ("marital_code", pa.string()), ("household_no", pa.string()), ("village_code", pa.string()), ("county_code", pa.string()),
    ("education_code", pa.string()), ("employer", pa.int64()), ("pension_insurance_code", pa.string()),
    ("medical_insurance_code", pa.string()), ("traits", pa.string()), ("business_date", pa.string()),
])  # fmt: skip


def case_schema(cases: Cases) -> pa.Schema:
    """Return the columns of the truth about a library's cases; ``number`` is that of the person or legal entity."""
    head = [("case", pa.string()), ("decoy", pa.bool_()), ("number", pa.int64())]
    return pa.schema([*head, *cases.truth, ("business_date", pa.string())])


_BY_NUMBER_ONLY = ("father", "mother", "spouse")
"""Roles that are known by an ID number alone."""


class TruthWriter:
    """Writes the truth of one city day, chunk by chunk, under ``folder/<kind>/…/<yyyymmdd>.parquet``."""

    def __init__(self, folder: Path, city: City, day: int) -> None:
        self._folder, self._city, self._day = folder, city, day
        self._writers: dict[Path, pq.ParquetWriter] = {}

    def records(self, frame: Frame, damages: list[Damage], usable: date) -> None:
        """Note who the rows of a frame are and what was damaged.

        Args:
            frame: rows as the department keeps them.
            damages: what ``mistakes.damage`` did.
            usable: business date on which they can first be in the lake.
        """
        key = frame.key_text()
        links = [_links(frame, key, "person", role, person) for role, person in frame.roles.items()]
        links += [_links(frame, key, "legal_entity", role, firm) for role, firm in frame.firms.items()]
        if links:  # of whom nobody is told, nobody is to be found
            self._put("link", frame.resource, LINK, pa.concat_tables(links), usable)
        errors = [
            pa.table(
                {
                    "record_key": key.take(pa.array(item.rows)),
                    "field": constant(item.field, len(item.rows)),
                    "kind": constant(item.kind, len(item.rows)),
                }
            )  # fmt: skip
            for item in damages
        ]
        if errors:
            self._put("error", frame.resource, ERROR, pa.concat_tables(errors), usable)

    def people(self, lives: Lives) -> None:
        """Note the people who are new, or of whom something else is true than the day before: everybody on day 0."""
        p, last = lives.people, self._city.first + self._day - 1
        chosen = (p.arrive <= last) & (p.birth <= last)
        table = golden(lives, self._day)
        if self._day:
            chosen &= (p.arrive == last) | differs(table, golden(lives, self._day - 1))
        self._put("person", "", PERSON, table.filter(pa.array(chosen)), self._city.date_of(self._day))

    def firms(self, lives: Lives) -> None:
        """Note the legal entities that are new or changed: all on day 0."""
        self._put("firm", "", FIRM, firm_table(lives, self._day), self._city.date_of(self._day))

    def cases(self, lives: Lives) -> None:
        """Note every case that has come to light, with the answer its library should give on this business date."""
        for library, cases in libraries().items():
            table = cases.expected(lives, self._day)
            decoys = pa.array([kind.name for kind in cases.kinds if kind.decoy], pa.string())
            table = table.append_column("decoy", pc.is_in(table.column("case"), decoys))
            self._put("case", library, case_schema(cases), table, self._city.date_of(self._day))

    def close(self) -> None:
        """Make the files visible."""
        for path, writer in self._writers.items():
            writer.close()
            path.with_name(f".{path.name}.part").replace(path)

    def _put(self, kind: str, resource: str, schema: pa.Schema, table: pa.Table, usable: date) -> None:
        if table.num_rows == 0:
            return
        path = self._folder / kind / resource / f"{self._city.date_of(self._day):%Y%m%d}.parquet"
        for name, value in (("resource", resource), ("business_date", usable.isoformat())):
            if name in schema.names and name not in table.column_names:
                table = table.append_column(name, pa.array([value] * table.num_rows, pa.string()))
        if path not in self._writers:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[path] = pq.ParquetWriter(path.with_name(f".{path.name}.part"), schema)
        self._writers[path].write_table(table.select(schema.names).cast(schema))


def _links(frame: Frame, key: pa.StringArray, kind: str, role: str, number: Ints) -> pa.Table:
    """Say who a role of each row is; a role known by a number alone says nothing where the number is missing."""
    known = number >= 0
    if role in _BY_NUMBER_ONLY and f"{role}_name" not in frame.columns:
        known &= pc.is_valid(frame.columns[f"{role}_id_no"]).to_numpy(zero_copy_only=False)
    rows = pa.array(np.flatnonzero(known))
    said = {"record_key": key.take(rows), "kind": constant(kind, len(rows)), "role": constant(role, len(rows))}
    return pa.table(said | {"person": number[known]})
