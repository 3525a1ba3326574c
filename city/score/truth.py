"""The truth as tables of a DuckDB connection, as far as it was delivered by a business date."""

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from city.delivery.truth import ERROR, LINK, PERSON, case_schema
from city.world.firms.truth import FIRM
from city.world.planting import libraries


class NoTruthError(LookupError):
    """There is no truth to hold the lake against."""


def load_truth(connection: duckdb.DuckDBPyConnection, folder: Path, night: date) -> None:
    """Make the tables ``truth_link``, ``truth_error``, ``truth_person``, ``truth_firm`` and ``truth_<library>``.

    Args:
        connection: where they are made.
        folder: the city's truth.
        night: business date; what was delivered later is left out.

    Raises:
        NoTruthError: nothing had been delivered by then.
    """
    day = night.isoformat()
    files = {
        "truth_link": ("link/*/*.parquet", LINK),
        "truth_error": ("error/*/*.parquet", ERROR),
        "truth_person": ("person/*.parquet", PERSON),
    }
    files |= {f"truth_{name}": (f"case/{name}/*.parquet", case_schema(cases)) for name, cases in libraries().items()}
    if not any(folder.glob("person/*.parquet")):
        raise NoTruthError(
            "the city has set aside no truth here: deliver a business date first ('citylake city deliver')"
        )
    files["truth_firm"] = ("firm/*.parquet", FIRM)
    for table, (pattern, schema) in files.items():
        _load(connection, table, folder, pattern, schema, day)
    connection.execute(
        "CREATE OR REPLACE TABLE truth_link AS SELECT resource, record_key, kind, role, min(person) AS person FROM truth_link GROUP BY ALL"
    )
    for table, key in (("truth_person", "person"), ("truth_firm", "firm")):
        connection.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table}"
            f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY business_date DESC) = 1"
        )
    for name in libraries():
        table = f"truth_{name}"
        connection.execute(f"DELETE FROM {table} WHERE business_date < (SELECT max(business_date) FROM {table})")
    if connection.execute("SELECT count(*) FROM truth_person").fetchone() == (0,):
        raise NoTruthError(f"nothing had been delivered by {day}: choose a later night")


def _load(
    connection: duckdb.DuckDBPyConnection, table: str, folder: Path, pattern: str, schema: pa.Schema, day: str
) -> None:
    """Make one table; empty when nothing of it has come to light, as in a city without firms or before its first case."""
    columns = ", ".join(f'"{name}"' for name in schema.names)
    if any(folder.glob(pattern)):
        source, values = "read_parquet($files)", {"files": str(folder / pattern), "day": day}
    else:
        nothing = schema.empty_table()  # noqa: F841  read by its name below
        source, values = "nothing", {"day": day}
    connection.execute(
        f"CREATE TABLE {table} AS SELECT DISTINCT {columns} FROM {source} WHERE business_date <= $day", values
    )
