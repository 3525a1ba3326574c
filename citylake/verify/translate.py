"""A table's SELECT, written for Spark, as DuckDB says it.

sqlglot translates; :mod:`citylake.verify.functions` mends what would mean something else. What cannot be said in DuckDB with
certainty is refused by name, never guessed. **The connection's ``TimeZone`` must be the city's**, as Spark's session is.

What stays different, so that a SELECT should not lean on it:

- a decimal divided, or averaged, becomes DOUBLE (Spark: a longer decimal): the same once cast to the contract's type, but
  for halves that binary fractions do not hold;
- NULL within a struct that is a column counts as the greatest in MAX, MIN and ORDER BY (Spark: the smallest); in one that
  is written there, as in MAX(STRUCT(a, b)), it counts as in Spark; in one compared by < or > it is unlike either;
- two decimals whose product has more than 18 digits end in an error (Spark: a longer decimal), never in a wrong one;
- what Spark's ANSI mode refuses as an error becomes NULL: there is no published table to compare then;
- FIRST, LAST, ANY_VALUE and COLLECT_LIST without an order, and MAX_BY with ties, give what comes first in either.
"""

from collections.abc import Mapping
from datetime import date

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from citylake.contract.model import DerivedContract
from citylake.verify.functions import TranslationError, mended

__all__ = ["TranslationError", "duckdb_condition", "duckdb_select", "duckdb_type", "shaped", "shaped_select"]

PARAMETER = "business_date"
_TYPES = {
    "string": "VARCHAR",
    "month": "VARCHAR",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
}


def duckdb_select(text: str, business_date: date) -> str:
    """Return a Spark SELECT in DuckDB's SQL, over the same names, ``:business_date`` put in.

    Args:
        text: one SELECT over the aliases of its contract's inputs.
        business_date: the night for which it is evaluated.

    Raises:
        TranslationError: it is not one SELECT, or uses something that DuckDB would understand otherwise.
    """
    try:
        found = sqlglot.parse(text, read="spark")
    except SqlglotError as error:
        raise TranslationError(f"the SELECT cannot be read: {str(error).splitlines()[0]}") from error
    if len(found) != 1 or not isinstance(query := found[0], exp.Select | exp.SetOperation):
        raise TranslationError("only one SELECT can be translated")
    for placeholder in list(query.find_all(exp.Placeholder)):
        if placeholder.name != PARAMETER:
            raise TranslationError(f"unknown parameter ':{placeholder.name}'; there is only :{PARAMETER}")
        placeholder.replace(exp.cast(exp.Literal.string(business_date.isoformat()), "DATE"))
    return mended(query).sql(dialect="duckdb", identify=True, comments=False)


def duckdb_condition(text: str) -> str:
    """Return a Spark condition over a row in DuckDB's SQL.

    Raises:
        TranslationError: as for a SELECT.
    """
    return duckdb_select(f"SELECT 1 WHERE {text}", date.min).partition(" WHERE ")[2]


def shaped_select(text: str, contract: DerivedContract, business_date: date) -> str:
    """Return :func:`duckdb_select` in the contract's columns and types, rows without a unit left out, as the engine does."""
    return shaped(duckdb_select(text, business_date), contract)


def shaped(select: str, contract: DerivedContract) -> str:
    """Return a DuckDB SELECT in the contract's columns and types, rows without a unit left out."""
    columns = ", ".join(
        f"{converted(f'made.{_quoted(name)}', column.type)} AS {_quoted(name)}"
        for name, column in contract.columns.items()
    )
    known = " AND ".join(f"made.{_quoted(name)} IS NOT NULL" for name in contract.unit)
    return f"SELECT {columns} FROM (\n{select}\n) AS made WHERE {known}"


def converted(value: str, kind: str) -> str:
    """Return an expression cast to a contract type as Spark casts: whole numbers are cut off, not rounded."""
    target = duckdb_type(kind)
    if target in {"INTEGER", "BIGINT"}:
        return f"CAST(TRUNC(CAST({value} AS DECIMAL(38, 6))) AS {target})"
    return f"CAST({value} AS {target})"


def duckdb_type(kind: str) -> str:
    """Return the DuckDB type of a contract type; timestamps are moments, as Spark's are."""
    return _TYPES.get(kind, kind.upper())


def input_schema(columns: Mapping[str, str]) -> str:
    """Return a DDL column list from contract types by column name."""
    return ", ".join(f"{_quoted(name)} {duckdb_type(kind)}" for name, kind in columns.items())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
