"""The project's own tables over a lake of a few people: clean tables as their deliveries would leave them, and all that is made of them.

What becomes of deliveries is tried elsewhere (``test_modes.py``); here the clean tables are written as the engine writes them, in commits
of runs that the ledger knows, so that everything above reads them through their change feeds.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from city.world.firms.codes import credit_codes, organisation_codes
from city.world.texts import text_of
from citylake.contract.catalog import Catalog
from citylake.contract.linked import linked_name, subject_column
from citylake.contract.model import CollectedContract, DerivedContract, Role
from citylake.delta.sql_text import quoted
from citylake.delta.tables import clean_columns, ensure_clean, local_frame
from citylake.engine.run.context import Context, TableResult
from citylake.engine.run.meaning import meaning
from citylake.engine.run.record import running, sole_writer
from citylake.engine.run.run import run_table
from citylake.lake import Lake
from citylake.ledger.runs.runs import Outcome
from citylake.ledger.runs.tables import accept
from tests.promises.duck import arrow_schema
from tests.promises.values import Values

PEOPLE = 8
NIGHTS = (date(2026, 1, 30), date(2026, 3, 2))
"""A month and its end pass between the two."""
_TOMBSTONE = 6
_DELETED = (3, 4)
_MOVED = {0: 1, 1: 5, 2: 2, 7: 0}
"""Record -> person it is about from the second night on; one stays with its own."""
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
Row = dict[str, Any]


@dataclass
class Resource:
    """The records of one clean table."""

    catalog: Catalog
    contract: CollectedContract
    _random: Random = field(init=False)
    _values: Values = field(init=False)

    def __post_init__(self) -> None:
        linked = self.catalog.contract(linked_name(self.contract))
        assert isinstance(linked, DerivedContract)
        self._values = Values(self.catalog, linked, None)
        self._random = Random(self.contract.name)

    def nights(self) -> list[list[Row]]:
        """Return the rows that each night writes.

        First everybody has a record, one of them deleted already. Then records move to other people, change, are deleted,
        come back and are added, one under a borrowed number; whoever had nothing but a deleted record is gone.
        """
        first = [self._row(n, n, NIGHTS[0], deleted=n == _TOMBSTONE) for n in range(PEOPLE)]
        moved = [self._row(number, person, NIGHTS[1]) for number, person in _MOVED.items()]
        deleted = [first[number] | {"_deleted": True, "_as_of": NIGHTS[1]} for number in _DELETED]
        added = [self._row(number, number % PEOPLE, NIGHTS[1]) for number in (_TOMBSTONE, PEOPLE + 1)]
        return [first, [*moved, *deleted, *added, self._row(PEOPLE, 1, NIGHTS[1], name_of=4)]]

    def _row(self, number: int, person: int, day: date, *, name_of: int = 0, deleted: bool = False) -> Row:
        """Return a record about a person and, in its other roles, about others; ``name_of``: how many people further the name is."""
        contract, table = self.contract, self.contract.name
        row = {name: self._random.choice(self._values.of_column(table, name, day)) for name in contract.columns}
        roles = [(name, role) for kind in contract.identity.values() for name, role in kind.items()]
        for place, (_, role) in enumerate(roles):
            said, named = _said_of(person + place * 2), _said_of(person + place * 2 + name_of)
            row |= _of_role(role, said | {"name": named["name"], "birth_date": named["birth_date"]})
        row |= {name: self._first_code(name) or f"K{number}" for name in contract.key}
        if contract.change is not None:
            row |= {name: datetime.combine(day, datetime.min.time()) for name in contract.change.order}
        key = [str(row[name]) for name in contract.key]
        row |= {subject_column(name): _subject(table, name, role, key, row) for name, role in roles}
        row["_row_hash"] = int(_hashed(*map(str, row.values()))[:15], 16)
        return row | {
            "_record_id": f"r{_hashed(table, *key)}",
            "_delivery_id": NIGHTS.index(day) + 1,
            "_line": number + 2,
            "_as_of": day,
            "_deleted": deleted,
            "_held_since": None,
        }

    def _first_code(self, name: str) -> str | None:
        codes = self.contract.columns[name].codes
        return next(iter(self.catalog.codes[codes])) if codes is not None else None


@dataclass
class City:
    """The lake."""

    lake: Lake
    spark: SparkSession
    day: date = NIGHTS[0]

    @property
    def catalog(self) -> Catalog:
        """The contracts."""
        return self.lake.catalog

    def write(self, contract: CollectedContract, rows: Sequence[Row]) -> None:
        """Put rows in the place of those of the same keys, as a delivery does."""
        uri = self.lake.location(contract.name)
        context = Context(self.lake, self.spark, self.day)
        types = {column.name: column.type for column in clean_columns(contract)}
        frame = local_frame(self.spark, pa.Table.from_pylist(list(rows), schema=arrow_schema(types)))
        frame = frame.select(*[F.col(quoted(name)).cast(kind).alias(name) for name, kind in types.items()])
        units = [tuple(row[name] for name in contract.key) for row in rows]
        said = meaning(self.lake, contract)
        ensure_clean(self.spark, uri, contract)
        with (
            sole_writer(context, contract.name) as held,
            running(context, contract, "delivery", {}, said) as record,
        ):
            written = record.writer(uri, accepted=True).replace_listed(frame, contract.key, units)
            record.close(Outcome(state="done", version=written.version, rows=len(rows), accepted=True), held)

    def make_all(self) -> dict[str, TableResult]:
        """Bring every derived table up to its inputs, in the order of the data flow, and accept it."""
        return {contract.name: self._make(contract) for contract in self.catalog.derived}

    def _make(self, contract: DerivedContract) -> TableResult:
        result = self.run(contract.name)
        assert result.state in {"written", "unchanged"}, f"{contract.name}: {result.state}: {result.reason}"
        accept(self.lake.ledger, [contract.name], business_date=self.day)
        return result

    def run(self, table: str, *, rebuild: bool = False) -> TableResult:
        """Run one table."""
        return run_table(self.lake, self.spark, table, self.day, rebuild=rebuild)


def _of_role(role: Role, said: Mapping[str, Any]) -> Row:
    return {column: said[name] for name, column in role.values().items() if name in said}


def _subject(table: str, name: str, role: Role, key: Sequence[str], row: Row) -> str:
    of = key if role.subject == "record" else [str(row[column]) for column in role.identifying]
    return f"s{_hashed(table, name, *of)}"


def _hashed(*parts: str) -> str:
    return hashlib.sha256("\u001f".join(parts).encode()).hexdigest()[:32]


def _said_of(number: int) -> Row:
    """Return what each field of a role says of somebody, or of a firm, made up."""
    born = date(1940, 1, 1) + timedelta(days=number * 1_111)
    digits = f"370702{born:%Y%m%d}{number:02d}{number % 2}"
    organisation = organisation_codes(np.array([number]), np.array([True]), 1)
    kind = np.frombuffer(b"91", dtype=np.uint8)[None, :]
    credit_code = text_of(credit_codes(kind, np.array([370702]), organisation))[0].as_py()
    check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11]
    return {
        "id_no": digits + check,
        "name": "赵钱孙李周吴郑王"[number % 8] + "安宁康乐平顺和美"[number // 8 % 8] + "甲乙丙丁戊己庚辛"[number % 8],
        "birth_date": born,
        "sex": "1" if number % 2 else "2",
        "phone": f"1380000{number:04d}",
        "address": f"东关街道{number}号",
        "uscc": credit_code,
        "org_code": credit_code[8:17],
        "registration_no": f"3707{number:011d}",
        "representative": "孙" + "安宁康乐平顺和美"[number % 8],
        "established": born,
    }
