"""Identifiers against a truth set, and against python-stdnum where it is right."""

import hashlib
from collections.abc import Sequence
from datetime import date

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from stdnum.cn import ric, uscc

from citylake.standards.identifiers import (
    homophone_key,
    id_no_birth_date,
    id_no_sex,
    id_no_state,
    id_text,
    normalised_id_no,
    normalised_name,
    with_id_no,
)
from citylake.standards.organisations import valid_uscc

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def number(body: str) -> str:
    """Return a made-up number: 17 digits and their check character."""
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]


def uscc_code(body: str) -> str:
    """Return a made-up credit code from 8 + 8 characters: organisation check and last check added."""
    org = body[8:]
    values = ["0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(c) for c in org]
    rest = 11 - sum(v * w for v, w in zip(values, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    code = body + {10: "X", 11: "0"}.get(rest, str(rest))
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(code))
    return code + alphabet[(31 - total % 31) % 31]


def frame(spark: SparkSession, values: Sequence[str | None]) -> DataFrame:
    return spark.createDataFrame(pa.table({"i": pa.array(range(len(values))), "v": pa.array(values, pa.string())}))


GOOD = number("37070219800115302")
ENDS_IN_X = next(n for n in (number(f"3707021980011{i:04d}"[:17]) for i in range(3000, 4000)) if n.endswith("X"))
STATES = [
    ("an eighteen digit number", GOOD, "ok"),
    ("a lower case x", ENDS_IN_X[:17] + "x", "ok"),
    ("full-width digits", "".join(chr(ord(c) + 0xFEE0) for c in GOOD), "ok"),
    ("spaces inside and around", f" {GOOD[:6]} {GOOD[6:14]} {GOOD[14:]}\u3000", "ok"),
    ("a fifteen digit number", GOOD[:6] + GOOD[8:17], "upgraded"),
    ("a county renamed in 1986", number("37072119600101123"), "ok"),
    ("a city code of 1987", number("37900119650101123"), "ok"),
    ("a district older than itself", number("37070519800101123"), "ok"),
    ("a Hong Kong resident's permit", number("81000019900101123"), "ok"),
    ("a Macao resident's permit", number("82000019900101123"), "ok"),
    ("a Taiwan resident's permit", number("83000019900101123"), "ok"),
    ("a foreigner's permit", number("91184019900101123"), "ok"),
    ("a development zone's invented code", number("37079119900101123"), "unknown_area"),
    ("a province that never was", number("38010119900101123"), "unknown_area"),
    ("one digit wrong", GOOD[:9] + str((int(GOOD[9]) + 1) % 10) + GOOD[10:], "checksum_wrong"),
    ("the thirtieth of February", number("37070219800230302"), "impossible_date"),
    ("a birth in 2099", number("37070220990101302"), "impossible_date"),
    ("a birth in 1700", number("37070217000101302"), "impossible_date"),
    ("seventeen digits", GOOD[:17], "wrong_kind"),
    ("a passport", "E12345678", "wrong_kind"),
    ("nothing", None, "missing"),
    ("blanks only", " \u3000", "missing"),
]


@pytest.fixture(scope="module")
def judged(spark: SparkSession) -> list[str]:
    values = frame(spark, [value for _, value, _ in STATES])
    rows = values.select("i", id_no_state(F.col("v"), date(2026, 11, 22)).alias("state")).orderBy("i").collect()
    return [row.state for row in rows]


@pytest.mark.parametrize(("place", "expected"), [pytest.param(i, s[2], id=s[0]) for i, s in enumerate(STATES)])
def test_state_of(judged: list[str], place: int, expected: str) -> None:
    assert judged[place] == expected


def test_judged_in_steps_a_number_is_what_it_is_at_once(spark: SparkSession) -> None:
    day, value = date(2026, 11, 22), F.col("v")
    stepped = with_id_no(frame(spark, [value for _, value, _ in STATES]), value, "n", day)
    at_once = (id_text(value), id_no_state(value, day), normalised_id_no(value))
    rows = stepped.select("n_text", "n_state", "n_normalised", *at_once).collect()
    assert [tuple(row)[:3] for row in rows] == [tuple(row)[3:] for row in rows]
    assert stepped.columns == ["i", "v", "n_text", "n_normalised", "n_state"]


def test_a_fifteen_digit_number_becomes_the_holders_eighteen_digit_one(spark: SparkSession) -> None:
    old = number(GOOD[:6] + "18950115" + "997")
    rows = frame(spark, [GOOD, GOOD[:6] + GOOD[8:17], old[:6] + old[8:17], "e 123"]).orderBy("i")
    assert [row[0] for row in rows.select(normalised_id_no(F.col("v"))).collect()] == [GOOD, GOOD, old, "E123"]


def test_birth_date_and_sex_are_those_in_the_number(spark: SparkSession) -> None:
    rows = frame(spark, [number("37070219800115301"), number("37070219991231442"), "E123"]).orderBy("i")
    found = rows.select(id_no_birth_date(F.col("v")), id_no_sex(F.col("v"))).collect()
    assert [tuple(row) for row in found] == [(date(1980, 1, 15), "1"), (date(1999, 12, 31), "2"), (None, None)]


def test_two_thousand_numbers_are_judged_as_stdnum_judges_their_check(spark: SparkSession) -> None:
    values: list[str | None] = []
    for i in range(2000):
        digest = int.from_bytes(hashlib.sha256(f"id{i}".encode()).digest()[:6], "big")
        birth = date(1940 + digest % 80, 1 + digest // 80 % 12, 1 + digest // 960 % 28)
        body = f"370702{birth:%Y%m%d}{digest // 26880 % 1000:03d}"
        values.append(number(body) if i % 2 else body + "10X98765432"[digest % 11])
    rows = frame(spark, values).orderBy("i").select("v", id_no_state(F.col("v")).alias("state")).collect()
    assert all((row.state == "ok") == (ric.calc_check_digit(row.v) == row.v[-1]) for row in rows)
    assert {row.state for row in rows} == {"ok", "checksum_wrong"}


def test_credit_codes_are_judged_as_stdnum_does_and_village_collectives_beyond(spark: SparkSession) -> None:
    enterprises = [uscc_code(f"91370700MA3{i:05d}") for i in range(200)]
    wrong = [code[:-1] + ("0" if code[-1] != "0" else "1") for code in enterprises]
    values: list[str | None] = [*enterprises, *wrong]
    rows = frame(spark, values).select("v", valid_uscc(F.col("v")).alias("good")).collect()
    assert all(row.good == uscc.is_valid(row.v) for row in rows)
    beyond = [uscc_code("N2370702MF000012"), uscc_code("A1370702MF000012"), None, "I" * 18]
    collectives = frame(spark, beyond).orderBy("i")
    assert [row[0] for row in collectives.select(valid_uscc(F.col("v"))).collect()] == [True, True, None, False]


def test_names_that_sound_alike_have_one_key(spark: SparkSession) -> None:
    names = ["张　伟", "章玮", "张 伟", "李伟", "阿依古丽·买买提", "阿依古丽买买提"]
    name = normalised_name(F.col("v"))
    rows = frame(spark, names).orderBy("i").select(name.alias("name"), homophone_key(name).alias("key")).collect()
    assert rows[0].name == rows[2].name == "张伟"
    assert rows[0].key == rows[1].key != rows[3].key
    assert rows[4].name == rows[5].name
