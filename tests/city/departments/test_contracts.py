"""What every department hands over is what its contract says, but for the mistakes it makes."""

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from city.delivery.written import written
from city.kit.layouts import layout, resources
from city.kit.resources import kept, projections
from city.world.city import City
from city.world.frames import Frame
from city.world.people.lives import Lives
from city.world.people.population import people
from citylake.contract.catalog import load_catalog
from citylake.contract.model import CollectedContract, Column
from citylake.spelling import table_of

CITY = City(800, 3707, date(2026, 11, 22))
DAYS = (0, 1, 2)
PATTERNS = {"yyyyMMdd": "%Y%m%d", "yyyy-MM-dd": "%Y-%m-%d", "yyyy-MM-dd HH:mm:ss": "%Y-%m-%d %H:%M:%S"}
LIVES = Lives(people(CITY, np.arange(CITY.blocks, dtype=np.int64)))
CATALOG = load_catalog()


def contract_of(resource: str) -> CollectedContract:
    contract = CATALOG.contract(table_of(resource))
    assert isinstance(contract, CollectedContract)
    return contract


def delivered(resource: str, day: int) -> tuple[Frame, pa.Table]:
    frame, _ = kept(LIVES, resource, day)
    return frame, written(frame)


def fits(column: Column, text: str, codes: set[str]) -> bool:
    """Say whether a text is a value of a column."""
    if codes:
        return text in codes
    if column.format == ("excel_serial",):
        return text.isdigit()
    if column.type in ("date", "timestamp") and column.format:
        datetime.strptime(text, PATTERNS[column.format[0]])
    elif column.type.startswith("decimal"):
        Decimal(text)
    elif column.type in ("int", "bigint"):
        int(text)
    return True


@pytest.mark.parametrize("resource", resources())
def test_every_value_is_one_of_its_column(resource: str) -> None:
    spoilt = {rate.field for rate in layout(resource).habits.rates if rate.kind == "code_outside_list"}
    for day in DAYS:
        _, table = delivered(resource, day)
        for name, column in contract_of(resource).columns.items():
            codes = set(CATALOG.codes[column.codes]) if column.codes and name not in spoilt else set()
            values = pc.unique(table[column.source or name].combine_chunks().drop_null()).to_pylist()
            assert [(day, name, text) for text in values if not fits(column, text, codes)] == []


@pytest.mark.parametrize("resource", resources())
def test_what_must_be_there_is_there_and_keys_name_one_row(resource: str) -> None:
    contract = contract_of(resource)
    needed = {rule.column for rule in contract.rules.quarantine if rule.name == "not_null"} | set(contract.key)
    repeated = any(rate.kind == "duplicate_row" for rate in layout(resource).habits.rates)
    for day in DAYS:
        frame, table = delivered(resource, day)
        missing = [
            name
            for name, column in contract.columns.items()
            if name in needed and table[column.source or name].null_count
        ]
        assert missing == []
        keys = frame.key_text().to_pylist()
        assert repeated or len(set(keys)) == len(keys)


@pytest.mark.parametrize("resource", resources())
def test_whoever_a_contract_names_is_in_the_truth(resource: str) -> None:
    frame = projections()[resource](LIVES, 0)
    identity = contract_of(resource).identity
    assert set(identity.get("person", {})) == set(frame.roles)
    assert set(identity.get("legal_entity", {})) == set(frame.firms)
    assert len(frame)
