"""What the answers to planted cases are read beside, without a row: whether a file of cases can be read at all."""

import duckdb

from city.delivery.truth import ERROR, LINK, case_schema
from city.score.cases import LibraryScore, score_cases
from city.world.planting import Cases


def read_over_nothing(library: str, cases: Cases) -> LibraryScore:
    """Return the score of a library over empty tables.

    Raises:
        duckdb.Error: a SELECT or condition of its ``reading`` is none, or names a column that is not there.
    """
    with duckdb.connect() as connection:
        for name, schema in (("link", LINK), ("error", ERROR), (library, case_schema(cases))):
            nothing = schema.empty_table()  # noqa: F841  read by its name below
            connection.execute(f"CREATE TABLE truth_{name} AS SELECT * FROM nothing")
        connection.execute("CREATE TABLE holder_of (kind VARCHAR, number BIGINT, found VARCHAR)")
        for table, columns in cases.reading.tables.items():
            texts = ", ".join(f"{column} VARCHAR" for column in columns)
            connection.execute(f"CREATE TABLE {table.partition('.')[2]} ({texts})")
        return score_cases(connection, library, cases)
