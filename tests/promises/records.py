"""Records with a history each, of every mode, told in deliveries; and what must be known of them in the end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from tests.engine.small_lake import line

FILES = 3
_BEGAN = datetime(2026, 1, 1)


@dataclass(frozen=True)
class Version:
    """One thing said of a record.

    Attributes:
        order: when it was so, in days; no two of a record have the same, but of a correction and what it corrects.
        operation: I, U or D; told in changes only.
        name: its content; empty is against the contract's rule.
        date: another column, whose rule forbids days after the business date.
    """

    order: int
    operation: str
    name: str
    date: str = "20260115"
    is_dated: bool = True
    """Whether the line says readably when it was so; without that it is not known which of two is newer."""

    def told(self, number: str) -> dict[str, str]:
        """Return the line that says it."""
        at = _BEGAN + timedelta(days=self.order)
        when = f"{at:%Y-%m-%d %H:%M:%S}" if self.is_dated else "不详"
        said = {"CZBZ": self.operation, "GXSJ": when, "MC": self.name, "FSRQ": self.date}
        return line(number, **said)

    def __str__(self) -> str:
        return f"{self.operation}@{self.order if self.is_dated else '?'} {self.name or '(bad)'} {self.date}"


Deliveries = Sequence[Sequence[Version]]
"""Of one record: what each file says, in the order of its lines."""


@dataclass(frozen=True)
class Record:
    """A record's history as it was delivered."""

    number: str
    deliveries: Deliveries

    def lines(self, file: int) -> list[dict[str, str]]:
        """Return its lines in one file."""
        return [version.told(self.number) for version in self.deliveries[file]]

    def __str__(self) -> str:
        files = [f"{number}: {', '.join(map(str, said))}" for number, said in enumerate(self.deliveries, 1) if said]
        return f"record {self.number} delivered as {'; '.join(files)}"


def records(mode: str, count: int, seed: int) -> list[Record]:
    """Return records of a mode, each with a history of its own, the same for the same seed."""
    random = Random(f"{mode} {seed}")
    deliver = {"change": _changes, "event": _events, "snapshot": _snapshots}[mode]
    return [Record(str(number), deliver(random)) for number in range(count)]


def _changes(random: Random) -> Deliveries:
    """Versions in any order over the files: late, repeated, corrections of corrections, deletes and re-inserts."""
    orders = random.sample(range(1, 20), random.randint(1, 5))
    versions = [_version(random, order, random.choice("IUUDD")) for order in sorted(orders)]
    told = random.sample(versions, len(versions)) if random.random() < 0.5 else versions
    return _split(random, [*told, *random.sample(told, random.randint(0, len(told)))])


def _events(random: Random) -> Deliveries:
    """The first to be told comes first; then repeats and, against what an event is, other contents."""
    first = [_version(random, 1, "I")]
    again = [first[0] if random.random() < 0.6 else _version(random, 1, "I") for _ in range(random.randint(0, 3))]
    return _split(random, first + again)


def _snapshots(random: Random) -> Deliveries:
    """Each file says one thing of a record or nothing; now and then it says the same twice."""
    versions = [_version(random, number, "I") for number in range(1, 4)]
    files: list[list[Version]] = []
    for _ in range(FILES):
        said = [] if random.random() < 0.3 else [random.choice(versions)]
        files.append(said * (2 if random.random() < 0.1 else 1))
    return files


def _version(random: Random, order: int, operation: str) -> Version:
    is_bad = operation != "D" and random.random() < 0.15
    name = "" if is_bad else random.choice("甲乙丙")
    happened = random.choice(("20260115", "20260115", "20260302", "20260303"))
    return Version(order, operation, name, happened, is_dated=random.random() > 0.05)


def _split(random: Random, told: Sequence[Version]) -> Deliveries:
    """Cut what is told into files, in its order."""
    places = sorted(random.randrange(FILES) for _ in told)
    return [[version for version, place in zip(told, places, strict=True) if place == file] for file in range(FILES)]


def known(mode: str, record: Record, days: Sequence[str], *, replaces: bool = False) -> Version | None:
    """Return what must be known of a record after all its deliveries, None when it is not there (any more).

    Args:
        mode: snapshot, change or event.
        record: as it was delivered.
        days: business date of each delivery, as dates are written in lines.
        replaces: an event's later content replaces the earlier.
    """
    taken = list(_taken(record, days))
    if mode == "snapshot":
        return _last_snapshot(record, taken)
    good = [version for _, version in taken]
    if not good:
        return None
    if mode == "event":
        return good[-1] if replaces else good[0]
    newest = max(good, key=lambda version: version.order)
    return None if newest.operation == "D" else newest


def _taken(record: Record, days: Sequence[str]) -> Iterator[tuple[int, Version]]:
    for file, said in enumerate(record.deliveries):
        for version in said:
            if version.is_dated and (version.operation == "D" or (version.name and version.date <= days[file])):
                yield file, version


def _last_snapshot(record: Record, taken: Sequence[tuple[int, Version]]) -> Version | None:
    """Return the last good version, unless a later file did not bear the record at all."""
    present: Version | None = None
    for file in range(FILES):
        good = [version for of_file, version in taken if of_file == file]
        present = good[0] if good else present if record.deliveries[file] else None
    return present
