"""Values that look right and are not: told, held back or unreadable, never something else in silence; in both engines alike."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError
from pyspark.sql import SparkSession

from citylake.contract.model import Column
from citylake.delta.tables import local_frame
from citylake.engine.clean.conform import _typed
from citylake.standards.organisations import code_state, organisation_code, valid_uscc
from citylake.verify import identifiers
from citylake.verify.lines import typed_value
from citylake.verify.store import Store, opened
from tests.engine.test_signs import by_duckdb, by_spark
from tests.resolve.test_identifiers import uscc_code

FORMS = ("yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss", "yyyyMMddHHmmss", "yyyy/M/d H:mm")


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with opened("Asia/Shanghai") as made:
        identifiers.install(made)
        yield made


def read(spark: SparkSession, store: Store, texts: list[str], column: Column) -> list[Any]:
    """Return what both engines read of the texts, as text."""
    frame = local_frame(spark, pa.table({"i": range(len(texts)), "t": pa.array(texts, pa.string())}))
    typed = _typed(frame["t"], column)
    if column.type == "timestamp":
        typed = typed.cast("double")
    one: list[Any] = frame.select("i", typed.cast("string").alias("v")).toArrow().sort_by("i").column("v").to_pylist()
    store.connection.register("given", pa.table({"i": range(len(texts)), "t": pa.array(texts, pa.string())}))
    value = typed_value("t", column)
    said = f"epoch({value})" if column.type == "timestamp" else value
    other = [row[0] for row in store.run(f"SELECT {said} FROM given ORDER BY i").fetchall()]
    assert [value and float(value) for value in one] == [value if value is None else float(value) for value in other]
    return one


@pytest.mark.parametrize("form", FORMS)
def test_a_time_that_the_clock_skipped_is_none_and_of_one_shown_twice_it_is_the_first(
    spark: SparkSession, store: Store, form: str
) -> None:
    def spelt(year: int, month: int, day: int, hour: int, minute: int) -> str:
        if form == FORMS[3]:
            return f"{year}/{month}/{day} {hour}:{minute:02}"
        whole = f"{year}-{month:02}-{day:02} {hour:02}:{minute:02}:00"
        return {FORMS[0]: whole, FORMS[1]: whole.replace(" ", "T")}.get(form) or "".join(filter(str.isdigit, whole))

    column = Column(label="时间", grade="L2", type="timestamp", format=(form,))
    hours = [(1988, 4, 17, hour, 30) for hour in (1, 2, 3)] + [(1988, 9, 11, hour, 30) for hour in (0, 1, 2)]
    moments = read(spark, store, [spelt(*one) for one in [*hours, (2026, 3, 1, 8, 0)]], column)
    seconds = [value and float(value) for value in moments]
    before, skipped, after = seconds[:3]
    assert skipped is None
    assert after - before == 3600, "of the two hours between half past one and half past three one was skipped"
    early, twice, late = seconds[3:6]
    assert (twice - early, late - twice) == (3600, 7200), "the first of the two"
    assert seconds[6] == 1772323200


@pytest.mark.parametrize("form", ["yyyy-MM-dd", "yyyyMMdd", "yyyy/M/d", "yyyy-MM-dd HH:mm:ss"])
def test_a_day_whose_midnight_the_clock_skipped_is_a_day(spark: SparkSession, store: Store, form: str) -> None:
    days = [date(1900, 1, 1) + timedelta(days=count) for count in range(50_000)]
    spelt = {"yyyyMMdd": "%Y%m%d", "yyyy/M/d": "%Y/%m/%d", "yyyy-MM-dd HH:mm:ss": "%Y-%m-%d 00:00:00"}.get(
        form, "%Y-%m-%d"
    )
    given = pa.table({"i": range(len(days)), "t": [day.strftime(spelt) for day in days]})
    column = Column(label="日期", grade="L2", type="date", format=(form,))
    frame = local_frame(spark, given)
    found = frame.select("i", _typed(frame["t"], column).alias("v")).toArrow().sort_by("i").column("v").to_pylist()
    store.connection.register("given", given)
    told = [day for (day,) in store.run(f"SELECT {typed_value('t', column)} FROM given ORDER BY i").fetchall()]
    assert [day for day, one, other in zip(days, found, told, strict=True) if (one, other) != (day, day)] == []


@pytest.mark.parametrize("kind", ["double", "decimal(9,2)"])
def test_a_number_too_large_or_called_by_a_name_is_none(spark: SparkSession, store: Store, kind: str) -> None:
    column = Column(label="金额", grade="L2", type=kind)
    texts = ["1e400", "-1e400", "Infinity", "-Infinity", "+inf", "NaN", "nan", "1d", "1.5f", "12.5"]
    assert [value and float(value) for value in read(spark, store, texts, column)] == [None] * 9 + [12.5]


def test_a_number_with_more_decimals_than_its_column_is_none(spark: SparkSession, store: Store) -> None:
    column = Column(label="金额", grade="L2", type="decimal(9,2)")
    good = {
        "12.34": 12.34,
        "12.3400000000000000000": 12.34,
        "1.5e3": 1500.0,
        "1500e-3": 1.5,
        "-0.1250e1": -1.25,
        "+.5": 0.5,
    }
    good |= {
        "12.": 12.0,
        "0e-20": 0.0,
        "0.000000000000000": 0.0,
        "00012.30E+0": 12.3,
        "100e-2": 1.0,
        "1.234567e5": 123456.7,
    }
    bad = [
        "12.3400000000000004",
        "1e-20",
        "10.001",
        "1.5e-2",
        "150e-4",
        "-0.00000000000000000001",
        "1.23456789e5",
        "1e99999999999",
    ]
    bad += ["１２", "١٢", "1.٥", "1_0", "1e", ".", "12345678.00", "1e7", "12 .5"]
    found = read(spark, store, [*good, *bad], column)
    assert [value and float(value) for value in found] == [*good.values(), *[None] * len(bad)]


@pytest.mark.parametrize(
    ("kind", "form"), [("date", ()), ("date", ("yyyy/M/d",)), ("timestamp", ("yyyy/M/d H:mm",)), ("timestamp", ())]
)
def test_a_year_that_no_other_reader_takes_is_none(
    spark: SparkSession, store: Store, kind: str, form: tuple[str, ...]
) -> None:
    column = Column(label="日期", grade="L2", type=kind, format=form)
    texts = ["+20261/1/5", "+20261-01-05", "0000/1/5", "-2026/1/5", "+20261/1/5 8:00", "+20261-01-05 08:00:00"]
    frame = local_frame(spark, pa.table({"i": range(len(texts)), "t": texts}))
    assert [one for (one,) in frame.select(_typed(frame["t"], column)).collect()] == [None] * len(texts)
    store.connection.register("given", pa.table({"t": texts}))
    assert store.run(f"SELECT count({typed_value('t', column)}) FROM given").fetchall() == [(0,)]


def test_a_code_with_a_letter_that_no_code_has_is_told_by_its_own_state(spark: SparkSession, store: Store) -> None:
    good = uscc_code("91370702" + "MA3C0GCB")
    wrong = [f"{letter}{good[1:]}" for letter in "IOSVZ"] + [f"{good[:12]}{letter}{good[13:]}" for letter in "IOSVZ"]
    wrong += [
        good.replace("0", "O"),
        good.replace("1", "I"),
        "MA3IOSVZ9",
        *[office_code(f"MA3C0GC{sign}") for sign in "IOSVZ"],
    ]
    texts = [good, good[8:17], *wrong]
    said = by_spark(spark, texts, state=code_state, code=organisation_code, valid=valid_uscc)
    assert said["state"] == ["ok", "upgraded", *["impossible_letter"] * len(wrong)]
    assert said["code"] == [good[8:17], good[8:17], *[None] * len(wrong)]
    assert said["valid"] == [True, *[False] * (len(wrong) + 1)]
    told = by_duckdb(store, texts, "code_state(t)", "office_code(t)", "is_credit_code(t)")
    assert list(told.values()) == list(said.values())


def office_code(body: str) -> str:
    """Return an organisation code whose check digit is right."""
    signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    check = (
        11 - sum(weight * signs.index(sign) for weight, sign in zip((3, 7, 9, 10, 5, 8, 4, 2), body, strict=True)) % 11
    )
    return body + {10: "X", 11: "0"}.get(check, str(check))


@pytest.mark.parametrize("text", ["Ｎ／Ａ", "　", "", " 无", "无\u200b", "不\u00a0详"])
def test_a_text_for_nothing_that_is_never_met_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="never met"):
        Column(label="列", grade="L2", null_values=(text,))


def test_a_text_for_nothing_is_met_in_any_width(spark: SparkSession) -> None:
    from citylake.engine.clean.conform import _said

    column = Column(label="列", grade="L2", null_values=("N/A", "无"))
    texts = ["Ｎ／Ａ", " N/A ", "　无", "无\u200b", "N/B"]
    assert by_spark(spark, texts, said=lambda text: _said(text, column))["said"] == [None, None, None, None, "N/B"]
