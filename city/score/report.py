"""The resolution of a whole city against its targets: verdicts, and the page that tells of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import duckdb

from city.score.golden import Field, score_table
from city.score.persons import Rate
from city.score.resolution import Example, Resolution, score_kind

TABLES = {"person": "person", "identity": "person", "entity": "legal_entity"}
"""Tables with golden fields -> kind."""
_TARGETS = {"person": (0.9999, 0.9975), "legal_entity": (0.9999, 0.997)}
_CAUGHT, _FALSE_ALARMS, _GOLDEN = 0.99, 0.0005, 0.995
_CALLED = {"person": "persons", "legal_entity": "legal entities"}
_FATE = {"wrong": "put to somebody else", "apart": "an id of its own beside the right one", "nobody": "under no id"}


@dataclass(frozen=True)
class Verdict:
    """One target: what is measured, what it should be, what it is."""

    measure: str
    target: str
    value: float
    holds: bool
    of: int
    """Records, pairs' records or values it was measured on."""


@dataclass(frozen=True)
class Assessment:
    """A made-up city, resolved and scored."""

    people: int
    seed: int
    kinds: Mapping[str, Resolution]
    golden: Mapping[str, Mapping[str, Field]]
    """Fields by table."""
    missing: tuple[str, ...]

    @property
    def verdicts(self) -> list[Verdict]:
        """Every target, in the order of the table."""
        made = [verdict for kind, found in self.kinds.items() for verdict in _of_kind(kind, found)]
        for table, fields in self.golden.items():
            made += [
                Verdict(f"golden {table}.{name}", f"≥ {_GOLDEN:.1%}", field.share, field.share >= _GOLDEN, field.people)
                for name, field in fields.items()
            ]
        return made

    @property
    def fine(self) -> bool:
        """Whether every target holds; what was measured on nothing does not."""
        return not self.missing and all(verdict.holds and verdict.of > 0 for verdict in self.verdicts)


def assess(connection: duckdb.DuckDBPyConnection, people: int, seed: int, missing: Iterable[str]) -> Assessment:
    """Score every kind and every golden field; the tables of ``load_truth`` and ``load_lake`` are there.

    Args:
        connection: with these tables.
        people: the city's size.
        seed: the city's seed.
        missing: tables that could not be read.
    """
    present = {name for (name,) in connection.execute("SELECT table_name FROM information_schema.tables").fetchall()}
    counted = connection.execute("SELECT kind, count(*) FROM record GROUP BY kind").fetchall()
    kinds = {kind: score_kind(connection, kind) for kind in _TARGETS if kind in dict(counted)}
    golden = {table: score_table(connection, table, kind) for table, kind in TABLES.items() if table in present}
    return Assessment(people, seed, kinds, golden, tuple(missing))


def _of_kind(kind: str, found: Resolution) -> list[Verdict]:
    precision, recall = _TARGETS[kind]
    called = _CALLED[kind]
    lent = found.borrowed
    return [
        Verdict(f"{called}, precision", f"≥ {precision:.2%}", found.precision, found.precision >= precision, found.records),
        Verdict(f"{called}, recall", f"≥ {recall:.2%}", found.recall, found.recall >= recall, found.records),
        Verdict(f"{called}, borrowed caught", f"≥ {_CAUGHT:.0%}", lent.share_caught, lent.share_caught >= _CAUGHT, lent.records),
        Verdict(f"{called}, false alarms", f"≤ {_FALSE_ALARMS:.2%}", lent.share_false, lent.share_false <= _FALSE_ALARMS, lent.own),
    ]  # fmt: skip


def table(found: Assessment) -> Iterator[str]:
    """Yield the lines of the table of targets, in Markdown."""
    yield "| measured | target | value | on | |"
    yield "|---|---|---|---|---|"
    for one in found.verdicts:
        yield f"| {one.measure} | {one.target} | {one.value:.4%} | {one.of:,} | {'holds' if one.holds else '**missed**'} |"


def page(found: Assessment, connection: duckdb.DuckDBPyConnection, tuning: Iterable[int]) -> str:
    """Return ``docs/resolution.md``.

    Args:
        found: what was measured.
        connection: names true people and firms for the examples.
        tuning: seeds that rules and thresholds were tuned on.
    """
    used = ", ".join(str(seed) for seed in tuning)
    lines = [
        "# Who is who, measured",
        "",
        f"Written by `make score SEED={found.seed} PEOPLE={found.people}`: a city of its own is made, delivered, resolved and held against",
        f"its truth. Rules and thresholds were tuned on the seeds {used}; this page is about seed {found.seed}.",
        "Pairs count subjects: a record's role, or of events each distinct set of identifying values once.",
        "",
        *table(found),
        "",
        *(f"Not made: {name}" for name in found.missing),
    ]
    for kind, one in found.kinds.items():
        lines += ["", *section(kind, one, connection)]
    lines += [
        "",
        "## Golden fields",
        "",
        "| table | field | right | of values | the lake knows |",
        "|---|---|---|---|---|",
    ]
    for name, fields in found.golden.items():
        lines += [
            f"| {name} | {field} | {one.share:.4%} | {one.people:,} | {one.coverage:.2%} of {one.known:,} |"
            for field, one in fields.items()
        ]
    return "\n".join(lines) + "\n"


def section(kind: str, one: Resolution, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield the lines that tell of one kind."""
    yield f"## {_CALLED[kind].capitalize()}"
    yield ""
    yield f"{one.records:,} subjects of {one.things:,} {_CALLED[kind]}; {one.silent:,} roles name nobody, {one.absent:,} were held back."
    for title, rates in (
        ("source", one.by_source),
        ("kind of mistake", one.by_mistake),
        ("hard to tell apart", one.by_trait),
        ("rule that linked", one.rules),
    ):
        if rates:
            yield ""
            yield from _rates(title, rates)
    yield ""
    yield (
        "What is not where it belongs: "
        + ("; ".join(f"{number:,} {_FATE[fate]}" for fate, number in one.fates.items()) or "nothing")
        + "."
    )
    yield (
        "The review list: "
        + ("; ".join(f"{reason} {number:,}" for reason, number in one.review.items()) or "empty")
        + "."
    )
    if one.examples:
        yield ""
        yield "| mistake | what became of it | record | rule, guard | truth | put to |"
        yield "|---|---|---|---|---|---|"
        yield from (_example(kind, example, connection) for example in one.examples)


def _rates(title: str, rates: Mapping[str, Rate]) -> Iterator[str]:
    yield f"| {title} | subjects | precision | recall |"
    yield "|---|---|---|---|"
    yield from (
        f"| {name} | {rate.records:,} | {rate.precision:.4%} | {rate.recall:.4%} |" for name, rate in rates.items()
    )


def _example(kind: str, one: Example, connection: duckdb.DuckDBPyConnection) -> str:
    other = _told(kind, one.other, connection) if one.fate == "wrong" and one.other is not None else ""
    rule = ", ".join(part for part in (one.rule, one.guard) if part)
    return f"| {one.mistake} | {_FATE[one.fate]} | {one.resource} {one.role} | {rule} | {_told(kind, one.number, connection)} | {other} |"


def _told(kind: str, number: int, connection: duckdb.DuckDBPyConnection) -> str:
    """Return what the made-up city says of one of its own."""
    columns, where = ("name, birth_date, id_no", "truth_person WHERE person") if kind == "person" else (
        "name, uscc, established_date", "truth_firm WHERE firm"
    )  # fmt: skip
    row = connection.execute(f"SELECT {columns} FROM {where} = ?", [number]).fetchone()
    return " ".join(str(value) for value in row if value) if row else "nobody of this kind"
