"""The constructs of ``constructs.txt`` in both engines: which are the same, which differ and how, which Sail does not know."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlglot
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from sqlglot import exp

from citylake.spark.proven import unproven_sql
from tests.engines.both import Both, comparable
from tests.engines.nasty import MONTHS, NUMBERS, TEXTS, Draw

CONSTRUCTS = Path(__file__).with_name("constructs.txt")
_DAYS = (date(1, 1, 1), date(1582, 10, 10), date(1900, 2, 28), date(1988, 4, 17), date(2024, 2, 29), date(2026, 1, 5), date(2026, 1, 31),
         date(9999, 12, 1), None)  # fmt: skip
_MOMENTS = (datetime(1, 1, 3), datetime(1900, 12, 31, 15, 54, 17), datetime(1988, 4, 16, 18, 30), datetime(1988, 9, 10, 17, 30),
            datetime(2026, 1, 5, 16, 0, 0, 123400), datetime(9999, 11, 30), None)  # fmt: skip
_WHOLE = (0, 1, -1, 5, 7, -8, 2**31 - 1, -(2**31), None)
_LARGE = (0, 1, -1, 2**63 - 1, -(2**63), 10**15, None)
_AMOUNTS = ("0", "0.01", "-0.01", "12.50", "99.99", "9999999999.99", "-9999999999.99", None)
_WIDE = ("0", "0.000001", "-1.5", "99999999999999999999999999999999.999999", None)
_FLOATS = (0.0, -0.0, 1.5, 1e-5, 1e7, 0.1, 1e22, 1e308, float("nan"), float("inf"), None)
KINDS = {"i": "bigint", "s": "string", "u": "string", "a": "int", "n": "bigint", "d": "date", "e": "date", "ts": "timestamp",
         "m": "decimal(12,2)", "w": "decimal(38,6)", "b": "boolean", "f": "double"}  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What became of one construct.

    Attributes:
        text: as it stands in the list.
        kinds: types of the columns in it.
        said: same, or how it differs.
        reasons: why it is not proven; none if it is.
    """

    text: str
    kinds: str
    said: str
    reasons: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        return self.said == "same"


def constructs() -> dict[str, list[str]]:
    """Return the list, section by section."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in CONSTRUCTS.read_text("utf-8").splitlines():
        if re.fullmatch(r"\[[a-z]+\]", line):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            found.setdefault(section, []).append(line)
    return found


def table(seed: int, rows: int) -> pa.Table:
    """Return a table of odd values of all types, ``i`` numbering its rows."""
    draw = Draw(seed)
    texts = (*TEXTS, *NUMBERS[:20], "a.b.c", "a b", " a  b ", "2026-01-05", "2026-02-30", "2026-01-05 08:00:00", None)

    def drawn(values: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
        return pa.array([draw.of(values) for _ in range(rows)], kind)

    moments = tuple(value and value.replace(tzinfo=UTC) for value in _MOMENTS)
    amounts, wide = (tuple(value and Decimal(value) for value in values) for values in (_AMOUNTS, _WIDE))
    months = (MONTHS[0], "2024-02", "1988-04", None)
    return pa.table({
        "i": pa.array(range(rows), pa.int64()), "s": drawn(texts, pa.string()), "u": drawn(months, pa.string()),
        "a": drawn(_WHOLE, pa.int32()), "n": drawn(_LARGE, pa.int64()), "d": drawn(_DAYS, pa.date32()), "e": drawn(_DAYS, pa.date32()),
        "ts": drawn(moments, pa.timestamp("us", "UTC")), "m": drawn(amounts, pa.decimal128(12, 2)), "w": drawn(wide, pa.decimal128(38, 6)),
        "b": drawn((True, False, None), pa.bool_()), "f": drawn(_FLOATS, pa.float64()),
    })  # fmt: skip


def prepare(both: Both, rows: int) -> None:
    """Give both engines the tables ``t`` and ``o``."""
    for session in (both.spark, both.sail):
        for name, seed, count in (("t", 1, rows), ("o", 2, rows // 3)):
            both.frame(session, table(seed, count)).createOrReplaceTempView(name)


def select(section: str, text: str) -> str:
    """Return a construct as a SELECT."""
    if section == "selects":
        return text
    return f"SELECT i, {text} AS v FROM t" if section == "scalars" else f"SELECT s AS k, {text} AS v FROM t GROUP BY s"


def kinds_of(section: str, text: str) -> frozenset[str]:
    """Return the types of the columns in a construct; ``i`` only counts where it is asked for."""
    tree = sqlglot.parse_one(text if section == "selects" else f"SELECT {text}", read="spark")
    return frozenset(
        KINDS[column.name] for column in tree.find_all(exp.Column) if column.name in KINDS and column.name != "i"
    )


def judged(both: Both, section: str, text: str) -> Verdict:
    """Compare one construct."""
    kinds = kinds_of(section, text)
    reasons = unproven_sql(select(section, text), kinds)
    return Verdict(text, ", ".join(sorted(kinds)), _said(both, select(section, text)), reasons)


def _said(both: Both, text: str) -> str:
    spark, sail = (_outcome(session, text) for session in (both.spark, both.sail))
    if isinstance(sail, str):
        return "both fail" if isinstance(spark, str) else f"not supported: {sail}"
    if isinstance(spark, str):
        return "differs: Spark fails, Sail does not"
    return difference(spark, sail)


def _outcome(session: SparkSession, text: str) -> pa.Table | str:
    try:
        return session.sql(text).toArrow()
    except (PySparkException, pa.ArrowException) as error:
        return re.sub(r"\s+", " ", str(error)).replace("|", "/")[:80]


def difference(spark: pa.Table, sail: pa.Table) -> str:
    """Return ``same``, or what differs first."""
    types = [(str(one.type), str(other.type)) for one, other in zip(spark.schema, sail.schema, strict=True)]
    if odd := [pair for pair in types if pair[0].replace(" not null", "") != pair[1].replace(" not null", "")]:
        return f"differs: type {odd[0][0]} / {odd[0][1]}"
    one, other = (sorted(zip(*comparable(made).values(), strict=True)) for made in (spark, sail))
    if len(one) != len(other):
        return f"differs: {len(one)} / {len(other)} rows"
    for row, beside in zip(one, other, strict=True):
        if row != beside:
            pair = next((left, right) for left, right in zip(row, beside, strict=True) if left != right)
            return f"differs: {pair[0][:40]} / {pair[1][:40]}"
    return "same"


def words(texts: Iterable[str]) -> set[str]:
    """Return which words of SQL, as sqlglot calls them, stand in constructs."""
    trees = [
        sqlglot.parse_one(text if text.startswith(("SELECT", "WITH")) else f"SELECT {text}", read="spark")
        for text in texts
    ]
    return {type(node).__name__ for tree in trees for node in tree.walk()}
