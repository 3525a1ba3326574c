"""Numbers of persons' documents as native Spark columns: which document a number is of, its lasting part, and its worth.

Beside citizen ID numbers and the residence permits of the same layout (``citylake.standards.identifiers``): travel permits of Hong
Kong and Macao residents (H or M and eight digits for life, then two of the renewal) and of Taiwan residents (eight digits,
formerly with two of the issue), foreigners' permanent residence cards before 2023 (three letters and twelve digits), and
passports. These have no check digit, so their shape decides, and for the shapes that anything may have, the kind of
document written beside the number (code list ``id_kind``, after GA/T 517).
"""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from citylake.standards.identifiers import id_no_state, id_text, normalised_id_no, with_id_no
from citylake.standards.signs import whole

RESIDENT, PERMIT, FOREIGNER = "resident", "permit", "foreigner"
"""Classes of the eighteen-digit layout: mainland citizens; residents of Hong Kong, Macao and Taiwan; foreigners."""
HOME_TRAVEL, TAIWAN_TRAVEL, FOREIGNER_OLD, PASSPORT = "home_travel", "taiwan_travel", "foreigner_old", "passport"
_PERMIT_AREAS = ("81", "82", "83")
_PASSPORT_KIND, _TAIWAN_KIND = "414", "511"


def document_class(number: Column, kind: Column) -> Column:
    """Return the class of document a number is of, NULL when it has the form of none.

    Args:
        number: as delivered.
        kind: code of the list ``id_kind`` beside it, NULL when nobody says.
    """
    return _class(id_text(number), kind)


def document_number(number: Column, kind: Column) -> Column:
    """Return the part of a number that stays the same for life, in one form; NULL when it has the form of none.

    Numbers of the eighteen-digit layout stand for themselves; others bear their class in front, since two classes may use
    the same digits.
    """
    return _number(id_text(number), document_class(number, kind), normalised_id_no(number))


def document_state(number: Column, kind: Column, on: date | None = None) -> Column:
    """Return what a document's number is worth, as a :data:`citylake.standards.identifiers.IdState`.

    Args:
        number: as delivered.
        kind: code of the list ``id_kind`` beside it.
        on: day after which nobody can have been born.
    """
    return _state(document_class(number, kind), id_no_state(number, on))


def with_document(rows: DataFrame, number: Column, kind: Column, name: str, on: date | None = None) -> DataFrame:
    """Add ``<name>_text`` (as written), ``<name>_class``, ``<name>_number`` and ``<name>_state``: what the functions above say.

    In steps, as ``citylake.standards.identifiers.with_id_no`` does it, and for its reason.
    """
    text, found, normalised, state = (F.col(f"{name}_{part}") for part in ("text", "class", "normalised", "state"))
    judged = with_id_no(rows, number, name, on).withColumn(f"{name}_class", _class(text, kind))
    said = {f"{name}_number": _number(text, found, normalised), f"{name}_state": _state(found, state)}
    return judged.withColumns(said).drop(f"{name}_normalised")


def _class(text: Column, kind: Column) -> Column:
    first = F.when(F.substring(text, 1, 1) == "9", FOREIGNER)
    layout = first.when((F.length(text) == 18) & F.substring(text, 1, 2).isin(*_PERMIT_AREAS), PERMIT)
    return (
        F.when(whole(text, r"(\d{15}|\d{17}[\dX])"), layout.otherwise(RESIDENT))
        .when(whole(text, r"[A-Z]{3}\d{12}"), FOREIGNER_OLD)
        .when((kind == _PASSPORT_KIND) & whole(text, r"[A-Z0-9]{6,12}") & text.rlike("[0-9]{5}"), PASSPORT)
        .when(whole(text, r"[HM]\d{8}(\d{2})?"), HOME_TRAVEL)
        .when((kind == _TAIWAN_KIND) & whole(text, r"(\d{8}|\d{10}[A-Z]?)"), TAIWAN_TRAVEL)
    )


def _number(text: Column, found: Column, normalised: Column) -> Column:
    kept = F.when(found == HOME_TRAVEL, F.substring(text, 1, 9)).when(found == TAIWAN_TRAVEL, F.substring(text, 1, 8))
    marked = F.when(found.isNotNull(), F.concat_ws(":", found, kept.otherwise(text)))
    return F.when(found.isin(RESIDENT, PERMIT, FOREIGNER), normalised).otherwise(marked)


def _state(found: Column, state: Column) -> Column:
    other = found.isNotNull() & ~found.isin(RESIDENT, PERMIT, FOREIGNER)
    return F.when(other, "ok").otherwise(state)
