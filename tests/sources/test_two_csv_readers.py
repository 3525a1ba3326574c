"""The quick and the exact reader of CSV are one reader: on any bytes, in blocks of any size, they tell the same."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citylake.sources import csv_form
from citylake.sources.csv_form import read_csv
from citylake.sources.errors import DeliveryError
from citylake.sources.layout import Layout
from citylake.sources.limits import Limits
from tests.sources.fuzzing import fuzz

PIECES = [
    *["1", "ab", "甲", "", " ", ",", ",", '"', '""', ",,\n", "A,B\n", " A, B \n", "A", "B"],
    *["\n", "\n", "\r\n", "\r\r\n", "\r", "\v", "\x85", "\u2028", "\ufeff", "\0", "\x1a", "\ufffd"],
]
Told = tuple[list[tuple[Any, ...]], list[tuple[int, str]], str | None]


class Collected:
    """Takes what a reader gives out."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.problems: list[tuple[int, str]] = []

    def add(self, columns: dict[str, pa.Array], lines: pa.Array) -> None:
        values = [columns[name].to_pylist() for name in sorted(columns)]
        self.rows += zip(lines.to_pylist(), *values, strict=True)

    def add_unreadable(self, problems: list[tuple[int, str]]) -> None:
        self.problems += problems


def told(text: str, names: tuple[str, ...], size: int) -> Told:
    """Read a text cut into blocks of so many characters; return rows, problems and why it was refused."""
    layout = Layout(subject="文件", form="csv", mode="event", columns={name: name for name in names})
    out, refusal = Collected(), None

    def blocks() -> Iterator[str]:
        for start in range(0, len(text), size):
            yield text[start : start + size]

    try:
        read_csv(blocks(), layout, Limits(), out)  # type: ignore[arg-type]
    except DeliveryError as error:
        refusal = error.message
    return sorted(out.rows), sorted(out.problems), refusal


@fuzz
@given(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.sampled_from([("A",), ("A", "B"), ("A", "B", "C")]),
    st.integers(1, 80),
)
def test_the_quick_reader_tells_what_the_exact_one_tells(body: str, names: tuple[str, ...], size: int) -> None:
    text = ",".join(names) + "\n" + body
    quick = told(text, names, size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_form, "_cut", lambda data, delimiter, last: None)
        exact = told(text, names, len(text) + 1)
    # Of a file that is refused nothing is kept.
    assert quick[2] == exact[2]
    assert exact[2] is not None or quick == exact


@fuzz
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.integers(2, 3))
def test_no_line_vanishes(body: str, width: int) -> None:
    names = ("A", "B", "C")[:width]
    rows, problems, refusal = told(",".join(names) + "\n" + body, names, 7)
    if refusal is not None:
        return
    lines = [row[0] for row in rows] + [line for line, _ in problems]
    assert len(lines) == len(set(lines))
    said = {number for number, line in enumerate(body.split("\n"), start=2) if line.strip("\r,")}
    covered = set(lines)
    for row in rows:  # a value in quotes covers the lines after its first
        covered |= set(range(row[0], row[0] + sum((value or "").count("\n") for value in row[1:]) + 1))
    assert said <= covered
