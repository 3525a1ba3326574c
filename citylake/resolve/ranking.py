"""Which word of a few wins and why, without Spark: the same rules as ``survivorship``, for explaining one value."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from citylake.contract.survivorship import Choice, Golden

LOWEST = -(10**9)
"""Below every day, place, length and count by which words are judged."""
_UNITS = {"d": 1, "m": 30, "y": 365}
UNRANKED = 99
"""Place of a source that a field does not rank."""
AGREED = "agreed"
"""Rule given where all sources say the same."""


@dataclass(frozen=True)
class Word:
    """What one source says of one field of one thing, and since when."""

    value: str
    source: str
    said_on: date | None


@dataclass(frozen=True)
class Ranked:
    """Words, the winner first; of equal words of a source only the newest is kept.

    Attributes:
        rule: the choice at which the winner left the next other value behind.
        agreeing: sources whose best word is the winner's value.
        conflicts: sources whose best word is another.
    """

    words: tuple[Word, ...]
    rule: str
    agreeing: int
    conflicts: int


def ranked(said: Iterable[Word], field: Golden, business_date: date) -> Ranked | None:
    """Return the words of one field in the order of its rules, None if nobody says anything."""
    newest: dict[tuple[str, str], Word] = {}
    for word in sorted(said, key=lambda item: item.said_on or date.min):
        newest[word.value, word.source] = word
    if not newest:
        return None
    words = list(newest.values())
    keys = {word: _keys(word, words, field, business_date) for word in words}
    words.sort(key=lambda word: (keys[word], word.said_on or date.min, word.value, word.source), reverse=True)
    best = words[0]
    rival = next((word for word in words if word.value != best.value), None)
    first = {word.source: word for word in reversed(words)}
    agreeing = sum(word.value == best.value for word in first.values())
    rule = AGREED if rival is None else _deciding(keys[best], keys[rival], field)
    return Ranked(tuple(words), rule, agreeing, len(first) - agreeing)


def _deciding(best: Sequence[float], rival: Sequence[float], field: Golden) -> str:
    names = ("maximum_age", *(choice.pick for choice in field.choices))
    return next((name for name, one, other in zip(names, best, rival, strict=True) if one > other), "tie_break")


def _keys(word: Word, words: Sequence[Word], field: Golden, business_date: date) -> tuple[float, ...]:
    """Return the numbers by which a word is judged, in order; the greatest wins."""
    votes = sum(other.value == word.value for other in words)
    return (
        _fresh(word, field, business_date),
        *(_judged_by(choice, word, votes, rank(field, word.source)) for choice in field.choices),
    )


def _judged_by(choice: Choice, word: Word, votes: int, place: int) -> float:
    if choice.pick == "value_rank":
        return -float(choice.values.index(word.value)) if word.value in choice.values else LOWEST
    return _GREATEST_WINS[choice.pick](word, votes, place)


def _fresh(word: Word, field: Golden, business_date: date) -> float:
    if field.maximum_age is None:
        return 0.0
    old = word.said_on is not None and (business_date - word.said_on).days > age_days(field.maximum_age)
    return 0.0 if old else 1.0


def _days(day: date | None, sign: int = 1) -> float:
    return LOWEST if day is None else float(sign * day.toordinal())


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


_GREATEST_WINS: dict[str, Callable[[Word, int, int], float]] = {
    "source_rank": lambda word, votes, place: float(-place),
    "most_recent": lambda word, votes, place: _days(word.said_on),
    "never_null_overwrite": lambda word, votes, place: _days(word.said_on, -1),
    "majority": lambda word, votes, place: float(votes),
    "earliest": lambda word, votes, place: _days(_day(word.value), -1),
    "latest": lambda word, votes, place: _days(_day(word.value)),
    "most_complete": lambda word, votes, place: float(len(word.value)),
}


def rank(field: Golden, source: str) -> int:
    """Return the place of a source in a field's ranking, 0 best."""
    return field.ranked.index(source) if source in field.ranked else UNRANKED


def age_days(age: str) -> int:
    """Return the days of an age such as 5y; a month has 30, a year 365."""
    return int(age[:-1]) * _UNITS[age[-1]]
