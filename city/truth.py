"""The truth beside the deliveries: who each record is, what was damaged, which cases a library must find. Only the score reads it."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from city.cases import CODE, KINDS
from city.expected import expected
from city.firm_truth import FIRM, FIRM_CASE, case_table, firm_table
from city.frames import Frame
from city.golden import differs, golden
from city.hashing import Ints
from city.lives import Lives
from city.mistakes import Damage
from city.texts import constant
from city.world import City

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
    ("sex_code", pa.string()), ("birth_date", pa.string()), ("death_date", pa.string()), ("ethnicity_code", pa.string()),
    ("marital_code", pa.string()), ("household_no", pa.string()), ("village_code", pa.string()), ("county_code", pa.string()),
    ("education_code", pa.string()), ("employer", pa.int64()), ("pension_insurance_code", pa.string()),
    ("medical_insurance_code", pa.string()), ("traits", pa.string()), ("business_date", pa.string()),
])  # fmt: skip
CASE = pa.schema([
    ("library", pa.string()), ("case", pa.string()), ("decoy", pa.bool_()), ("person", pa.int64()), ("since", pa.string()),
    ("status", pa.string()), ("event_date", pa.string()), ("end_date", pa.string()), ("months", pa.int64()),
    ("amount", pa.string()), ("latest_trace", pa.string()), ("source", pa.string()), ("business_date", pa.string()),
])  # fmt: skip
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
        """Note the legal entities that are new or changed, and the cases among them that come to light: all on day 0."""
        today = self._city.date_of(self._day)
        self._put("firm", "", FIRM, firm_table(lives, self._day), today)
        self._put("firm_case", "", FIRM_CASE, case_table(lives, self._day), today)

    def cases(self, lives: Lives) -> None:
        """Note every case that has come to light, with the answer expected on this business date."""
        rows = expected(lives, self._day)
        today = self._city.date_of(self._day)
        for row in rows:
            row["library"] = "silent_certification"
            row["decoy"] = KINDS[CODE[str(row["case"])]].decoy
            row["business_date"] = today.isoformat()
        if rows:
            self._put("case", "", CASE, pa.Table.from_pylist(rows, CASE), today)

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
