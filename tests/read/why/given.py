"""A published night of a few rows: Delta tables written without Spark, and a ledger that knows them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from citylake.delta.tables import columns_of
from citylake.lake import Lake
from citylake.ledger.deliveries.deliveries import receive
from citylake.ledger.nights.nights import Entry, Pin, publish, ready
from citylake.ledger.runs.tables import table_states
from tests.night.given import write
from tests.promises.duck import arrow_schema

Row = Mapping[str, Any]


def put(lake: Lake, table: str, rows: Sequence[Row]) -> None:
    """Write a table's rows and say in the ledger that they were accepted; columns left out are NULL."""
    types = {column.name: column.type for column in columns_of(lake.catalog.contract(table))}
    strange = {name for row in rows for name in row} - set(types)
    assert not strange, f"{table} has no {strange}"
    schema = arrow_schema(types)
    full = [{name: row.get(name) for name in types} for row in rows]
    write_deltalake(lake.location(table), pa.Table.from_pylist([], schema=schema))
    write_deltalake(lake.location(table), pa.Table.from_pylist(full, schema=schema), mode="append")
    write(lake, table)


def delivered(lake: Lake, resource: str, name: str, day: date) -> int:
    """Return the number of a delivery."""
    made = receive(
        lake.ledger, resource=resource, as_of=day, sha256=name[:1] * 64, size=1, name=name, business_date=day,
        contract="c", landing=f"file:///landing/{name}",
    )  # fmt: skip
    return made.id


def published(lake: Lake, day: date, *tables: str) -> None:
    """Publish the tables as they stand."""
    states = table_states(lake.ledger)
    pins = {name: Pin(state.content or 0, 1) for name, state in states.items() if name.startswith("clean.")}
    ready(lake.ledger, day, pins, [])
    publish(lake.ledger, day, [Entry(table, 1, 1, stale=False) for table in tables])


def create_and_move(id_column: str, thing: str, other: str, day: date) -> list[Row]:
    """Return the events of a thing that was made of two subjects and got one from another."""
    common: Row = {"event_date": day, id_column: thing}
    return [
        {**common, "event_id": "e1", "event_kind_code": "CREATE", "subject_count": 2},
        {**common, "event_id": "e2", "event_kind_code": "MOVE", f"other_{id_column}": other, "subject_count": 1},
    ]
