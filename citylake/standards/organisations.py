"""Codes and names of legal entities as native Spark columns: brought to one form, and judged.

Unified social credit codes (GB 32100-2015 with amendment 1: kinds N1 to N3, A1, Y1 as well), the organisation code within
(GB 11714) or by itself, registration numbers of 15 digits (GS 15, check digit of GB/T 17710 MOD 11,10) and of 13. Clerks put
any of them into any column, so every function here goes by the form of the text.
"""

from functools import lru_cache
from pathlib import Path

from pyspark.sql import Column
from pyspark.sql import functions as F

from citylake.standards.identifiers import homophone_key, once, weighted
from citylake.standards.signs import compared, fold, whole

CREDIT, ORGANISATION, REGISTRATION = "credit", "organisation", "registration"
"""Classes of codes."""
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_SHAPED = rf"[{_CREDIT_ALPHABET[1:]}]{{2}}\d{{6}}[{_CREDIT_ALPHABET}]{{10}}"
_MISREAD = r"[1-9A-Z]{2}[0-9IOSVZ]{6}[0-9A-Z]{10}|[0-9A-Z]{8}[0-9X]"
"""A code when it has a letter that none has (GB 32100-2015): a misread 1, 0, 5, U or 2. An organisation code is part of a credit code."""
_WORDS = Path(__file__).parent / "entity_words.txt"


def valid_uscc(code: Column) -> Column:
    """Say whether a text is a unified social credit code: alphabet, check character and the organisation code within.

    NULL stays NULL.
    """
    return once(fold(code), lambda text: F.when(text.isNotNull(), F.coalesce(_credit_holds(text), F.lit(False))))


def code_text(code: Column) -> Column:
    """Return a code folded and without spaces and hyphens, not judged; NULL when nothing is left."""
    text = F.translate(fold(code), " -\u2010\u2011\u2013\u2014", "")
    return F.when(text != "", text)


def code_class(code: Column) -> Column:
    """Return which code a text has the form of: credit, organisation, registration; NULL when of none."""
    return once(code_text(code), _class)


def code_state(code: Column) -> Column:
    """Return what a code is worth.

    ok, upgraded (an organisation code, the old form), impossible_letter, checksum_wrong, wrong_kind, missing.
    """
    return once(code_text(code), _state)


def organisation_code(code: Column) -> Column:
    """Return the organisation code of nine characters in a usable credit or organisation code, NULL in any other text."""

    def within(text: Column) -> Column:
        kind = _class(text)
        good = F.when(kind == CREDIT, _credit_holds(text)).when(kind == ORGANISATION, _organisation_holds(text))
        return F.when(good, F.right(F.left(text, F.when(kind == CREDIT, 17).otherwise(9)), F.lit(9)))

    return once(code_text(code), within)


def registration_no(code: Column) -> Column:
    """Return a registration number in one form, NULL for any other text; its check digit is not asked, a name is."""
    return once(code_text(code), lambda text: F.when(_class(text) == REGISTRATION, text))


def entity_name(name: Column) -> Column:
    """Return a legal entity's name in one form; NULL when nothing is left.

    As it is compared and in capitals, without spaces, brackets and dots; the long word for a limited company made the short
    one, the prefecture written without 市 and without its province in front.
    """
    text = F.regexp_replace(F.upper(compared(name)), r"[ \t\n\x0b\f\r()\[\]<>{}【】〔〕《》“”\"'·.,、。:;\-—_?*]", "")
    short = F.replace(F.replace(text, F.lit("有限责任公司"), F.lit("有限公司")), F.lit("潍坊市"), F.lit("潍坊"))
    return F.when(text != "", F.regexp_replace(short, r"\A山东省?潍坊", "潍坊"))


def entity_key(normalised: Column) -> Column:
    """Return the telling part of a normalised name by its sound: without region in front and legal form behind.

    A name that consists of nothing else is kept whole.
    """
    regions, forms = _words()
    bare = F.regexp_replace(F.regexp_replace(normalised, rf"\A(?:{regions})+", ""), rf"(?:{forms})+\z", "")
    return homophone_key(F.when(F.length(bare) >= 2, bare).otherwise(normalised))


def valid_org_code(text: Column, start: int) -> Column:
    """Say whether the nine characters from ``start`` on are an organisation code."""
    values = [F.instr(F.lit(_ORG_ALPHABET), F.substring(text, start + place, 1)) - 1 for place in range(8)]
    check = F.lit(11) - F.pmod(weighted(values, _ORG_WEIGHTS), F.lit(11))
    written = F.when(check == 10, "X").when(check == 11, "0").otherwise(check.cast("string"))
    return F.substring(text, start + 8, 1) == written


def _credit_holds(text: Column) -> Column:
    values = [F.instr(F.lit(_CREDIT_ALPHABET), F.substring(text, place, 1)) - 1 for place in range(1, 19)]
    total = weighted(values[:17], _CREDIT_WEIGHTS)
    checked = F.pmod(F.lit(31) - F.pmod(total, F.lit(31)), F.lit(31)) == values[17]
    return whole(text, _SHAPED) & checked & valid_org_code(text, 9)


def _organisation_holds(text: Column) -> Column:
    return valid_org_code(text, 1) & ~_misread(text)


def _misread(text: Column) -> Column:
    return whole(text, _MISREAD) & text.rlike("[IOSVZ]")


def _class(text: Column) -> Column:
    return (
        F.when(whole(text, _SHAPED), CREDIT)
        .when(whole(text, r"\d{13}(\d{2})?"), REGISTRATION)
        .when(whole(text, r"[0-9A-Z]{8}[0-9X]"), ORGANISATION)
    )


def _state(text: Column) -> Column:
    kind = _class(text)
    # A number of 13 digits is older than the check digit.
    checked = (F.length(text) == 13) | _registration_holds(text)
    return (
        F.when(text.isNull(), "missing")
        .when(_misread(text), "impossible_letter")
        .when(kind.isNull(), "wrong_kind")
        .when((kind == CREDIT) & _credit_holds(text), "ok")
        .when((kind == ORGANISATION) & _organisation_holds(text), "upgraded")
        .when((kind == REGISTRATION) & checked, "ok")
        .otherwise("checksum_wrong")
    )


def _registration_holds(text: Column) -> Column:
    """Say whether the last of 15 digits is the check digit of the others (GB/T 17710, hybrid system MOD 11,10)."""
    digits = F.transform(
        F.sequence(F.lit(1), F.lit(14)), lambda place: F.substring(text, place, F.lit(1)).try_cast("int")
    )

    # That these are small is said by pmod, so that it can be read off the plan.
    def product(before: Column, digit: Column) -> Column:
        total = F.pmod(F.pmod(before, F.lit(11)) + F.pmod(digit, F.lit(10)), F.lit(10))
        return F.pmod(F.when(total == 0, 10).otherwise(total) * 2, F.lit(11))

    last, check = F.aggregate(digits, F.lit(10), product), F.substring(text, 15, 1).try_cast("int")
    return F.pmod(F.pmod(last, F.lit(11)) + F.pmod(check, F.lit(10)), F.lit(10)) == 1


@lru_cache(maxsize=1)
def _words() -> tuple[str, str]:
    """Return the patterns of regions and of legal forms, longest words first."""
    lines = [line for line in _WORDS.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    named = dict(line.split(":", 1) for line in lines)
    regions, forms = (sorted(named[name].split(), key=len, reverse=True) for name in ("regions", "forms"))
    return "|".join(regions), "|".join(forms)
