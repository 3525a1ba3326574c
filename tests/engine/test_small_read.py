"""Reading a few rows without Spark: exactly the rows that name a unit, in Spark's types, or nothing at all."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from citylake.delta import small_read
from citylake.delta.small_read import earliest, live_rows, rows_of_units


@pytest.fixture
def uri(tmp_path: Path) -> str:
    rows = pa.table(
        {
            "source": ["a", "a", "b", "b", None],
            "first": ["it's", "x", "x", None, "y"],
            "second": ["x", "y", "z", "x", "x"],
            "amount": pa.array([Decimal("1.50"), Decimal("2.00"), None, Decimal("1.50"), None], pa.decimal128(12, 2)),
            "day": [date(2026, 3, 2), date(2026, 3, 1), None, None, None],
            "at": pa.array([datetime(2026, 3, 1, tzinfo=UTC)] * 5, pa.timestamp("us", "UTC")),
            "names": [["n"], [], None, ["m", None], ["n"]],
            "_deleted": [False, True, False, False, False],
        }
    )
    write_deltalake(str(tmp_path / "t"), rows)
    return str(tmp_path / "t")


def read(uri: str, choices: list[list[str]], units: list[tuple[object, ...]], part: str | None = None) -> list[object]:
    rows = rows_of_units(uri, 0, choices, units, part=part)
    assert rows is not None
    return [(row["source"], row["first"], row["second"]) for row in rows.to_pylist()]


@pytest.mark.parametrize(
    ("choices", "units", "found"),
    [
        ([["first"]], [("it's",), ("nobody",)], [("a", "it's", "x")]),
        ([["first"]], [("x') OR ('1'='1",)], []),
        ([["first"], ["second"]], [("y",)], [("a", "x", "y"), (None, "y", "x")]),
        ([["first", "second"]], [("x", "y"), ("y", "z")], [("a", "x", "y")]),
        ([["first", "second"], ["second", "first"]], [("x", "y")], [("a", "x", "y"), (None, "y", "x")]),
        ([["amount"]], [(Decimal("1.5"),)], [("a", "it's", "x"), ("b", None, "x")]),
        ([["day"]], [(date(2026, 3, 1),)], [("a", "x", "y")]),
    ],
)
def test_the_rows_that_name_a_unit_are_read_and_no_others(
    uri: str, choices: list[list[str]], units: list[tuple[object, ...]], found: list[object]
) -> None:
    assert sorted(read(uri, choices, units), key=repr) == sorted(found, key=repr)


def test_a_part_holds_the_rows_of_its_source_only(uri: str) -> None:
    assert read(uri, [["first"]], [("x",)], part="b") == [("b", "x", "z")]


def test_texts_lists_and_times_come_in_types_that_spark_takes(uri: str) -> None:
    rows = rows_of_units(uri, 0, [["second"]], [("x",)])
    assert rows is not None
    kinds = [str(kind) for kind in rows.select(["first", "amount", "day", "at"]).schema.types]
    assert kinds == ["string", "decimal128(12, 2)", "date32[day]", "timestamp[us, tz=UTC]"]
    assert pa.types.is_string(rows.schema.field("names").type.value_type)


def test_a_unit_of_a_type_it_cannot_spell_is_left_to_spark(uri: str) -> None:
    assert rows_of_units(uri, 0, [["at"]], [(datetime(2026, 3, 1, tzinfo=UTC),)]) is None


def test_a_version_or_table_it_cannot_read_is_left_to_spark(uri: str) -> None:
    assert rows_of_units(uri, 7, [["first"]], [("x",)]) is None
    assert live_rows(f"{uri}-nowhere") is None


def test_more_rows_than_a_process_should_hold_are_left_to_spark(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_read, "SMALL_ROWS", 2)
    assert rows_of_units(uri, 0, [["second"]], [("x",)]) is None


def test_tombstones_are_not_counted_and_the_earliest_day_is_found(uri: str) -> None:
    assert live_rows(uri) == 4
    assert earliest(uri, "day") == (date(2026, 3, 1),)
