"""A few subjects in a store: what the resolver reads, made up of few values so that they meet."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from citylake.contract.resolve_spec import ResolveSpec, load_resolve_spec
from citylake.resolve.crosswalk import ROW, resolve, resolve_touched
from citylake.resolve.ids import Minting
from citylake.settings import PROJECT_ROOT

DAY = date(2026, 3, 1)
Row = dict[str, Any]
_TEXT, _DAY, _YES = pa.string(), pa.date32(), pa.bool_()
PERSON = pa.schema(
    [
        *[(name, _TEXT) for name in ("subject_id", "source", "role")], ("is_anchor", _YES), ("since", _DAY),
        *[(name, _TEXT) for name in ("id_text", "id_no", "id_class", "id_state", "name", "name_key", "surname")],
        ("birth", _DAY), ("birth_digits", _TEXT), ("id_birth", _DAY),
        *[(name, _TEXT) for name in ("sex", "phone", "village", "context", "former_key", "former_no")],
    ]
)  # fmt: skip
ENTITY = pa.schema(
    [
        *[(name, _TEXT) for name in ("subject_id", "source", "role")], ("is_anchor", _YES), ("since", _DAY),
        *[(name, _TEXT) for name in ("id_text", "id_no", "id_class", "id_state", "uscc", "registration_no", "name")],
        ("name_key", _TEXT), ("representative", _TEXT), ("established", _DAY), ("phone", _TEXT), ("address", _TEXT), ("village", _TEXT),
        ("former_key", _TEXT), ("former_no", _TEXT),
    ]
)  # fmt: skip
SCHEMA = {"person": PERSON, "legal_entity": ENTITY}


def spec_of(library: str) -> ResolveSpec:
    return load_resolve_spec(PROJECT_ROOT / "schemas/base" / library / "resolve.yml")


def person(subject: str, **said: Any) -> Row:
    """Return a subject; an identity number given is usable, and name stands for its sound."""
    row: Row = dict.fromkeys(PERSON.names) | {
        "subject_id": subject, "source": "office.thing", "role": "self", "is_anchor": False, "since": DAY,
        "id_state": "ok" if said.get("id_no") else "missing",
    } | said  # fmt: skip
    row["id_text"] = said.get("id_text", row["id_no"])
    row["id_class"] = said.get("id_class", "resident" if row["id_no"] else None)
    row["name"] = row["name_key"]
    row["surname"] = row["name_key"][:1] if row["name_key"] else None
    return row


def firm(subject: str, **said: Any) -> Row:
    """Return a subject; a code given is usable."""
    row: Row = dict.fromkeys(ENTITY.names) | {
        "subject_id": subject, "source": "office.thing", "role": "self", "is_anchor": False, "since": DAY,
        "id_state": "ok" if said.get("id_no") else "missing", "name_key": said.get("name"),
    } | said  # fmt: skip
    row["id_text"] = said.get("id_text", row["id_no"])
    row["id_class"] = "organisation" if row["id_no"] else None
    return row


@dataclass
class Town:
    """Subjects as they stand, and the crosswalk as last written.

    Attributes:
        decided: pairs people have decided on: (subject, other) -> must_link or cannot_link.
        withdrawn: subjects of decisions that were taken back.
    """

    spec: ResolveSpec
    subjects: dict[str, Row] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    decided: dict[tuple[str, str], str] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)

    def night(self, day: date, changes: dict[str, Row | None] = {}, *, whole: bool = False) -> set[str]:  # noqa: B006
        """Change subjects (None: gone), resolve, keep the result; return the subjects whose row differs."""
        images = [row for name, row in self.subjects.items() if name in changes and changes[name] != row]
        images += [row for name, row in changes.items() if row is not None and self.subjects.get(name) != row]
        self.subjects = {name: row for name, row in (self.subjects | changes).items() if row is not None}
        made = self.resolved(day, None if whole else images)
        before = {row["subject_id"]: row for row in self.rows}
        after = {row["subject_id"]: row for row in made}
        self.rows = made
        return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}

    def resolved(self, day: date, images: list[Row] | None) -> list[Row]:
        """Return the rows of the crosswalk, resolved as a whole (``images`` None) or by what changed."""
        with self._store("subject" if images is None else "everybody") as store:
            minting = Minting(self.spec.id, b"key", day)
            if images is None:
                resolve(store, self.spec, minting)
                return _rows(store, "SELECT * FROM made")
            store.register("changed", pa.Table.from_pylist(images, SCHEMA[self.spec.kind]))
            resolve_touched(store, self.spec, minting)
            looked_at = "SELECT subject_id FROM made UNION SELECT subject_id FROM gone"
            kept = f"SELECT {', '.join(ROW)} FROM before WHERE subject_id NOT IN ({looked_at})"
            return _rows(store, f"SELECT * FROM made UNION ALL BY NAME {kept}")

    @contextmanager
    def _store(self, name: str) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect() as store:
            store.execute("SET threads = 1")
            store.register(name, pa.Table.from_pylist(list(self.subjects.values()), SCHEMA[self.spec.kind]))
            store.register("before", pa.Table.from_pylist(self.rows, _CROSSWALK))
            pairs = [
                {"subject_id": a, "other_subject_id": b, "decision": said} for (a, b), said in self.decided.items()
            ]
            store.register("override", pa.Table.from_pylist(pairs, _OVERRIDE))
            store.register("withdrawn", pa.table({"subject_id": pa.array(sorted(self.withdrawn), _TEXT)}))
            yield store

    def groups(self) -> set[frozenset[str]]:
        """Return the subjects of each thing, whatever it is called."""
        return groups(self.rows)

    def of(self, subject: str) -> Row:
        """Return a subject's row."""
        return next(row for row in self.rows if row["subject_id"] == subject)


_CROSSWALK = pa.schema(
    [(name, _TEXT) for name in ROW if name not in {"score", "candidates", "valid_from"}]
    + [("score", pa.decimal128(5, 4)), ("candidates", pa.int32()), ("valid_from", _DAY)]
)
_OVERRIDE = pa.schema([(name, _TEXT) for name in ("subject_id", "other_subject_id", "decision")])


def groups(rows: Iterable[Row]) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["entity_id"], set()).add(row["subject_id"])
    return {frozenset(subjects) for subjects in found.values()}


def _rows(store: duckdb.DuckDBPyConnection, select: str) -> list[Row]:
    rows: list[Row] = store.sql(select).to_arrow_table().select(list(ROW)).to_pylist()
    return rows
