"""Running a plan once and taking what it gives.

PySpark's ``toArrow`` and ``Observation`` ask the server for the frame's schema before they run it, and the server analyses the
whole plan for every such question: of a table with many rules that is dearer than reading its few lines.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from citylake.delta.errors import TableError
from citylake.spark.local import is_local

_COUNTED = "_rows_counted"
"""Name of what is counted beside rows, and of the rows where they come in one value."""


@contextmanager
def analysed(table: str) -> Iterator[None]:
    """Make what Spark finds wrong with a plan the table's own error.

    Raises:
        TableError: the transform does not fit its contract.
    """
    try:
        yield
    except AnalysisException as error:
        # Only what is wrong, without the plan that follows it.
        said = (error.getMessage() or type(error).__name__).splitlines()[0][:300]
        raise TableError(table, f"the transform does not fit its contract: {said}") from error


def fetch(rows: DataFrame) -> pa.Table:
    """Return the rows as ``DataFrame.toArrow`` does; times are in UTC."""
    table, schema = rows._to_table()  # type: ignore[operator]  # noqa: SLF001  (what toArrow calls, after its question)
    return table.cast(to_arrow_schema(rows.schema if schema is None else schema, timezone="UTC"))


def fetch_counted(
    rows: DataFrame, counted: Sequence[Column], picked: Sequence[Column | str] = ("*",)
) -> tuple[pa.Table, Mapping[str, Any]]:
    """Return rows with what aggregates find among them, in one round trip.

    Args:
        rows: a frame.
        counted: aggregates, each with a name.
        picked: what is fetched of each row; the aggregates see all of it.
    """
    if not is_local(rows.sparkSession):
        asked = rows.observe(_COUNTED, *counted).select(*picked)
        return fetch(asked), counts(asked)
    # Sail observes nothing: the rows come as one value beside the counts.
    found = fetch(rows.agg(F.collect_list(F.struct(*picked)).alias(_COUNTED), *counted))
    return _unpacked(found.column(_COUNTED)), found.drop_columns([_COUNTED]).to_pylist()[0]


def counts(rows: DataFrame) -> Mapping[str, Any]:
    """Return all that ``observe`` counted when the rows were fetched or written."""
    assert rows.executionInfo is not None, "asked before it ran"
    return {name: value for _, counted in rows.executionInfo.flows for name, value in counted.items()}


def _unpacked(lists: pa.ChunkedArray) -> pa.Table:
    return pa.Table.from_struct_array(
        pa.chunked_array([chunk.flatten() for chunk in lists.chunks], lists.type.value_type)
    )
