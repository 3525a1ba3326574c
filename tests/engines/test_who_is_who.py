"""The tables of who is who, each of rows drawn for its inputs: Sail may have every one, and makes of them what Spark makes."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from citylake.contract.catalog import load_catalog
from citylake.contract.model import DerivedContract
from citylake.delta.sql_text import quoted
from citylake.delta.tables import derived_columns, local_frame
from citylake.engine.transforms import transform_module
from citylake.settings import Settings
from citylake.spark.local import local_session
from tests.engines.compared import difference
from tests.engines.nasty import Draw, id_numbers
from tests.promises.duck import arrow_schema
from tests.tables.cases import JOBS, input_types

CATALOG = load_catalog()
DAY = date(2026, 11, 22)
ROWS, THINGS = 40, 12
TIME = pa.timestamp("us", "UTC")
MADE_OF_FRAMES = ("subject", "event", "identity", "golden", "comparison")
"""What makes the resolver's tables of rows; the crosswalk is made in DuckDB, the decisions come of the ledger."""
TEXTS = ("张伟", "张 伟", "李娜", "王·芳", "甲有限公司", "一号院", "13800000001", "0536-1234567", "1", "2", "3", "01", "02", "04", "10",
         "20", "30", "40", "370702", "370702001001", "91370702MA3C0GCB2X", "2026-11", "", "x", None)  # fmt: skip
DAYS = (
    date(1900, 2, 28),
    date(1988, 4, 17),
    date(2024, 2, 29),
    date(2025, 11, 21),
    date(2026, 11, 22),
    date(2027, 1, 1),
    None,
)
MOMENTS = (
    datetime(1988, 4, 16, 17, 30, tzinfo=UTC),
    datetime(2026, 11, 21, 15, 59, tzinfo=UTC),
    datetime(2026, 11, 21, 16, 0, 0, 120000, tzinfo=UTC),
    None,
)
WHOLE = (0, 1, -7, 2025, None)
OF_KIND: dict[str, tuple[Any, ...]] = {
    "date": DAYS, "timestamp": MOMENTS, "boolean": (True, False, None), "int": WHOLE, "bigint": WHOLE,
    "decimal": (Decimal("0.01"), Decimal(-1), Decimal(0), None),
}  # fmt: skip
OF_NAME = {
    "source": ("public_security.household_register", "market_regulation.enterprise", "x.y"),
    "_change_type": ("insert", "delete", "update_preimage", "update_postimage"),
}
RESOLVED = [one for one in CATALOG.derived if one.maker in MADE_OF_FRAMES]


@pytest.fixture(scope="module")
def sail(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    """The session of this process, which refuses what is not proven."""
    return local_session(
        Settings(home=tmp_path_factory.mktemp("local"), lake="", landing="", ledger="", spark_remote="")
    )


def drawn(draw: Draw, types: Mapping[str, str]) -> pa.Table:
    """Return rows of a table's columns; what names things and subjects does so of few."""
    rows = [{name: _value(draw, name, kind) for name, kind in types.items()} for _ in range(ROWS)]
    kinds = [(field.name, TIME if pa.types.is_timestamp(field.type) else field.type) for field in arrow_schema(types)]
    return pa.Table.from_pylist(rows, schema=pa.schema(kinds))


def _value(draw: Draw, name: str, kind: str) -> Any:
    if kind == "string":
        return draw.of(_texts(name))
    if name == "_deleted":
        return draw.often(20)
    return draw.of(OF_KIND[kind.partition("(")[0]])


def _texts(name: str) -> tuple[str | None, ...]:
    if name.endswith(("_id", "subject", "_key")):
        return (None, *[f"{'s' if 'subject' in name else 't'}{one}" for one in range(THINGS)])
    if "id_no" in name:
        return (*id_numbers(), None)
    return OF_NAME.get(name, TEXTS)


def made(contract: DerivedContract, session: SparkSession) -> pa.Table:
    """Return what a session makes of a table's drawn inputs."""
    frames = {
        alias: local_frame(session, drawn(Draw(place), types))
        for place, (alias, types) in enumerate(input_types(CATALOG, contract).items())
    }
    rows = transform_module(contract, JOBS).transform(frames, _run(contract, session))
    return rows.select(*[F.col(quoted(item.name)).cast(item.type) for item in derived_columns(contract)]).toArrow()


def _run(contract: DerivedContract, session: SparkSession) -> SimpleNamespace:
    def feed(alias: str) -> DataFrame:
        types = input_types(CATALOG, contract)[alias] | {"_change_type": "string"}
        return local_frame(session, drawn(Draw(9), types))

    before = drawn(Draw(8), {item.name: item.type for item in derived_columns(contract)})
    return SimpleNamespace(
        spark=session,
        business_date=DAY,
        contract=contract,
        catalog=CATALOG,
        feed=feed,
        previous=local_frame(session, before),
    )


@pytest.mark.parametrize("contract", RESOLVED, ids=lambda one: one.name)
def test_who_is_who_is_made_in_either_engine(
    contract: DerivedContract, spark: SparkSession, sail: SparkSession
) -> None:
    rows = made(contract, spark)
    assert difference(rows, made(contract, sail)) == "same"
    assert rows.num_rows > 5
