"""Every choice of the city is a hash of (key, field, seed): the same under any order and any chunking."""

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_DAY = np.uint64(0xD6E8FEB86659FD93)


@lru_cache(maxsize=4096)
def salt(field: str, seed: int) -> int:
    """Return the 64-bit constant that stands for a field name under a seed."""
    digest = hashlib.blake2b(f"{seed}:{field}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def mix(keys: ArrayLike, field: str, seed: int, extra: ArrayLike | None = None) -> Words:
    """Return one 64-bit hash per key (splitmix64 finaliser over key, field, seed and ``extra``).

    Args:
        keys: integers, any shape.
        field: name of the choice.
        seed: seed of the city.
        extra: second integer key (a day, a counter), broadcast against ``keys``.
    """
    with np.errstate(over="ignore"):
        word = np.asarray(keys).astype(np.uint64) * _GOLDEN + np.uint64(salt(field, seed))
        if extra is not None:
            word = word ^ (np.asarray(extra).astype(np.int64).astype(np.uint64) * _DAY)
        word = (word ^ (word >> np.uint64(30))) * _M1
        word = (word ^ (word >> np.uint64(27))) * _M2
        return np.asarray(word ^ (word >> np.uint64(31)), dtype=np.uint64)


def uniform(keys: ArrayLike, field: str, seed: int, extra: ArrayLike | None = None) -> Floats:
    """Return one number in [0, 1) per key."""
    return (mix(keys, field, seed, extra) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def pick(keys: ArrayLike, field: str, seed: int, count: int, extra: ArrayLike | None = None) -> Ints:
    """Return one index in ``range(count)`` per key."""
    return np.minimum((uniform(keys, field, seed, extra) * count).astype(np.int64), count - 1)


def weighted(keys: ArrayLike, field: str, seed: int, weights: ArrayLike) -> Ints:
    """Return one index per key, drawn with the given weights."""
    bounds = np.cumsum(np.asarray(weights, dtype=np.float64))
    drawn = np.searchsorted(bounds / bounds[-1], uniform(keys, field, seed), side="right")
    return np.minimum(drawn, len(bounds) - 1).astype(np.int64)


def between(keys: ArrayLike, field: str, seed: int, low: ArrayLike, high: ArrayLike) -> Ints:
    """Return one integer in ``[low, high]`` per key; bounds may be arrays."""
    first = np.asarray(low, dtype=np.int64)
    span = np.maximum(np.asarray(high, dtype=np.int64) - first, 0) + 1
    return np.asarray(
        first + np.minimum((uniform(keys, field, seed) * span).astype(np.int64), span - 1), dtype=np.int64
    )


def scramble(keys: ArrayLike, field: str, seed: int) -> Ints:
    """Return a permutation of ``range(2**31)`` applied to the keys: serial numbers that say nothing about who they are for.

    Args:
        keys: integers in ``[0, 2**31)``.
        field: name of the numbering.
        seed: seed of the city.
    """
    mask = np.uint64(0x7FFFFFFF)
    offset = np.uint64(salt(field, seed)) & mask
    with np.errstate(over="ignore"):
        word = (np.asarray(keys).astype(np.uint64) * np.uint64(0x2545F491) + offset) & mask
        word = word ^ (word >> np.uint64(15))
        word = (word * np.uint64(0x5851F42D)) & mask
        word = word ^ (word >> np.uint64(16))
        return np.asarray(word, dtype=np.int64)
