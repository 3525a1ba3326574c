"""The departments' mistakes, at their catalogued rates, and the truth about each."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from city.world.city import BLOCK, City
from city.world.firms import mistakes as firm_mistakes
from city.world.frames import Column, Frame
from city.world.hashing import Bools, Ints
from city.world.people import identifiers, names
from city.world.texts import NONE, blank_where


@dataclass(frozen=True)
class Rate:
    """How often one kind of mistake befalls a field; ``only`` names a hidden column that must be 1."""

    field: str
    kind: str
    rate: float
    only: str = ""


@dataclass(frozen=True)
class Habits:
    """What a department gets wrong in a resource."""

    rates: tuple[Rate, ...]
    by_person: bool = False
    """Mistakes hang on the person (a wrong master record), not on the single row."""


@dataclass(frozen=True)
class Damage:
    """Rows of a frame whose field was damaged."""

    rows: Ints
    field: str
    kind: str


_IDENTITY = ("id_no", "name", "birth_date")
_SHIFTS = (1, 10, -1, 31, -30, 365, -365)


def damage(city: City, frame: Frame, habits: Habits) -> tuple[Frame, list[Damage]]:
    """Return the frame as its department keeps it, block by block, and what was damaged."""
    frame = frame.rows(np.argsort(frame.owner // BLOCK, kind="stable"))
    done = [Damage(np.flatnonzero(rows), *what) for what, rows in frame.noted.items()]
    keys = frame.roles["self"] if habits.by_person else frame.record
    spoilt: dict[str, Bools] = {}
    frame = _planted(frame, done)
    frame = _without_rare_characters(city, frame, done)
    for rate in habits.rates:
        if rate.field == "*":
            continue
        subject, identity = _subject(frame, rate.field)
        hit = city.chance(keys, f"{frame.resource}.{rate.field}.{rate.kind}", rate.rate)
        if identity:
            hit &= ~frame.exempt & ~spoilt.get(subject, np.zeros(len(frame), dtype=bool))
        elif rate.kind in ("wrong_date", "unit_mixup"):
            hit &= ~frame.exempt
        if rate.only:
            hit &= frame.hidden[rate.only] == 1
        rows, column = _apply(city, frame, rate, np.flatnonzero(hit), keys)
        if len(rows):
            frame = frame.with_column(rate.field, column)
            kind = "missing" if rate.kind == "missing_until_corrected" else rate.kind
            done.append(Damage(rows, rate.field, kind))
            if identity:
                spoilt.setdefault(subject, np.zeros(len(frame), dtype=bool))[rows] = True
    return _duplicated(city, frame, habits, done)


def _subject(frame: Frame, field: str) -> tuple[str, bool]:
    if field.endswith("uscc"):
        return firm_mistakes.subject(frame, field), True
    for part in _IDENTITY:
        if field.endswith(part):
            return field.removesuffix(part), field != "spouse_id_no"
    return "", False


def _apply(city: City, frame: Frame, rate: Rate, rows: Ints, keys: Ints) -> tuple[Ints, Column]:
    column = frame.columns[rate.field]
    if rate.kind in ("missing", "missing_until_corrected"):
        if rate.kind == "missing_until_corrected":
            rows = rows[frame.hidden["_corrected"][rows] == 0]
        rows = rows[~_absent(column, rows)]
        gone = np.zeros(len(frame), dtype=bool)
        gone[rows] = True
        return rows, np.where(gone, NONE, column) if isinstance(column, np.ndarray) else blank_where(column, gone)
    rows = rows[~_absent(column, rows)]
    words = city.mix(keys[rows], f"{rate.field}.{rate.kind}.how")
    if isinstance(column, np.ndarray):
        changed = column.copy()
        changed[rows] = _numbers(rate, column[rows], words)
        return rows, changed
    return _texts(frame, rate, rows, words, column)


def _numbers(rate: Rate, values: Ints, words: np.ndarray) -> Ints:
    if rate.kind == "unit_mixup":
        return values * 100
    if rate.field == "tapped_at":
        return values + 86400 * 3653
    return np.asarray(values + np.array(_SHIFTS)[(words % len(_SHIFTS)).astype(np.int64)], dtype=np.int64)


_BORROWED = {"borrowed_valid_id": "_lender_{field}", **firm_mistakes.BORROWED}
"""Kind of mistake -> hidden column whose value stands there instead."""
_RULES: dict[str, Callable[[str, int], str]] = {
    "fifteen_digit_id": lambda text, word: identifiers.fifteen(text) if text[6:8] == "19" and len(text) == 18 else text,
    "typo_id": lambda text, word: (
        identifiers.transposed(text, word >> 8) if word % 3 == 0 else identifiers.mistyped(text, word >> 8)
    ),
    "spaces": identifiers.spaced,
    "full_width": lambda text, word: identifiers.full_width(text),
    "homophone_name": names.homophone,
    "cut_name": lambda text, word: names.cut(text),
    "unit_mixup": lambda text, word: str(int(text) // 500),
    "code_outside_list": lambda text, word: f"Z{word % 10}",
    "rare_character": names.replaced_rare,
    **firm_mistakes.RULES,
}


def _texts(
    frame: Frame, rate: Rate, rows: Ints, words: np.ndarray, column: pa.StringArray
) -> tuple[Ints, pa.StringArray]:
    old = column.take(pa.array(rows)).to_pylist()
    if rate.kind in _BORROWED:
        others = frame.hidden[_BORROWED[rate.kind].format(field=rate.field)].take(pa.array(rows)).to_pylist()
        new = [other or text for text, other in zip(old, others, strict=True)]
    else:
        rule = _RULES[rate.kind]
        new = [rule(text, int(word)) for text, word in zip(old, words, strict=True)]
    differs = np.array([a != b for a, b in zip(old, new, strict=True)], dtype=bool)
    return _put(column, rows[differs], [text for text, kept in zip(new, differs, strict=True) if kept])


def _put(column: pa.StringArray, rows: Ints, texts: list[str]) -> tuple[Ints, pa.StringArray]:
    if len(rows) == 0:
        return rows, column
    mask = np.zeros(len(column), dtype=bool)
    mask[rows] = True
    return rows, pc.replace_with_mask(column, pa.array(mask), pa.array(texts, pa.string()))


def _absent(column: Column, rows: Ints) -> Bools:
    if isinstance(column, np.ndarray):
        return np.asarray(column[rows] == NONE)
    return np.asarray(pc.is_null(column.take(pa.array(rows))).to_numpy(zero_copy_only=False))


def _planted(frame: Frame, done: list[Damage]) -> Frame:
    """Give the planted cases whose death record bears a wrong number theirs: mistyped, missing or transposed."""
    variant = frame.hidden.get("_mistyped_case")
    if not isinstance(variant, np.ndarray) or (variant == NONE).all():
        return frame
    column = frame.columns["id_no"]
    missing = variant == 1
    column = blank_where(column, missing)
    rows = np.flatnonzero((variant != NONE) & ~missing)
    old = column.take(pa.array(rows)).to_pylist()
    change = [identifiers.transposed if variant[row] == 2 else identifiers.mistyped for row in rows]
    _, column = _put(
        column,
        rows,
        [rule(text, 7 * int(row) + 3) for rule, text, row in zip(change, old, frame.record[rows], strict=True)],
    )
    done += [Damage(rows, "id_no", "typo_id"), Damage(np.flatnonzero(missing), "id_no", "missing")]
    return frame.with_column("id_no", column)


def _without_rare_characters(city: City, frame: Frame, done: list[Damage]) -> Frame:
    """Write rare characters as systems other than the register's do."""
    if frame.resource.startswith("public_security."):
        return frame
    for field in [
        name for name in frame.columns if name == "name" or name in ("husband_name", "wife_name", "relative_name")
    ]:
        column = frame.columns[field]
        assert not isinstance(column, np.ndarray)
        rows = np.flatnonzero(
            pc.fill_null(pc.match_substring_regex(column, "[𠮷㛃䶮]"), False).to_numpy(zero_copy_only=False)
        )
        if len(rows):
            words = city.mix(frame.record[rows] % 2**20, f"{frame.resource}.rare")
            rows, column = _texts(frame, Rate(field, "rare_character", 1), rows, words, column)
            frame = frame.with_column(field, column)
            done.append(Damage(rows, field, "rare_character"))
    return frame


def _duplicated(city: City, frame: Frame, habits: Habits, done: list[Damage]) -> tuple[Frame, list[Damage]]:
    for rate in habits.rates:
        if rate.kind == "duplicate_row":
            rows = np.flatnonzero(city.chance(frame.record, f"{frame.resource}.duplicate", rate.rate))
            done.append(Damage(rows, "*", "duplicate_row"))
            index = np.concatenate([np.arange(len(frame)), rows])
            order = np.argsort(frame.owner[index] // BLOCK, kind="stable")
            place = np.empty_like(order)
            place[order] = np.arange(len(order))
            done = [replace(item, rows=place[item.rows]) for item in done if len(item.rows)]
            return frame.rows(index[order]), done
    return frame, [item for item in done if len(item.rows)]
