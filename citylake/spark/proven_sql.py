"""Which constructs of a SELECT are not proven: see :mod:`citylake.spark.proven`, which reads plans."""

import re
from collections.abc import Iterator
from functools import lru_cache

import sqlglot
from sqlglot import exp

from citylake.contract.engine_columns import NUMBERS
from citylake.spark.portable import is_shared, proven

BY_UTC = "timestamp by UTC"
"""The type of times that Sail shows by UTC's clock, whatever the session's is; ``timestamp`` are those in the session's zone."""


@lru_cache(maxsize=512)
def unproven_sql(text: str, types: frozenset[str] | None = None) -> tuple[str, ...]:
    """Return the constructs of a SELECT that are not proven.

    Args:
        text: as it is given to Spark.
        types: as of :func:`unproven`.
    """
    try:
        tree = sqlglot.parse_one(text, read="spark")
    except sqlglot.ParseError:
        return ("a SELECT that cannot be parsed",)
    return tuple(sorted(set(_of_select(tree, types))))


@lru_cache(maxsize=512)
def tables_read(text: str) -> frozenset[str]:
    """Return the names of the tables that a SELECT reads, but for its own common table expressions."""
    try:
        tree = sqlglot.parse_one(text, read="spark")
    except sqlglot.ParseError:
        return frozenset()
    own = {one.alias for one in tree.find_all(exp.CTE)}
    return frozenset(one.name for one in tree.find_all(exp.Table)) - own


def _of_select(tree: exp.Expr, types: frozenset[str] | None) -> Iterator[str]:
    if types is None:
        yield "tables whose types are not known"
    read = frozenset(kind.partition("(")[0].partition("<")[0] for kind in types or ()) | _numbers(tree)
    yield from _of_tables(tree, read, max(map(_digits, types or ()), default=0))
    structs = set()
    for node in tree.walk():
        name = type(node).__name__
        if name not in proven()["sql"]:
            yield node.name if isinstance(node, exp.Anonymous) else name
        if isinstance(node, exp.DataType):
            yield from _of_type(node)
        if (fields := _fields(node)) is not None:
            structs.add(fields)
        yield from _of_value(node)
        yield from _of_function(node)
    if len(structs) > 1 and tree.find(exp.Union):
        yield "UNION where structs have other fields"
    if structs and tree.find(exp.Max, exp.Min, exp.Greatest, exp.Least, exp.ArgMax, exp.Ordered):
        yield "an order where structs are made"


def _numbers(tree: exp.Expr) -> frozenset[str]:
    """Return the type of the engine's own numbers if a SELECT may read one: types are told without them."""
    if any(one.name in NUMBERS for one in tree.find_all(exp.Column)):
        return frozenset({"bigint"})
    own = {one.alias for one in tree.find_all(exp.CTE)}
    for star in tree.find_all(exp.Star):
        select = star.find_ancestor(exp.Select, exp.Count)
        if isinstance(select, exp.Select) and any(one.name not in own for one in select.find_all(exp.Table)):
            return frozenset({"bigint"})
    return frozenset()


def _of_tables(tree: exp.Expr, read: frozenset[str], digits: int) -> Iterator[str]:
    """Give out what the types of the tables that are read leave unproven."""
    for kind in sorted(read - proven()["types"] - {BY_UTC}):
        yield "floats" if kind in ("double", "float") else f"type {kind}"
    if tree.find(exp.Sum) and "bigint" in read:
        yield "SUM where bigints are read"
    if tree.find(exp.Sum) and digits > 18:
        yield "SUM where decimals of more than 18 digits are read"
    if tree.find(exp.Union) and "decimal" in read and read & {"int", "bigint"}:
        yield "UNION where decimals and whole numbers are read"
    if BY_UTC in read and any(map(_asks_the_clock, tree.walk())):
        yield "the clock of a time that is read"
    if read & {"timestamp", BY_UTC} and tree.find(exp.Concat, exp.ConcatWs, exp.DPipe):
        yield "a time that may be joined to a text"


def _fields(node: exp.Expr) -> tuple[str, ...] | None:
    """Return the names of the fields of a struct that is made here, None of anything else."""
    is_made = isinstance(node, exp.Struct)
    is_named = isinstance(node, exp.DataType) and node.this is exp.DataType.Type.STRUCT
    return tuple(one.alias_or_name for one in node.expressions) if is_made or is_named else None


def _digits(kind: str) -> int:
    found = re.match(r"decimal\((\d+)", kind)
    return int(found.group(1)) if found else 0


def _asks_the_clock(node: exp.Expr) -> bool:
    if isinstance(node, exp.Cast):
        return not isinstance(node.this, exp.Literal | exp.Null) and not node.to.is_type("decimal", "int", "bigint")
    return isinstance(
        node, exp.TsOrDsToDate | exp.TimeToStr | exp.Concat | exp.ConcatWs | exp.DPipe | exp.Year | exp.Month | exp.Day
    )


def _of_type(node: exp.DataType) -> Iterator[str]:
    name = node.sql("spark").lower().partition("(")[0].partition("<")[0]
    if name in ("double", "float"):
        yield "floats"
    elif name not in proven()["types"] | {"struct"}:
        yield f"type {name}"


def _of_value(node: exp.Expr) -> Iterator[str]:
    match node:
        case exp.Literal() if not node.is_string and re.search("[eEdDfF]", node.name):
            yield "floats"
        case exp.Add() | exp.Sub() if not (_is_small(node.left) and _is_small(node.right)):
            yield "whole numbers that may overflow: + or -"
        case exp.Neg() if not isinstance(node.this, exp.Literal):
            yield "a negated value"
        case exp.Cast() if node.to.is_type("decimal") and not isinstance(node.this, exp.Null | exp.Literal | exp.Sum):
            yield "a cast to a decimal, which may be of a text with an exponent"
        case exp.Union() if node.args.get("by_name"):
            yield "UNION BY NAME"


def _of_function(node: exp.Expr) -> Iterator[str]:
    match node:
        case exp.DateTrunc() if node.find(exp.Column):
            yield "TRUNC of a day that may be before 1677"
        case exp.ArrayUniqueAgg() if not isinstance(node.parent, exp.ArraySort):
            yield "a collected set that is not sorted at once"
        case exp.RegexpSplit() if not (
            node.expression.name and node.expression.is_string and is_shared(node.expression.name)
        ):
            yield "split by a pattern that engines read differently"
        case exp.TimeToStr() if not node.args["format"].is_string:
            yield "date_format by a pattern that is no literal"


def _is_small(node: exp.Expr) -> bool:
    """Return whether a number cannot be so large that a few of them overflow, or is no whole number but an interval."""
    if isinstance(node, exp.Paren | exp.Neg):
        return _is_small(node.this)
    if isinstance(node, exp.Literal):
        return not node.is_string and len(node.name) < 9
    return isinstance(node, exp.Count | exp.Length | exp.Interval | exp.RowNumber)
