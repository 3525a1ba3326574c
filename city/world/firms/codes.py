"""Numbers of legal entities: organisation code (GB 11714), credit code (GB 32100), registration number, and how they get damaged."""

import numpy as np

from city.world.hashing import Ints
from city.world.texts import Digits, digits

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Of credit codes: no I, O, S, V, Z."""
_LETTERS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
_CREDIT_WEIGHTS = np.array([3**place % 31 for place in range(17)], dtype=np.int64)
_ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_NEW = 31**6
_OLD = 10**8


def organisation_codes(serial: Ints, new: np.ndarray, seed: int) -> Digits:
    """Return nine-character organisation codes as ASCII bytes, shape (n, 9); no two serials share one.

    Args:
        serial: 0 to 10^8 − 1.
        new: codes given out with the credit code itself, which begin with ``MA``; the others are eight digits.
        seed: seed of the city.
    """
    old = digits((serial * 48271123 + 7919 * (seed % 10**6)) % _OLD, 8)
    turn = (serial * 524287 + 104729 * (seed % 10**6)) % _NEW
    fresh = np.empty((len(serial), 8), dtype=np.uint8)
    fresh[:, 0], fresh[:, 1] = ord("M"), ord("A")
    for place in range(6):
        fresh[:, 7 - place] = _LETTERS[turn // 31**place % 31]
    body = np.where(new[:, None], fresh, old)
    rest = 11 - (_values(body) * _ORGANISATION_WEIGHTS).sum(axis=1) % 11
    check = np.where(rest == 10, ord("X"), ord("0") + rest % 11 % 10)
    return np.concatenate([body, check[:, None].astype(np.uint8)], axis=1)


def _values(body: Digits) -> Ints:
    """Return 0-9 and A=10 … Z=35, as GB 11714 counts."""
    wide = body.astype(np.int64)
    return np.where(wide <= ord("9"), wide - 48, wide - 55)


def credit_codes(kind: Digits, area: Ints, organisation: Digits) -> Digits:
    """Return unified social credit codes as ASCII bytes, shape (n, 18).

    Args:
        kind: authority and kind, two characters, shape (n, 2).
        area: six-digit division code of the authority.
        organisation: organisation codes, shape (n, 9).
    """
    body = np.concatenate([kind, digits(area, 6), organisation], axis=1)
    rank = np.zeros(128, dtype=np.int64)
    rank[_LETTERS] = np.arange(31)
    total = (rank[body] * _CREDIT_WEIGHTS).sum(axis=1) % 31
    return np.concatenate([body, _LETTERS[(31 - total) % 31][:, None]], axis=1)


def registration_numbers(area: Ints, sort: Ints, serial: Ints) -> Digits:
    """Return fifteen-digit registration numbers as ASCII bytes: area, sort, serial, check digit (ISO 7064 MOD 11,10).

    Args:
        area: six-digit division code of the authority.
        sort: one digit: 0 domestic, 2 private, 6 individual.
        serial: 0 to 10^7 − 1.
    """
    body = np.concatenate([digits(area, 6), digits(sort, 1), digits(serial, 7)], axis=1)
    rest = np.full(len(body), 10, dtype=np.int64)
    for place in range(14):
        total = (rest + body[:, place] - 48) % 10
        rest = np.where(total == 0, 10, total) * 2 % 11
    return np.concatenate([body, ((11 - rest) % 10 + 48)[:, None].astype(np.uint8)], axis=1)


def is_valid_uscc(code: str) -> bool:
    """Say whether 18 characters carry the right check character."""
    return len(code) == 18 and set(code) <= set(ALPHABET) and _check(code[:17]) == code[17]


def _check(body: str) -> str:
    total = sum(ALPHABET.index(letter) * int(weight) for letter, weight in zip(body, _CREDIT_WEIGHTS, strict=True))
    return ALPHABET[(31 - total % 31) % 31]


def mistyped_uscc(code: str, word: int) -> str:
    """Return the code with one character of the organisation code or its check character wrong; the check then fails."""
    if len(code) != 18:
        return code
    place = 8 + word % 10
    letter = ALPHABET[(ALPHABET.index(code[place]) + 1 + (word >> 8) % 30) % 31]
    return code[:place] + letter + code[place + 1 :]


def organisation_part(code: str) -> str:
    """Return the organisation code inside a credit code, as departments that never changed their systems keep it."""
    return code[8:17] if len(code) == 18 else code
