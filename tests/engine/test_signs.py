"""What counts as white space, as nobody's sign and as full width: in both engines, over all of Unicode."""

import unicodedata
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from citylake import words
from citylake.delta.tables import local_frame
from citylake.standards.identifiers import id_no_state, id_text, normalised_id_no, normalised_name
from citylake.standards.organisations import code_state, entity_name
from citylake.standards.signs import CHANGES, changed, fold, folded, whole
from citylake.verify import identifiers
from citylake.verify.store import Store, opened
from tests.resolve.test_identifiers import GOOD, uscc_code

BREAKS = "\t\n\x0b\x0c\r\u0085\u2028\u2029"
PLANES = (
    range(1, 0xD800),
    range(0xE000, 0x10000),
    range(0x1BC00, 0x1BD00),
    range(0x1D100, 0x1D200),
    range(0xDFFF0, 0xE1010),
)
EVERY = [chr(code) for plane in PLANES for code in plane]
"""All of the basic plane, and of the others what has signs that nobody sees, with what lies around."""
LIKE_SPACES = "\u2800\ue5e5"
"""Braille without a dot, and what A3A0 of GB18030 becomes: blanks to who looks at them."""
UNSEEN = "\x01\x1f\x7f\x9f\u00ad\u034f\u200b\u200c\u200d\u200e\u200f\u202e\u2060\u3164\ufe0f\ufeff\uffa0\U000e0100"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with opened("Asia/Shanghai") as made:
        identifiers.install(made)
        yield made


def by_duckdb(store: Store, texts: list[str], *words: str) -> dict[str, list[Any]]:
    store.connection.register("given", pa.table({"i": range(len(texts)), "t": pa.array(texts, pa.string())}))
    said = ", ".join(f"{word} AS w{number}" for number, word in enumerate(words))
    rows = store.run(f"SELECT {said} FROM given ORDER BY i").fetchall()
    return {word: [row[number] for row in rows] for number, word in enumerate(words)}


def by_spark(spark: SparkSession, texts: list[str], **words: Any) -> dict[str, list[Any]]:
    frame = local_frame(spark, pa.table({"i": range(len(texts)), "t": pa.array(texts, pa.string())}))
    found = frame.select("i", *[word(frame["t"]).alias(name) for name, word in words.items()]).toArrow().sort_by("i")
    return {name: found.column(name).to_pylist() for name in words}


def test_both_engines_read_every_sign_alike_wherever_it_stands(spark: SparkSession, store: Store) -> None:
    texts = [text for sign in EVERY for text in (f"a{sign}B", f"{sign} aB {sign}")]
    spark_says = by_spark(spark, texts, folded=folded, changed=changed)
    duckdb_says = by_duckdb(store, texts, "half_width(t)")["half_width(t)"]
    differing = [
        text for text, one, other in zip(texts, spark_says["folded"], duckdb_says, strict=True) if one != other
    ]
    assert [ascii(text) for text in differing] == []
    silent = [
        text
        for text, said, told in zip(texts, spark_says["folded"], spark_says["changed"], strict=True)
        if (said != text) != told
    ]
    assert [ascii(text) for text in silent] == []


def test_what_is_white_space_is_what_unicode_says(spark: SparkSession) -> None:
    read = by_spark(spark, [f"{sign}a{sign}b{sign}" for sign in EVERY], folded=folded, fold=fold)
    for sign, said, compared in zip(EVERY, read["folded"], read["fold"], strict=True):
        if sign in BREAKS:
            assert (said, compared) == (f"a{sign}b", "A B"), ascii(sign)
        elif unicodedata.category(sign) == "Zs" or sign in LIKE_SPACES:
            assert (said, compared) == ("a b", "A B"), ascii(sign)
        elif unicodedata.category(sign) == "Cc" or sign in UNSEEN:
            assert (said, compared) == ("ab", "AB"), ascii(sign)
        elif "\uff01" <= sign <= "\uff5e":
            half = unicodedata.normalize("NFKC", sign)
            assert said == f"{half}a{half}b{half}", ascii(sign)
        elif said != f"{sign}a{sign}b{sign}":
            assert (said, unicodedata.category(sign) in {"Cf", "Mn", "Lo", "Cn"}) == ("ab", True), ascii(sign)


def test_nothing_but_such_signs_says_nothing(spark: SparkSession, store: Store) -> None:
    texts = ["", " ", BREAKS, "\u3000", UNSEEN, f" {UNSEEN}\n"]
    assert by_spark(spark, texts, folded=folded, fold=fold) == {"folded": [None] * 6, "fold": [None] * 6}
    assert by_duckdb(store, texts, "half_width(t)", "folded(t)") == {
        "half_width(t)": [None] * 6,
        "folded(t)": [None] * 6,
    }


def test_each_change_is_of_its_kind(spark: SparkSession) -> None:
    kinds: dict[str, set[str]] = {
        "a b": set(),
        " a": {"trimmed"},
        "a\t": {"trimmed"},
        "a\u200b \ufeff": {"trimmed", "unseen"},
        "a\u200bb": {"unseen"},
        "ａ": {"narrowed"},
        "a\u3000b": {"narrowed"},
        "\u00a0a": {"narrowed", "trimmed"},
        "甲\n乙": set(),
    }
    found = by_spark(spark, [*kinds], **{name: lambda t, of=pattern: t.rlike(of) for name, pattern in CHANGES.items()})
    for number, (text, wanted) in enumerate(kinds.items()):
        assert {name for name, said in found.items() if said[number]} == wanted, ascii(text)


def test_a_sign_that_nobody_sees_makes_nobody_else(spark: SparkSession, store: Store) -> None:
    firm = uscc_code("91370702" + "MA3C0GCB")
    words = {"id_text": id_text, "id_18": normalised_id_no, "state": id_no_state, "name": normalised_name}
    words |= {"firm": entity_name, "code": code_state}
    endings = ["\r\n", "\t", *LIKE_SPACES, " ", "\u3000", "\u00a0", "\u2028", "\n", *UNSEEN]
    numbers = [text for one in endings for text in (f"{GOOD}{one}", f"{one}{GOOD}", f"{GOOD[:6]}{one}{GOOD[6:]}")]
    said = by_spark(spark, numbers, **words)
    assert wrong(numbers, said["id_text"], GOOD) == wrong(numbers, said["id_18"], GOOD) == []
    assert wrong(numbers, said["state"], "ok") == []
    for word, right in (("id_text(t)", GOOD), ("id_18(t)", GOOD), ("id_state(t, DATE '2026-03-01')", "ok")):
        assert wrong(numbers, by_duckdb(store, numbers, word)[word], right) == []
    people, firms, codes = (
        [form.replace("|", one) for one in endings] for form in ("王小|明|", "|潍坊示例有限公司", f"{firm}|")
    )
    assert wrong(people, by_spark(spark, people, **words)["name"], "王小明") == []
    assert wrong(firms, by_spark(spark, firms, **words)["firm"], "潍坊示例有限公司") == []
    assert wrong(codes, by_spark(spark, codes, **words)["code"], "ok") == []
    assert wrong(codes, by_duckdb(store, codes, "code_state(t)")["code_state(t)"], "ok") == []


def wrong(texts: list[str], said: list[Any], right: str) -> list[str]:
    """Return the texts of which something else is said, written out."""
    return [ascii(text) for text, one in zip(texts, said, strict=True) if one != right]


def test_only_a_whole_text_matches(spark: SparkSession) -> None:
    texts = ["2026", *[f"2026{sign}" for sign in BREAKS], "x2026", "20260", "2026\r\n"]
    assert by_spark(spark, texts, whole=lambda t: whole(t, r"\d{4}"))["whole"] == [True] + [False] * (len(texts) - 1)


def test_each_change_has_a_clerks_words() -> None:
    assert set(CHANGES) <= set(words.CHANGES)
