"""Taking a delivery gives the same rows, reasons, ids, hashes and outcomes in both engines, whatever its lines say."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from citylake.contract.model import CollectedContract
from citylake.delta.tables import local_frame
from citylake.engine.check import check
from citylake.engine.clean.conform import conform
from citylake.engine.clean.hashes import line_hash, row_hash
from citylake.engine.clean.identity import json_object, key_frame, with_ids
from citylake.engine.clean.lines import decide
from tests.engines.both import Both
from tests.engines.nasty import OF_TYPE, TEXTS, Draw, id_numbers

LINES = 400
DAY = date(2026, 11, 29)
CODES = {"sex": {"1": "男", "2": "女"}}
ORDINARY = {
    "date": "2026-01-05", "timestamp": "2026-01-05 08:00:00", "int": "12", "bigint": "34", "double": "5.5", "decimal": "7.25",
    "boolean": "是", "month": "2026-11", "sex_code": "1", "compact": "20260105", "serial": "45000", "shown": "2026-01-05T08:00:00",
    "id_no": "11010119800101001X", "uscc": "91370702MA3C0GCB2X",
}  # fmt: skip
COLUMNS: dict[str, Any] = {
    "record_no": {}, "id_no": {"direct": True}, "name": {"direct": True}, "uscc": {}, "note": {"null_values": ["N/A", "无"]},
    "sex_code": {"codes": "sex"}, "born": {"type": "date"}, "compact": {"type": "date", "format": "yyyyMMdd"},
    "serial": {"type": "date", "format": "excel_serial"}, "changed": {"type": "timestamp"},
    "shown": {"type": "timestamp", "format": "yyyy-MM-dd'T'HH:mm:ss"}, "count": {"type": "int"}, "total": {"type": "bigint"},
    "share": {"type": "double"}, "amount": {"type": "decimal(12,2)"}, "large": {"type": "decimal(38,6)"},
    "is_so": {"type": "boolean"}, "month": {"type": "month"},
}  # fmt: skip
RULES = {
    "quarantine": [{"not_null": "record_no"}, {"not_in_future": "born"}, {"in_range": {"column": "amount", "min": 0, "max": 20000}}],
    "warn": [
        {"valid_id_no": "id_no"}, {"valid_uscc": "uscc"}, {"agrees_with_id_no": "born"},
        {"max_length": {"column": "note", "length": 9}}, {"not_before": {"column": "compact", "other": "born"}},
        {"matches": {"column": "note", "pattern": r"^[\w一-龥]+\D?.$"}},
    ],
}  # fmt: skip
MODES: dict[str, dict[str, Any]] = {
    "snapshot": {"mode": "snapshot"},
    "change": {"mode": "change", "change": {"operation": "CZBZ", "order": ["changed"]}},
}


def contract(mode: str) -> CollectedContract:
    columns = {name: {"label": name, "grade": "L3", **said} for name, said in COLUMNS.items()}
    person = {"self": {"id_no": "id_no", "name": "name", "birth_date": "born"}}
    return CollectedContract.model_validate({
        "name": "clean.office__thing", "title": "事", "grain": "一行", "owner": "office", "grade": "L3",
        "source": {"form": "csv", "files": "x_*.csv", "as_of": {"filename": r"x_(\d{8})"}}, "due": {"every": "day", "time": "01:00"},
        "key": ["record_no"], "identity": {"person": person}, "columns": columns, "rules": RULES, "share": "conditional", **MODES[mode],
    })  # fmt: skip


def delivered(contract: CollectedContract, draw: Draw) -> pa.Table:
    """Return lines of which many have one odd value each, some the same key, some no key."""
    numbers = list(id_numbers())

    def text(name: str) -> str | None:
        kind = contract.columns[name].type.partition("(")[0]
        if name == "record_no":
            return draw.of(TEXTS) if draw.often(5) else f"R{draw.below(LINES // 2)}"
        if draw.often(96):
            return ORDINARY.get(name) or ORDINARY.get(kind) or f"张{draw.below(3)}"
        if name in ("id_no", "uscc"):
            return draw.of(numbers)
        return draw.of((*OF_TYPE.get(kind, ()), *TEXTS, None))

    columns: dict[str, Any] = {name: pa.array([text(name) for _ in range(LINES)], pa.string()) for name in COLUMNS}
    columns |= {"_line": range(1, LINES + 1)}
    columns["_unreadable"] = pa.array(["坏" if draw.often(2) else None for _ in range(LINES)], pa.string())
    if contract.mode == "change":
        columns["_operation"] = [draw.of(("I", "U", "D", " d", "?")) for _ in range(LINES)]
    return pa.table(columns)


@dataclass(frozen=True)
class Taken:
    """A delivery and the clean rows that it meets."""

    contract: CollectedContract
    lines: pa.Table
    known: pa.Table | None = None

    def plan(self, session: SparkSession) -> DataFrame:
        typed = conform(local_frame(session, self.lines), self.contract, CODES)
        judged = check(typed.withColumn("_line_hash", line_hash(self.contract)), self.contract, CODES, DAY)
        identified = with_ids(judged, self.contract, key_frame(session, b"k" * 32))
        known = None if self.known is None else local_frame(session, self.known)
        return decide(identified, known, self.contract)

    def made(self, session: SparkSession) -> pa.Table:
        """Return the clean rows that this makes."""
        rows = self.plan(session).where("_rewrite").where("_outcome IN ('inserted', 'updated', 'deleted')")
        named = [F.col(f"`{name}`") for name in self.contract.columns]
        held = F.when(F.col("_line") % 7 == 0, F.lit(DAY)).alias("_held_since")
        return rows.select(*named, "_row_hash", F.col("_is_delete").alias("_deleted"), held).toArrow()


def test_lines_come_to_the_same_in_both_engines(both: Both) -> None:
    agreed = contract("change")
    first = Taken(agreed, delivered(agreed, Draw(1)))
    second = Taken(agreed, delivered(agreed, Draw(2)), first.made(both.sail))
    spark, sail = both.rows(second.plan, "_line")
    assert list(spark) == list(sail)
    assert [name for name in spark if spark[name] != sail[name]] == []
    assert len(set(spark["_outcome"])) >= 4
    # What was never anything else would prove nothing.
    assert {name for name in COLUMNS if len(set(spark[name])) < 2} == set()
    assert len(set(spark["_reasons"])) > 20


def test_an_id_is_made_of_what_to_json_says(both: Both) -> None:
    draw = Draw(3)
    seen = [
        chr(code) for code in range(0x20, 0x110000) if not 0xD800 <= code < 0xE000 and (code < 0x3100 or code % 41 == 0)
    ]
    texts = [
        None if draw.often(9) else "".join(draw.of([*seen, *'\t\n\x0b\x0c\r"\\' * 99]) for _ in range(9))
        for _ in range(3000)
    ]
    small, large = ([None if draw.often(9) else draw.below(size) - size // 2 for _ in texts] for size in (2**32, 2**63))
    amounts = pc.divide(pa.array(small, pa.decimal128(12, 2)), 100).cast(pa.decimal128(12, 2))
    columns = {
        "text": pa.array(texts), "other": pa.array(texts[::-1]), "whole": pa.array(small, pa.int32()), "big": pa.array(large, pa.int64()),
        "amount": amounts, "is_so": pa.array([value and value % 2 == 0 for value in small]),
        "day": pa.array([value and abs(value) % 2_000_000 - 700_000 for value in small], pa.int32()).cast(pa.date32()),
    }  # fmt: skip
    kinds = {
        "text": "string",
        "other": "month",
        "whole": "int",
        "big": "bigint",
        "amount": "decimal(12,2)",
        "is_so": "boolean",
        "day": "date",
    }
    written = both.values(json_object({name: (F.col(name), kind) for name, kind in kinds.items()}), **columns)
    told = both.values(F.to_json(F.struct(*map(F.col, kinds))), **columns)
    assert written[0] == told[0]
    assert written[1] == told[0]


@pytest.mark.parametrize("kind", ["double", "timestamp", "decimal(38,9)"])
def test_a_key_whose_json_only_spark_writes_is_left_to_it(both: Both, kind: str) -> None:
    column = F.lit("2026").cast(kind)
    assert "to_json" in str(json_object({"key": (column, kind)}))


def test_a_row_hash_knows_where_a_value_stands_and_no_value_that_is_not_there(both: Both) -> None:
    names = contract("snapshot")
    values = both.spark.createDataFrame(
        pa.table({"i": [0, 1, 2], "record_no": ["a", "b", None], "name": ["b", "a", "a"]})
    )
    nothing = {name: F.lit(None).cast(column.spark_type) for name, column in names.columns.items()}
    hashed = values.select(
        "i", *[F.col(name) if name in values.columns else value.alias(name) for name, value in nothing.items()]
    )
    first, second, third = [row[0] for row in hashed.sort("i").select(row_hash(names)).collect()]
    assert first != second
    only = names.model_copy(update={"columns": {"name": names.columns["name"]}})
    assert values.where("i = 2").select(row_hash(only)).collect()[0][0] == third
