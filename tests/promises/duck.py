"""DuckDB evaluates a table's SELECT over rows held in Python."""

from collections.abc import Mapping
from datetime import date

import duckdb
import pyarrow as pa

from citylake.contract.model import DerivedContract
from citylake.delta.tables import derived_columns
from citylake.verify.translate import duckdb_select
from tests.promises.plan import Row

_ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


class DuckEvaluation:
    """One table's SELECT in DuckDB."""

    def __init__(self, contract: DerivedContract, text: str, columns: Mapping[str, Mapping[str, str]]) -> None:
        """Keep what does not change from night to night; ``columns``: alias -> column -> Spark type."""
        self._contract, self._text = contract, text
        self._schemas = {alias: arrow_schema(types) for alias, types in columns.items()}
        self._names = [column.name for column in derived_columns(contract)]
        self._cast = ", ".join(
            f'CAST("{column.name}" AS {_duckdb(column.type)})' for column in derived_columns(contract)
        )
        self._translated: dict[date, str] = {}
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute("SET TimeZone = 'Asia/Shanghai'")

    def __call__(self, inputs: Mapping[str, list[Row]], day: date) -> list[Row]:
        """Return the SELECT's rows."""
        for alias, rows in inputs.items():
            self._connection.register(alias, pa.Table.from_pylist(rows, schema=self._schemas[alias]))
        if day not in self._translated:
            self._translated[day] = f"SELECT {self._cast} FROM ({duckdb_select(self._text, day)}) AS made"
        found = self._connection.execute(self._translated[day]).fetchall()
        return [dict(zip(self._names, row, strict=True)) for row in found]


def arrow_schema(columns: Mapping[str, str]) -> pa.Schema:
    """Return the schema of rows whose columns have these Spark types."""
    return pa.schema([(name, _arrow(kind)) for name, kind in columns.items()])


def _arrow(kind: str) -> pa.DataType:
    if kind.startswith("decimal"):
        precision, scale = kind.removeprefix("decimal(").removesuffix(")").split(",")
        return pa.decimal128(int(precision), int(scale))
    return _ARROW[kind]


def _duckdb(kind: str) -> str:
    return "VARCHAR" if kind == "string" else kind
