"""Identifiers and names as native Spark columns: brought to one form, and judged.

Citizen ID numbers follow GB 11643-1999 (18 digits, ISO 7064 MOD 11-2) and its 15-digit predecessor; residence permits
of Hong Kong, Macao and Taiwan residents (areas 81, 82, 83) and of foreigners (first digit 9, edition 2023) use the same
layout and check. Other documents are in ``documents``, codes of legal entities in ``organisations``. No function here runs
Python per row.
"""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from citylake.standards.signs import compared, fold, whole

IdState = Literal["ok", "upgraded", "checksum_wrong", "impossible_date", "unknown_area", "wrong_kind", "missing"]
USABLE: tuple[IdState, ...] = ("ok", "upgraded")
"""States in which a number names one holder."""

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_CENTENARIANS = ("996", "997", "998", "999")
"""Sequence numbers that marked 15-digit holders born before 1900."""
_OLDEST_MARKED = "75"
"""Such numbers were given out from 1984 on; nobody born before 1875 was there to get one."""
_OLD, _MODERN = r"\d{15}", r"\d{17}[\dX]"
"""Numbers of 15 digits, and of 17 with their check digit."""
_FIRST_DAY = date(1850, 1, 1)
_LAST_DAY = date(2099, 12, 31)
_LOCAL_PREFECTURE = "3707"
_DATA = Path(__file__).parent


def id_text(number: Column) -> Column:
    """Return an ID number as written, folded and without spaces and hyphens, not judged; NULL when nothing is left."""
    text = F.translate(fold(number), " -\u2010\u2011\u2013\u2014", "")
    # Nearly all are plain already; the look-up of every character costs ten times the pattern.
    return F.when(whole(number, _MODERN), number).otherwise(F.when(text != "", text))


def normalised_id_no(number: Column) -> Column:
    """Return an ID number in its 18-character form: folded, 15 digits lengthened; any other text stays as it is."""
    return once(id_text(number), lambda text: _normalised(text, _check_digit(_digits(text))))


def id_no_state(number: Column, on: date | None = None) -> Column:
    """Return what an ID number is worth, as an :data:`IdState`.

    Args:
        number: as delivered.
        on: day after which nobody can have been born; default: the end of the century.
    """
    return once(id_text(number), lambda text: _state(text, _check_digit(_digits(text)), on or _LAST_DAY))


def with_id_no(rows: DataFrame, number: Column, name: str, on: date | None = None) -> DataFrame:
    """Add ``<name>_text``, ``<name>_normalised`` and ``<name>_state``: what ``id_text`` and the two above would say.

    They come about in steps on top of each other, so that Spark compiles them; of many rows that is several times as fast.
    """
    text, digits, check = (F.col(f"{name}{part}") for part in ("_text", "_digits", "_check"))
    stepped = rows.withColumn(f"{name}_text", id_text(number))
    stepped = stepped.withColumn(f"{name}_digits", _digits(text)).withColumn(f"{name}_check", _check_digit(digits))
    judged = {f"{name}_normalised": _normalised(text, check), f"{name}_state": _state(text, check, on or _LAST_DAY)}
    return stepped.withColumns(judged).drop(f"{name}_digits", f"{name}_check")


def _normalised(text: Column, check: Column) -> Column:
    return F.when(whole(text, _OLD), F.concat(_lengthened(text), check)).otherwise(text)


def _state(text: Column, check: Column, on: date) -> Column:
    old, modern = whole(text, _OLD), whole(text, _MODERN)
    birth = _birth(F.when(old, _lengthened(text)).otherwise(text))
    return (
        F.when(text.isNull(), "missing")
        .when(~old & ~modern, "wrong_kind")
        .when(modern & (check != F.substring(text, 18, 1)), "checksum_wrong")
        .when(~F.coalesce(birth.between(_FIRST_DAY, on), F.lit(False)), "impossible_date")
        .when(~_known_area(text), "unknown_area")
        .when(old, "upgraded")
        .otherwise("ok")
    )


def id_no_birth_date(normalised: Column) -> Column:
    """Return the birth date in an 18-character number, NULL if it holds none."""
    return F.when(F.length(normalised) == 18, _birth(normalised))


def id_no_sex(normalised: Column) -> Column:
    """Return the sex code (GB/T 2261.1: 1 male, 2 female) in an 18-character number, NULL if it holds none."""
    sequence = F.when(F.length(normalised) == 18, F.substring(normalised, 17, 1).try_cast("int"))
    return F.when(sequence % 2 == 1, "1").when(sequence % 2 == 0, "2")


def normalised_name(name: Column) -> Column:
    """Return a person's name as it is compared, in capitals, without spaces, dots and brackets; NULL when nothing is left."""
    text = F.regexp_replace(F.upper(compared(name)), r"[ \t\n\x0b\f\r·.,。()'`?*]", "")
    return F.when(text != "", text)


def homophone_key(normalised: Column) -> Column:
    """Return a normalised name with every character replaced by the first one of its sound (tones apart)."""
    characters, first = _homophones()
    return F.translate(normalised, characters, first)


def surname_key(homophones: Column) -> Column:
    """Return the first character of a homophone key: the surname, or the first half of a double one."""
    return F.substring(homophones, 1, 1)


def _lengthened(text: Column) -> Column:
    """Return the first 17 digits of the 18-digit form of a 15-digit number."""
    marked = F.substring(text, 13, 3).isin(*_CENTENARIANS) & (F.substring(text, 7, 2) >= _OLDEST_MARKED)
    century = F.when(marked, "18").otherwise("19")
    return F.concat(F.substring(text, 1, 6), century, F.substring(text, 7, 9))


def _digits(text: Column) -> Column:
    """Return the first 17 digits of a number's 18-digit form as one integer, NULL when there are none."""
    # The digits come out of it by division: seventeen substrings cost three times as much.
    return F.when(whole(text, _OLD), _lengthened(text)).otherwise(F.substring(text, 1, 17)).try_cast("bigint")


def _check_digit(digits: Column) -> Column:
    powers = [F.expr(f"{10 ** (16 - place)}L") for place in range(17)]
    total = weighted([F.pmod(F.call_function("div", digits, power), F.lit(10)) for power in powers], _ID_WEIGHTS)
    return F.substring(F.lit(_ID_CHECKS), (F.pmod(total, F.lit(11)) + 1).cast("int"), F.lit(1))


def weighted(values: list[Column], weights: tuple[int, ...]) -> Column:
    """Return the sum of values by their weights."""
    return _total([value * weight for value, weight in zip(values, weights, strict=True)])


def _total(terms: list[Column]) -> Column:
    """Add terms pairwise: a plan nested seventeen deep comes near what Spark Connect will decode."""
    if len(terms) == 1:
        return terms[0]
    middle = len(terms) // 2
    return _total(terms[:middle]) + _total(terms[middle:])


def once(value: Column, expression: Callable[[Column], Column]) -> Column:
    """Return an expression of a value that is computed once, however often the expression names it."""
    return F.get(F.transform(F.array(value), expression), F.lit(0))


def _birth(text: Column) -> Column:
    # A cast is ten times as fast as parsing by a pattern.
    year, month, day = (F.substring(text, start, length) for start, length in ((7, 4), (11, 2), (13, 2)))
    digits = whole(F.substring(text, 7, 8), r"\d{8}")
    return F.when(digits, F.concat_ws("-", year, month, day).try_cast("date"))


def _known_area(text: Column) -> Column:
    provinces, counties = _areas()
    local = F.substring(text, 1, 4) == _LOCAL_PREFECTURE
    within = F.substring(text, 1, 2).isin(*provinces) & (~local | F.substring(text, 1, 6).isin(*counties))
    return F.substring(text, 1, 1).isin("9") | within


@lru_cache(maxsize=1)
def _areas() -> tuple[list[str], list[str]]:
    """Return provinces (two digits) and the local prefecture's counties (six digits, retired ones included)."""
    lines = (_DATA / "id_areas.txt").read_text("utf-8").splitlines()
    codes = [code for line in lines if not line.startswith("#") for code in line.split()]
    return [code for code in codes if len(code) == 2], [code for code in codes if len(code) == 6]


@lru_cache(maxsize=1)
def _homophones() -> tuple[str, str]:
    """Return all characters of the table, and in the same order the first of each one's sound."""
    sounds = [line.split(" ", 1)[1] for line in (_DATA / "homophones.txt").read_text("utf-8").splitlines()]
    return "".join(sounds), "".join(sound[0] * len(sound) for sound in sounds)
