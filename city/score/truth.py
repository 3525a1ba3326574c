"""The truth as tables of a DuckDB connection, as far as it was delivered by a business date."""

from datetime import date
from pathlib import Path

import duckdb

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
    for table, (pattern, schema) in files.items():
        columns = ", ".join(f'"{name}"' for name in schema.names)
        connection.execute(
            f"CREATE TABLE {table} AS SELECT DISTINCT {columns} FROM read_parquet($files) WHERE business_date <= $day",
            {"files": str(folder / pattern), "day": day},
        )
    connection.execute(
        "CREATE OR REPLACE TABLE truth_link AS SELECT resource, record_key, kind, role, min(person) AS person FROM truth_link GROUP BY ALL"
    )
    _firms(connection, folder, day)
    for name in libraries():
        table = f"truth_{name}"
        connection.execute(f"DELETE FROM {table} WHERE business_date < (SELECT max(business_date) FROM {table})")
    connection.execute(
        "CREATE OR REPLACE TABLE truth_person AS SELECT * FROM truth_person"
        " QUALIFY row_number() OVER (PARTITION BY person ORDER BY business_date DESC) = 1"
    )
    if connection.execute("SELECT count(*) FROM truth_person").fetchone() == (0,):
        raise NoTruthError(f"nothing had been delivered by {day}: choose a later night")


def _firms(connection: duckdb.DuckDBPyConnection, folder: Path, day: str) -> None:
    """Make ``truth_firm``, empty when the city has no firms."""
    columns = ", ".join(f'"{name}"' for name in FIRM.names)
    if any(folder.glob("firm/*.parquet")):
        connection.execute(
            f"CREATE TABLE truth_firm AS SELECT {columns} FROM read_parquet($files) WHERE business_date <= $day"
            " QUALIFY row_number() OVER (PARTITION BY firm ORDER BY business_date DESC) = 1",
            {"files": str(folder / "firm/*.parquet"), "day": day},
        )
        return
    empty = FIRM.empty_table()  # noqa: F841  read by its name below
    connection.execute("CREATE TABLE truth_firm AS SELECT * FROM empty")
