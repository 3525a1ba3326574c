"""Running a plan once and taking what it gives.

PySpark's ``toArrow`` and ``Observation`` ask the server for the frame's schema before they run it, and the server analyses the
whole plan for every such question: of a table with many rules that is dearer than reading its few lines.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import to_arrow_schema

from citylake.delta.errors import TableError


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


def counts(rows: DataFrame, name: str) -> Mapping[str, Any]:
    """Return what ``observe(name, …)`` counted when the rows were fetched or written."""
    assert rows.executionInfo is not None, "asked before it ran"
    return dict(rows.executionInfo.flows)[name]
