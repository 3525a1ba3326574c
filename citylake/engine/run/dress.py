"""Titles and labels: a changed one reaches the table's comments by an ALTER, which makes a version and no content."""

from collections.abc import Sequence
from datetime import timedelta

from pyspark.sql import SparkSession

from citylake.contract.model import CollectedContract, Contract
from citylake.delta.log import newest_version
from citylake.delta.shape import dress_differences, shape_of
from citylake.delta.sql_text import literal, quoted
from citylake.delta.tables import Physical, columns_of, lines_of
from citylake.engine.run.meaning import dress as dress_hash
from citylake.lake import Lake
from citylake.ledger.runs.leases import lease
from citylake.ledger.runs.tables import dress as note_dress
from citylake.ledger.runs.tables import table_state

_WAIT = timedelta(minutes=2)


def dress_up(lake: Lake, spark: SparkSession, contract: Contract) -> list[str]:
    """Give a table, and what lies beside a clean one, the titles and labels of its contract.

    Returns:
        The tables that were altered.

    Raises:
        LeaseHeldError: somebody is writing the table.
    """
    columns = {contract.name: columns_of(contract)}
    if isinstance(contract, CollectedContract):
        columns |= lines_of(contract)
    undressed = [table for table in columns if _differs(lake, table, columns[table], contract.title)]
    if not undressed:
        return []
    with lease(lake.ledger, contract.name, wait=_WAIT):
        for table in undressed:
            _alter(lake, spark, table, columns[table], contract)
    return undressed


def _differs(lake: Lake, table: str, columns: Sequence[Physical], title: str) -> bool:
    shape = shape_of(lake.location(table))
    return shape is not None and bool(dress_differences(columns, title, shape))


def _alter(lake: Lake, spark: SparkSession, table: str, columns: Sequence[Physical], contract: Contract) -> None:
    uri = lake.location(table)
    shape, before = shape_of(uri), newest_version(uri)
    assert shape is not None, f"{table} was found a moment ago"
    where = f"delta.{quoted(uri)}"
    if shape.title != contract.title:
        spark.sql(f"COMMENT ON TABLE {where} IS {literal(contract.title)}").collect()
    said = [item for item in columns if shape.comments.get(item.name, item.comment) != item.comment]
    if said:
        comments = ", ".join(f"{quoted(item.name)} COMMENT {literal(item.comment)}" for item in said)
        spark.sql(f"ALTER TABLE {where} ALTER COLUMN {comments}").collect()
    state, after = table_state(lake.ledger, table), newest_version(uri)
    # What a killed run has half written is not the content that the ledger knows.
    if state is not None and state.version == before and after is not None:
        note_dress(lake.ledger, table, dress_hash(contract), after)
