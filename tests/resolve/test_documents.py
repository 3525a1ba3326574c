"""Documents of persons and codes of legal entities against truth sets made by other means, and against python-stdnum."""

from collections.abc import Callable, Sequence

import pyarrow as pa
import pytest
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from stdnum import iso7064
from stdnum.iso7064 import mod_11_2, mod_11_10

from citylake.standards.documents import document_class, document_number, document_state, with_document
from citylake.standards.organisations import (
    code_class,
    code_state,
    entity_key,
    entity_name,
    organisation_code,
    registration_no,
)
from citylake.verify import identifiers
from citylake.verify.store import opened

ORG = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def number(body: str) -> str:
    return body + str(mod_11_2.calc_check_digit(body))


def organisation(body: str) -> str:
    """Return eight characters with their check character, by the standard's own words: 11 minus the weighted sum."""
    rest = 11 - sum(ORG.index(sign) * weight for sign, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return body + ("X" if rest == 10 else "0" if rest == 11 else str(rest))


def credit(front: str, body: str) -> str:
    """Return a credit code: check character and weighted sum make a multiple of 31."""
    code = front + organisation(body)
    weighted = sum(CREDIT.index(sign) * 3**place for place, sign in enumerate(code))
    return code + next(sign for sign in CREDIT if (weighted + CREDIT.index(sign)) % 31 == 0)


def registration(body: str) -> str:
    return body + str(mod_11_10.calc_check_digit(body))


RESIDENT = number("37070219800115302")
DOCUMENTS = [
    ("a citizen's number", RESIDENT, "111", "resident", RESIDENT, "ok"),
    ("a citizen's number without a kind", RESIDENT, None, "resident", RESIDENT, "ok"),
    ("a citizen's number under a wrong kind", RESIDENT, "414", "resident", RESIDENT, "ok"),
    (
        "a permit of a Hong Kong resident",
        number("81000019900101123"),
        "554",
        "permit",
        number("81000019900101123"),
        "ok",
    ),
    ("a permit of a Taiwan resident", number("83000019900101123"), None, "permit", number("83000019900101123"), "ok"),
    ("a permit with a wrong check", number("81000019900101123")[:17] + "W", "554", None, None, "wrong_kind"),
    ("a foreigner's card of 2023", number("91184019900101123"), "553", "foreigner", number("91184019900101123"), "ok"),
    ("a foreigner's older card", "usa 370090010112", "553", "foreigner_old", "foreigner_old:USA370090010112", "ok"),
    ("a travel permit renewed twice", "H1234567802", "516", "home_travel", "home_travel:H12345678", "ok"),
    ("a travel permit from Macao without renewals", "ｍ12345678", None, "home_travel", "home_travel:M12345678", "ok"),
    ("a travel permit one digit short", "H1234567", "516", None, None, "wrong_kind"),
    ("a Taiwan travel permit", "12345678", "511", "taiwan_travel", "taiwan_travel:12345678", "ok"),
    ("an older Taiwan travel permit", "1234567801", "511", "taiwan_travel", "taiwan_travel:12345678", "ok"),
    ("eight digits of anything", "12345678", None, None, None, "wrong_kind"),
    ("a passport", "E12345678", "414", "passport", "passport:E12345678", "ok"),
    ("a passport nobody calls one", "E12345678", None, None, None, "wrong_kind"),
    ("nothing", None, "414", None, None, "missing"),
]
OLD = organisation("74569812")
CODES = [
    ("a firm", credit("91370702", "MA3X1234"), "credit", organisation("MA3X1234"), "ok"),
    ("a village collective", credit("N2370702", "MF000012"), "credit", organisation("MF000012"), "ok"),
    ("a hamlet collective", credit("N1370702", "MF000013"), "credit", organisation("MF000013"), "ok"),
    ("a body of the forces", credit("A1370702", "MF000014"), "credit", organisation("MF000014"), "ok"),
    ("another body", credit("Y1370702", "MF000015"), "credit", organisation("MF000015"), "ok"),
    ("an organisation code", OLD, "organisation", OLD, "upgraded"),
    ("an organisation code with its hyphen", "74569812-" + OLD[8], "organisation", OLD, "upgraded"),
    ("an organisation code gone wrong", OLD[:7] + "3" + OLD[8], "organisation", None, "checksum_wrong"),
    ("a firm with one sign wrong", "91370703" + credit("91370702", "MA3X1234")[8:], "credit", None, "checksum_wrong"),
    ("a registration number", registration("37070020001234"), "registration", None, "ok"),
    ("a registration number gone wrong", registration("37070020001234")[:13] + "59", "registration", None, "checksum_wrong"),
    ("an old registration number", "3707002801234", "registration", None, "ok"),
    ("a citizen's number", RESIDENT, "credit", None, "checksum_wrong"),
    ("blanks", " \u3000", None, None, "missing"),
]  # fmt: skip


def frame(spark: SparkSession, *columns: Sequence[str | None]) -> DataFrame:
    named = {f"v{place}": pa.array(values, pa.string()) for place, values in enumerate(columns)}
    return spark.createDataFrame(pa.table({"i": pa.array(range(len(columns[0]))), **named}))


@pytest.fixture(scope="module")
def documents(spark: SparkSession) -> list[tuple[str, ...]]:
    rows = frame(spark, [one[1] for one in DOCUMENTS], [one[2] for one in DOCUMENTS])
    asked: list[Callable[[Column, Column], Column]] = [document_class, document_number, document_state]
    told = rows.select("i", *[ask(F.col("v0"), F.col("v1")).alias(ask.__name__) for ask in asked])
    return [tuple(row)[1:] for row in told.orderBy("i").collect()]


def test_judged_in_steps_a_document_is_what_it_is_at_once(spark: SparkSession) -> None:
    number, kind = F.col("v0"), F.col("v1")
    rows = frame(spark, [one[1] for one in DOCUMENTS], [one[2] for one in DOCUMENTS])
    at_once = [ask(number, kind) for ask in (document_class, document_number, document_state)]
    stepped = with_document(rows, number, kind, "d").select("d_class", "d_number", "d_state", *at_once).collect()
    assert [tuple(row)[:3] for row in stepped] == [tuple(row)[3:] for row in stepped]


@pytest.mark.parametrize(("place", "expected"), [pytest.param(i, c[3:], id=c[0]) for i, c in enumerate(DOCUMENTS)])
def test_document_of(documents: list[tuple[str, ...]], place: int, expected: tuple[str, ...]) -> None:
    assert documents[place] == expected


@pytest.fixture(scope="module")
def codes(spark: SparkSession) -> list[tuple[str, ...]]:
    rows = frame(spark, [one[1] for one in CODES])
    asked = [code_class, organisation_code, code_state]
    told = rows.select("i", *[ask(F.col("v0")).alias(ask.__name__) for ask in asked])
    return [tuple(row)[1:] for row in told.orderBy("i").collect()]


@pytest.mark.parametrize(("place", "expected"), [pytest.param(i, c[2:], id=c[0]) for i, c in enumerate(CODES)])
def test_code_of(codes: list[tuple[str, ...]], place: int, expected: tuple[str, ...]) -> None:
    assert codes[place] == expected


def test_registration_numbers_are_judged_as_iso_7064_says(spark: SparkSession) -> None:
    made = [registration(f"3707002{place:07d}") for place in range(300)]
    wrong = [one[:-1] + str((int(one[-1]) + 1 + place % 9) % 10) for place, one in enumerate(made)]
    rows = frame(spark, [*made, *wrong]).select("v0", code_state(F.col("v0")).alias("state")).collect()
    assert all((row.state == "ok") == iso7064.mod_11_10.is_valid(row.v0) for row in rows)
    assert {row.state for row in rows} == {"ok", "checksum_wrong"}


def test_any_column_may_hold_a_registration_number(spark: SparkSession) -> None:
    rows = frame(spark, ["370700200012345", credit("91370702", "MA3X1234"), " 3707002801234"]).orderBy("i")
    told = [row[0] for row in rows.select(registration_no(F.col("v0"))).collect()]
    assert told == ["370700200012345", None, "3707002801234"]


def test_names_of_firms_are_compared_without_region_and_form(spark: SparkSession) -> None:
    names = [
        "山东省潍坊市恒昌机械（集团）有限公司",
        "潍坊恒昌机械有限责任公司",
        "青州市恒昌 机械有限公司",
        "潍坊市",
        "恒丰机械有限公司",
    ]
    key = entity_key(entity_name(F.col("v0")))
    told = [row[0] for row in frame(spark, names).orderBy("i").select(key).collect()]
    assert told[0] == told[1] == told[2]
    assert told[3] is not None
    assert told[4] != told[0]


def test_the_second_engine_judges_documents_and_codes_alike() -> None:
    with opened("Asia/Shanghai") as store:
        identifiers.install(store)
        for _, number_said, kind, found, lasting, state in DOCUMENTS:
            told = store.run(
                "SELECT document_class($n, $k), CASE WHEN document_class($n, $k) IS NOT NULL THEN document_no($n, $k) END, "
                "document_state($n, $k, DATE '2099-12-31')",
                {"n": number_said, "k": kind},
            ).fetchall()
            assert told == [(found, lasting, state)]
        for _, code, found, office, state in CODES:
            told = store.run(
                "SELECT code_kind_of(code_of($c)), office_code($c), code_state($c)", {"c": code}
            ).fetchall()
            assert told == [(found, office, state)]
