"""Citizen ID numbers after GB 11643: area, birth date, sequence, check character, and how they get damaged."""

import numpy as np

from city.world.hashing import Ints
from city.world.texts import Digits, day_number, digits

WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
CHECKS = np.frombuffer(b"10X98765432", dtype=np.uint8)
RESIDUES = 1024
"""Births of the slots of one block fall on days of different residue, so that no two people share a number."""
SEQUENCES = 250
"""Even half of the 500 sequence numbers per sex; the odd half is kept for twins and second numbers."""


def citizen_ids(area: Ints, birth: Ints, sequence: Ints) -> Digits:
    """Return ID numbers as ASCII bytes, shape (n, 18).

    Args:
        area: six-digit division codes.
        birth: days since 1970-01-01.
        sequence: 0..999, odd for men.
    """
    body = np.concatenate([digits(area, 6), digits(day_number(birth), 8), digits(sequence, 3)], axis=1)
    total = ((body.astype(np.int64) - 48) * WEIGHTS).sum(axis=1) % 11
    return np.concatenate([body, CHECKS[total][:, None]], axis=1)


def check_character(body: str) -> str:
    """Return the check character of the first 17 digits."""
    total = sum(int(digit) * int(weight) for digit, weight in zip(body, WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def is_valid(number: str) -> bool:
    """Say whether 18 characters carry the right check character."""
    return len(number) == 18 and number[:17].isdigit() and check_character(number[:17]) == number[17]


def unique_day(target: Ints, residue: Ints) -> Ints:
    """Return the day nearest to ``target`` whose residue modulo ``RESIDUES`` is ``residue``."""
    base = target - np.mod(target, RESIDUES) + residue
    base = np.where(base - target > RESIDUES // 2, base - RESIDUES, base)
    return np.where(target - base > RESIDUES // 2, base + RESIDUES, base)


def fifteen(number: str) -> str:
    """Return the old 15-digit form of an 18-digit number (births 1900-1999 only)."""
    return number[:6] + number[8:17]


def mistyped(number: str, word: int) -> str:
    """Return the number with one digit wrong; the check character then fails."""
    if len(number) < 17:
        return number
    place = word % 17
    digit = (int(number[place]) + 1 + (word >> 8) % 9) % 10
    return number[:place] + str(digit) + number[place + 1 :]


def transposed(number: str, word: int) -> str:
    """Return the number with two different neighbouring digits swapped, or mistyped if there are none."""
    places = [i for i in range(6, len(number) - 2) if number[i] != number[i + 1]]
    if not places:
        return mistyped(number, word)
    place = places[word % len(places)]
    return number[:place] + number[place + 1] + number[place] + number[place + 2 :]


def full_width(text: str) -> str:
    """Return the text in full-width characters."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def spaced(text: str, word: int) -> str:
    """Return the text with a stray space inside or behind it, or its X in lower case."""
    if text.endswith("X") and word % 2:
        return text[:-1] + "x "
    place = (6, 14, len(text))[word % 3]
    return text[:place] + " " + text[place:]
