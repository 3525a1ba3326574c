"""Which spellings of a sign are one when texts are compared, and which are not: in both engines, over all of Unicode."""

import sys
import unicodedata
from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from citylake.standards.identifiers import homophone_key, id_no_state, normalised_id_no, normalised_name
from citylake.standards.organisations import code_state, entity_key, entity_name
from citylake.standards.signs import compared, folded
from citylake.standards.spellings import spellings, written_pairs
from citylake.verify import identifiers
from citylake.verify.store import Store, opened
from tests.engine.test_signs import EVERY, by_duckdb, by_spark
from tests.resolve.test_identifiers import GOOD, uscc_code

KNOWN = spellings().long + spellings().signs
ONE = [
    ("王\ue81e明", "王\u9fb4明"),
    ("\ue863芸", "䶮芸"),
    ("\ue864", "\u9fbb"),
    ("\ue816", "\U00020087"),
    ("王\ue7c8", "王ǹ"),
    ("\u2f20伟", "士伟"),
    ("\u2ed3江", "长江"),
    ("\ue819", "乙"),
    ("王\u200b小\ufeff明", "王小明"),
    ("葛\U000e0100城", "葛城"),
    ("渚\ufe01", "渚"),
    ("\uf9dc", "隆"),
    ("\U0002f81a", "\u51ac"),
    ("買買提\u2022艾力", "買買提·艾力"),
    *[(f"阿里{dot}木", "阿里·木") for dot in "•・‧．⸱ᐧ∙⋅●･.﹒․\u0387\u30fb\u2981\ua78f\U00010101"],
    ("cafe\u0301", "café"),
    ("ＡＢＣ", "abc"),
    ("\ufb01", "FI"),
    ("張三\u3000", "張三"),
]  # fmt: skip
TWO = [
    ("\U00020bb7田", "吉田"),
    ("士伟", "土伟"),
    ("王己", "王已"),
    ("王\ue000", "王"),
    ("王\ue000", "王\ue001"),
    ("張三", "张三"),
    ("cafe", "café"),
    ("\u9fb4", "\u9fb5"),
    ("\U00020087", "\U00020089"),
    ("日月", "曰月"),
]  # fmt: skip


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with opened("Asia/Shanghai") as made:
        identifiers.install(made)
        yield made


def test_one_name_in_two_spellings_is_one_and_two_names_stay_two(spark: SparkSession, store: Store) -> None:
    firsts, seconds = ([pair[place] for pair in (*ONE, *TWO)] for place in (0, 1))
    words = {"name": normalised_name, "sound": lambda text: homophone_key(normalised_name(text)), "firm": entity_name}
    words |= {"telling": lambda text: entity_key(entity_name(text))}
    one, other = (by_spark(spark, texts, **words) for texts in (firsts, seconds))
    for name in words:
        told = [first == second for first, second in zip(one[name], other[name], strict=True)]
        same = [True] * len(ONE) + ([False] * len(TWO))
        differing = [place for place, (found, wanted) in enumerate(zip(told, same, strict=True)) if found != wanted]
        # Characters of one sound share a key on purpose.
        assert [
            (firsts[place], seconds[place]) for place in differing if same[place] or name in ("name", "firm")
        ] == [], name
    for texts in (firsts, seconds):
        assert by_spark(spark, texts, said=compared)["said"] == by_duckdb(store, texts, "compared(t)")["compared(t)"]


def test_both_engines_compare_every_sign_alike_wherever_it_stands(spark: SparkSession, store: Store) -> None:
    texts = [
        text
        for sign in dict.fromkeys((*EVERY, *KNOWN, "\U00020bb7"))
        for text in (f"a{sign}B", f"{sign} aB {sign}", sign)
    ]
    one, other = by_spark(spark, texts, said=compared)["said"], by_duckdb(store, texts, "compared(t)")["compared(t)"]
    assert [ascii(text) for text, here, there in zip(texts, one, other, strict=True) if here != there] == []


def test_what_is_kept_is_as_it_was_written(spark: SparkSession, store: Store) -> None:
    texts = ["王\ue81e明", "\u2f20伟", "\uf9dc", "買買提•艾力", "cafe\u0301", "\U00020bb7田"]
    assert by_spark(spark, texts, folded=folded)["folded"] == texts
    assert by_duckdb(store, texts, "half_width(t)")["half_width(t)"] == texts


def test_a_number_in_other_spellings_is_the_number(spark: SparkSession, store: Store) -> None:
    firm = uscc_code("91370702" + "MA3C0GCB")
    strange = GOOD.translate({ord(str(digit)): 0x1D7CE + digit for digit in range(10)})
    said = by_spark(
        spark, [strange, firm.replace("M", "\u216f")], number=normalised_id_no, state=id_no_state, code=code_state
    )
    assert (said["number"][0], said["state"][0], said["code"][1]) == (GOOD, "ok", "ok")
    told = by_duckdb(store, [strange, firm.replace("M", "\u216f")], "id_18(t)", "code_state(t)")
    assert (told["id_18(t)"][0], told["code_state(t)"][1]) == (GOOD, "ok")


def test_every_sign_that_unicode_knows_another_for_is_in_the_tables() -> None:
    outside = {
        chr(code)
        for code in (*range(0xAC00, 0xE000), *range(0x30000, sys.maxunicode + 1))
        if not 0xD800 <= code < 0xE000
    }
    assert [sign for sign in outside if unicodedata.normalize("NFKC", sign) != sign] == []


def test_no_sign_of_the_list_is_left_over_where_another_stands_for_it() -> None:
    pairs = written_pairs()
    assert len(pairs) > 230
    private = {sign for sign in pairs if unicodedata.category(sign) == "Co"}
    # Python's codec is of the edition of 2000: where it gives a code point of private use, the list has it.
    old = {
        bytes((lead, trail)) for lead in (0xA6, 0xA8, 0xA9, 0xFE) for trail in (*range(0x50, 0x7F), *range(0x80, 0xFF))
    }
    given = {
        sign
        for code in old
        if (sign := code.decode("gb18030", "ignore")) and len(sign) == 1 and unicodedata.category(sign) == "Co"
    }
    # Of these rows GB 18030-2022 leaves the rest to private use as well.
    assert {sign for sign in given if "\ue815" <= sign <= "\ue864"} <= private
    assert not [one for one in pairs.values() if unicodedata.category(one) == "Co"]
