"""What the lake has published, brought beside the truth: who each record is, the people, the answers of silent certification."""

from collections.abc import Mapping
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from schemas.catalog import Catalog
from schemas.linked import id_column, linked_name

SLICE = 500_000
"""Rows fetched at a time."""


class Answer(Protocol):
    """The answer to a statement."""

    def arrow(self, limit: int | None = None) -> pa.Table:
        """Return the rows."""


class Session(Protocol):
    """A session on a published night, as ``citylake.connect()`` opens it."""

    @property
    def tables(self) -> list[str]:
        """Names of the published tables."""

    def sql(self, text: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Ask a question."""


_RECORD = pa.schema(
    [("resource", pa.string()), ("record_key", pa.string()), ("role", pa.string()), ("person_id", pa.string())]
)
_PERSON = pa.schema(
    [("person_id", pa.string()), ("sex_code", pa.string()), ("birth_date", pa.string()), ("death_date", pa.string())]
)
_EVIDENCE = pa.schema([
    ("person_id", pa.string()), ("pay_month", pa.string()), ("state", pa.string()), ("death_date", pa.string()),
    ("prison_from_date", pa.string()), ("prison_to_date", pa.string()), ("last_trace_date", pa.string()),
    ("last_trace_source", pa.string()), ("contradiction", pa.string()), ("overpaid_amount", pa.string()), ("reason", pa.string()),
])  # fmt: skip
_QUESTIONS = {
    "base.population__person": (
        "person",
        _PERSON,
        "SELECT person_id, sex_code, CAST(birth_date AS STRING) AS birth_date, CAST(death_date AS STRING) AS death_date"
        " FROM base.population__person",
    ),
    "special.silent_certification__evidence": (
        "evidence",
        _EVIDENCE,
        "SELECT person_id, pay_month, certification_state_code AS state, CAST(death_date AS STRING) AS death_date,"
        " CAST(prison_from_date AS STRING) AS prison_from_date, CAST(prison_to_date AS STRING) AS prison_to_date,"
        " CAST(last_trace_date AS STRING) AS last_trace_date, last_trace_source,"
        " CAST(contradicting_trace_date AS STRING) AS contradiction, CAST(overpaid_amount AS STRING) AS overpaid_amount,"
        " overpaid_reason_code AS reason FROM special.silent_certification__evidence",
    ),
}


def load_published(connection: duckdb.DuckDBPyConnection, session: Session, catalog: Catalog) -> list[str]:
    """Make the tables ``record``, ``person`` and ``evidence``; what is not published stays empty.

    Args:
        connection: where they are made.
        session: a published night.
        catalog: the contracts, for keys and roles.

    Returns:
        Names of the tables that should be there and are not published.
    """
    missing = []
    connection.execute("CREATE TABLE record (resource VARCHAR, record_key VARCHAR, role VARCHAR, person_id VARCHAR)")
    for clean in catalog.collected:
        table = linked_name(clean)
        if "person" not in clean.identity:
            continue
        if table not in session.tables:
            missing.append(table)
            continue
        for role in clean.identity["person"]:
            key = "concat_ws('|', " + ", ".join(f"CAST(`{name}` AS STRING)" for name in clean.key) + ")"
            person = f"`{id_column('person', role)}`"
            select = f"SELECT '{clean.domain}.{clean.thing}' AS resource, {key} AS record_key, '{role}' AS role, {person} AS person_id"
            _copy(connection, session, "record", f"{select} FROM {table}", table, clean.key[0], _RECORD)
    for table, (name, schema, question) in _QUESTIONS.items():
        columns = ", ".join(f"{column} VARCHAR" for column in schema.names)
        connection.execute(f"CREATE TABLE {name} ({columns})")
        if table in session.tables:
            _copy(connection, session, name, question, table, "person_id", schema)
        else:
            missing.append(table)
    return missing


def _copy(
    connection: duckdb.DuckDBPyConnection,
    session: Session,
    into: str,
    question: str,
    table: str,
    key: str,
    schema: pa.Schema,
) -> None:
    """Fetch an answer in slices that fit and add it to a table."""
    rows = session.sql(f"SELECT count(*) AS n FROM {table}").arrow().column(0)[0].as_py()
    slices = max(1, -(-rows // SLICE))
    for number in range(slices):
        part = f" WHERE pmod(xxhash64(`{key}`), {slices}) = {number}" if slices > 1 else ""
        fetched = session.sql(question + part).arrow().select(schema.names).cast(schema)  # noqa: F841  read by its name below
        connection.execute(f"INSERT INTO {into} SELECT * FROM fetched")
