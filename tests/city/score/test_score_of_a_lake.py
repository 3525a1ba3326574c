"""A lake that nobody published is read beside the truth: every role of every record, its mistakes, its library tables."""

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from city.score.lake import load_lake
from citylake.contract.catalog import load_catalog

CATALOG = load_catalog()
MARRIAGE, LICENCE = "clean.civil_affairs__marriage", "clean.tax__taxpayer"
ROWS: dict[str, list[dict[str, Any]]] = {
    MARRIAGE: [
        {"certificate_no": "1", "_husband_subject": "s1", "_wife_subject": "s2", "_deleted": False},
        {"certificate_no": "2", "_husband_subject": None, "_wife_subject": "s3", "_deleted": False},
        {"certificate_no": "3", "_husband_subject": "s4", "_wife_subject": "s5", "_deleted": True},
    ],
    LICENCE: [
        {"taxpayer_no": "T1", "_self_subject": "e1", "_representative_subject": "s6", "_deleted": False},
    ],
    "base.population__crosswalk": [
        {"subject_id": "s1", "person_id": "P1", "rule": "id_exact", "guard": "agrees", "id_state": "ok"},
        {"subject_id": "s6", "person_id": "P2", "rule": "single", "guard": "none", "id_state": "missing"},
    ],
    "base.legal_entity__crosswalk": [
        {"subject_id": "e1", "entity_id": "E1", "rule": "anchor", "guard": "agrees", "id_state": "ok"},
    ],
    "base.population__person": [{"person_id": "P1", "sex_code": "1"}],
}


def read(table: str, columns: Sequence[str]) -> pa.RecordBatchReader | None:
    """Give the rows above, with NULL where they say nothing."""
    if table not in ROWS:
        return None
    schema = pa.schema([(name, pa.bool_() if name == "_deleted" else pa.string()) for name in columns])
    rows = [{name: row.get(name) for name in columns} for row in ROWS[table]]
    return pa.Table.from_pylist(rows, schema=schema).to_reader()


def loaded() -> tuple[duckdb.DuckDBPyConnection, list[str]]:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE truth_error (resource VARCHAR, record_key VARCHAR, field VARCHAR, kind VARCHAR)")
    connection.execute(
        "INSERT INTO truth_error VALUES ('civil_affairs.marriage', '1', 'husband_id_no', 'typo_id'),"
        " ('civil_affairs.marriage', '1', 'registered_date', 'wrong_date')"
    )
    libraries = {"person": "base.population__person", "identity": "base.population__identity"}
    return connection, load_lake(connection, read, CATALOG, libraries)


def test_every_role_of_every_live_record_comes_with_the_id_it_got() -> None:
    connection, _ = loaded()
    rows = connection.execute("SELECT record_key, kind, role, subject_id, found FROM record ORDER BY ALL").fetchall()
    assert rows == [
        ("1", "person", "husband", "s1", "P1"),
        ("1", "person", "wife", "s2", None),
        ("2", "person", "husband", None, None),
        ("2", "person", "wife", "s3", None),
        ("T1", "legal_entity", "self", "e1", "E1"),
        ("T1", "person", "representative", "s6", "P2"),
    ]


def test_a_damaged_column_is_a_mistake_of_the_role_it_identifies() -> None:
    connection, _ = loaded()
    assert connection.execute("SELECT record_key, role, mistake FROM mistake").fetchall() == [
        ("1", "husband", "typo_id")
    ]


def test_tables_that_are_not_there_are_named_and_the_others_read() -> None:
    connection, missing = loaded()
    assert connection.execute("SELECT person_id, sex_code FROM person").fetchall() == [("P1", "1")]
    assert {"base.population__identity", "clean.hrss__insured_person"} <= set(missing)
    assert MARRIAGE not in missing
