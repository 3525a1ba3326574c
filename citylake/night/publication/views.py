"""Catalogue views with fixed names, ``pub_<layer>.<domain>__<thing>``: a convenience that follows the publication.

They change one after the other: each shows one whole version of its table, but two of them may for a moment be of two
nights. Who needs one night whole asks through ``citylake.connect()``.
"""

import structlog
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import Row, SparkSession

from citylake.delta.sql_text import literal, quoted
from citylake.lake import Lake
from citylake.ledger.nights.nights import Entry, Publication

log = structlog.get_logger()

PREFIX = "pub_"
_LOST = "INVALID_HANDLE"
LISTINGS = 5
"""How often the catalogue is asked for its views while somebody else removes some."""


def view_name(table: str) -> str:
    """Return the view of a table: ``pub_base.population__person``."""
    return f"{PREFIX}{table}"


def refresh_views(lake: Lake, spark: SparkSession, publication: Publication) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Make every view show its table's published version, and drop those of tables that are no longer published.

    Views that already do are left alone. One that cannot be made is logged and leaves the others be.

    Returns:
        The views made anew, and those that could not be.

    Raises:
        PySparkException: the server is gone; the next run makes what is missing.
    """
    wanted = {entry.table: entry for entry in publication.entries}
    layers = sorted({table.partition(".")[0] for table in wanted})
    present = _present(spark)
    for layer in layers:
        if f"{PREFIX}{layer}" not in present:
            spark.sql(f"CREATE DATABASE IF NOT EXISTS {quoted(PREFIX + layer)}").collect()
    shown = {f"{database}.{view}": text for database, views in present.items() for view, text in views.items()}
    made: list[str] = []
    failed: list[str] = []
    for entry in wanted.values():
        if shown.get(view_name(entry.table)) == _select(lake, entry):
            continue
        (made if _make(lake, spark, entry) else failed).append(view_name(entry.table))
    for name in sorted(set(shown) - {view_name(table) for table in wanted}):
        spark.sql(f"DROP VIEW IF EXISTS {_quoted_view(name)}").collect()
    return tuple(made), tuple(failed)


def _make(lake: Lake, spark: SparkSession, entry: Entry) -> bool:
    title = lake.catalog.contracts[entry.table].title if entry.table in lake.catalog.contracts else ""
    statement = f"CREATE OR REPLACE VIEW {_quoted_view(view_name(entry.table))} COMMENT {literal(title)} AS {_select(lake, entry)}"
    try:
        spark.sql(statement).collect()
    except PySparkException as error:
        if (error.getCondition() or _LOST).startswith(_LOST):
            raise  # the server or the session is gone: asking for all other views would only take its time
        log.error("view not made", table=entry.table, version=entry.version, condition=error.getCondition())
        return False
    return True


def _select(lake: Lake, entry: Entry) -> str:
    return f"SELECT * FROM delta.{quoted(lake.location(entry.table))} VERSION AS OF {entry.version}"


def _present(spark: SparkSession) -> dict[str, dict[str, str]]:
    """Return the text of every catalogue view, by database and name."""
    databases = [str(row[0]) for row in spark.sql(f"SHOW DATABASES LIKE '{PREFIX}*'").collect()]
    return {name: _views(spark, name) for name in databases}


def _views(spark: SparkSession, database: str) -> dict[str, str]:
    rows = _listed(spark, f"SHOW TABLE EXTENDED IN {quoted(database)} LIKE '*'")
    return {str(row["tableName"]): _view_text(str(row["information"])) for row in rows}


def _listed(spark: SparkSession, statement: str) -> list[Row]:
    """Return what a listing finds; Spark looks for each view again after it has the names, and fails when one is gone by then."""
    for _ in range(LISTINGS - 1):
        try:
            return spark.sql(statement).collect()
        except AnalysisException as error:
            if error.getCondition() != "TABLE_OR_VIEW_NOT_FOUND":
                raise
    return spark.sql(statement).collect()


def _view_text(information: str) -> str:
    lines = (line.partition(": ") for line in information.splitlines())
    return next((value for name, _, value in lines if name == "View Text"), "")


def _quoted_view(name: str) -> str:
    database, _, view = name.partition(".")
    return f"{quoted(database)}.{quoted(view)}"
