"""Two sets of rows that ought to be one: their content hashes, and where they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from citylake.verify.store import Store, quoted
from citylake.verify.translate import duckdb_type

SHOWN = 20
"""Differences that are named one by one; all are counted."""


@dataclass(frozen=True)
class Difference:
    """One row, or one column of a row, that is not as it should be.

    ``kind`` is missing (the table lacks the row), extra, repeated, differs (then ``column`` says where), or the name of
    a broken invariant. ``key`` never holds a direct identifier.
    """

    kind: str
    key: str
    column: str | None = None
    published: str | None = None
    expected: str | None = None


@dataclass(frozen=True)
class Comparison:
    """What came out: rows and content hashes of both sides, counts by kind (and column), the first differences."""

    rows: int
    expected_rows: int
    hash: str
    expected_hash: str
    counts: Mapping[str, int] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether both sides hold the same rows, however often and in whatever order."""
        return self.hash == self.expected_hash and self.rows == self.expected_rows


@dataclass(frozen=True)
class Shape:
    """The columns that are compared.

    Attributes:
        types: contract type by column.
        key: columns that name a row.
        shown: columns by which a row is named in the report, none of them a direct identifier.
        direct: columns whose values are never shown.
    """

    types: Mapping[str, str]
    key: Sequence[str]
    shown: Sequence[str]
    direct: frozenset[str] = frozenset()


def compare(store: Store, published: str, expected: str, shape: Shape, *, values: bool = False) -> Comparison:
    """Compare two tables of the store.

    Args:
        store: where both are.
        published: name of the table as it was published.
        expected: name of the table as it was computed again; both have the columns of ``shape``.
        shape: columns and key.
        values: show the values of columns that are no direct identifiers.
    """
    rows, found = _content(store, published, shape)
    expected_rows, wanted = _content(store, expected, shape)
    if (rows, found) == (expected_rows, wanted):
        return Comparison(rows, expected_rows, found, wanted)
    counts, differences = _differences(store, published, expected, shape, values)
    return Comparison(rows, expected_rows, found, wanted, counts, differences)


def _content(store: Store, name: str, shape: Shape) -> tuple[int, str]:
    """Return the number of rows and the sum of their hashes, which knows no order."""
    columns = ", ".join(_normal(column, kind) for column, kind in shape.types.items())
    count, total = store.run(f"SELECT count(*), coalesce(sum(hash({columns})::HUGEINT), 0) FROM {name}").fetchall()[0]
    return int(count), f"{int(total):032x}"


def _normal(column: str, kind: str, of: str = "") -> str:
    """Return a column as it is compared: fractions to twelve digits, since sums of them depend on their order."""
    value = f"{of}{quoted(column)}"
    return f"printf('%.12g', {value})" if duckdb_type(kind) == "DOUBLE" else f"CAST({value} AS {duckdb_type(kind)})"


def _differences(
    store: Store, published: str, expected: str, shape: Shape, values: bool
) -> tuple[dict[str, int], tuple[Difference, ...]]:
    joined = " AND ".join(f"p.{quoted(name)} = e.{quoted(name)}" for name in shape.key)
    others = [name for name in shape.types if name not in shape.key]
    flags = [
        f"({_normal(name, shape.types[name], 'p.')} IS DISTINCT FROM {_normal(name, shape.types[name], 'e.')}) "
        f"AND p._here AND e._here AS {quoted(name)}"
        for name in others
    ]
    key = _shown_key(shape)
    told = [f"CAST({side}.{quoted(name)} AS VARCHAR) AS {quoted(f'{mark}{name}')}" for name in others if values
            and name not in shape.direct for side, mark in (("p", "p:"), ("e", "e:"))]  # fmt: skip
    pairs = store.keep(
        f"SELECT {key} AS _key, p._here IS NULL AS _missing, e._here IS NULL AS _extra"
        f"{''.join(', ' + item for item in [*flags, *told])} "
        f"FROM (SELECT *, true AS _here FROM {published}) p FULL JOIN (SELECT *, true AS _here FROM {expected}) e ON {joined}"
    )
    counts: dict[str, int] = {}
    found: list[Difference] = []
    for kind in ("missing", "extra"):
        if number := store.number(f"SELECT count(*) FROM {pairs} WHERE _{kind}"):
            counts[kind] = number
            found += [Difference(kind, row[0]) for row in _first(store, pairs, f"_{kind}", "_key")]
    for name in others:
        if number := store.number(f"SELECT count_if({quoted(name)}) FROM {pairs}"):
            counts[f"differs:{name}"] = number
            shows = values and name not in shape.direct
            wanted = f"_key, {quoted(f'p:{name}')}, {quoted(f'e:{name}')}" if shows else "_key, NULL, NULL"
            rows = _first(store, pairs, quoted(name), wanted)
            found += [Difference("differs", row[0], name, row[1], row[2]) for row in rows]
    store.drop(pairs)
    found += _repeated(store, published, shape, counts)
    return counts, tuple(found)


def _repeated(store: Store, published: str, shape: Shape, counts: dict[str, int]) -> list[Difference]:
    names = ", ".join(quoted(name) for name in shape.key)
    twice = f"SELECT any_value({_shown(shape, '')}) AS _key FROM {published} GROUP BY {names} HAVING count(*) > 1"
    if number := store.number(f"SELECT count(*) FROM ({twice})"):
        counts["repeated"] = number
    return [Difference("repeated", row[0]) for row in store.run(f"{twice} ORDER BY 1 LIMIT {SHOWN}").fetchall()]


def _first(store: Store, pairs: str, condition: str, columns: str) -> list[tuple[str, str | None, str | None]]:
    return store.run(f"SELECT {columns} FROM {pairs} WHERE {condition} ORDER BY _key LIMIT {SHOWN}").fetchall()


def _shown_key(shape: Shape) -> str:
    return f"CASE WHEN p._here THEN {_shown(shape, 'p.')} ELSE {_shown(shape, 'e.')} END"


def _shown(shape: Shape, of: str) -> str:
    parts = [f"'{name}=' || coalesce(CAST({of}{quoted(name)} AS VARCHAR), 'NULL')" for name in shape.shown]
    return " || ' ' || ".join(parts)
