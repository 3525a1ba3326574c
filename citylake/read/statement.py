"""What an analyst may ask, and what stands in for the tables a statement names.

Spark is given the very tokens that were checked, each as it was written and nothing between them but single spaces: what
Spark and sqlglot might take differently, such as the end of a comment, does not reach it. The text is not made from the tree:
sqlglot writes some of Spark's functions and literals in another way than they were meant.
"""

import itertools
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType, NoneType
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.parsers.spark import SparkParser
from sqlglot.tokenizer_core import Token, TokenType

from citylake.delta.sql_text import literal, quoted


class _AsWritten(Spark):
    """Spark's language, in which every function keeps the name it was called by."""

    class Parser(SparkParser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}


_DIALECT = _AsWritten
_TABLE_FUNCTIONS = frozenset({
    *("range", "stack", "json_tuple", "inline", "inline_outer", "explode", "explode_outer"),
    *("posexplode", "posexplode_outer", "variant_explode", "variant_explode_outer"),
})  # fmt: skip
_QUERIES = (exp.Select, exp.SetOperation, exp.Subquery)
_FIRST = (TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.L_PAREN)
_READ_ONLY = "only SELECT (also WITH … SELECT), DESCRIBE and SHOW are answered: the published night is read-only"

_PARAMETERS = (bool, int, float, Decimal, date, str, bytes, NoneType)
_STRING = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_LEXEMES = {
    TokenType.STRING: _STRING,
    TokenType.RAW_STRING: r"""[rR]'[^']*'|[rR]"[^"]*\"""",
    TokenType.HEX_STRING: r"[xX]'[0-9A-Fa-f]*'",
    TokenType.IDENTIFIER: r"`(?:[^`]|``)+`",
    TokenType.HINT: r"/\*\+[\w\s,()]*\*/",
}
"""What of a statement may hold quotes or look like a comment, as Spark reads it."""
_QUOTED = frozenset(_LEXEMES) - {TokenType.HINT}
_PLAIN = r"\w+(?:\s+\w+)*|[\d.]+(?:[eE][-+]?\d+)?[A-Za-z]*|(?!--|/\*)[^\w\s'\"`]+"

_TABLE = r"(?P<layer>`\w+`|\w+)\s*\.\s*(?P<thing>`\w+`|\w+)"
_END = r"\s*;?\s*"
_DESCRIBE = re.compile(rf"\s*(?:DESCRIBE|DESC)\s+(?:TABLE\s+)?{_TABLE}{_END}", re.IGNORECASE)
_SHOW_COLUMNS = re.compile(rf"\s*SHOW\s+COLUMNS\s+(?:IN|FROM)\s+{_TABLE}{_END}", re.IGNORECASE)
_SHOW_TABLES = re.compile(rf"\s*SHOW\s+TABLES(?:\s+(?:IN|FROM)\s+(?P<layer>\w+))?{_END}", re.IGNORECASE)


class StatementError(ValueError):
    """A statement is not one that may be asked, or names what is not published; the message says what to write instead."""


@dataclass(frozen=True)
class Prepared:
    """A statement in which views stand in for tables; ``tables`` are the published tables it names."""

    text: str
    tables: tuple[str, ...]


@dataclass(frozen=True)
class _Change:
    """Characters ``start`` up to ``end`` (exclusive) to be exchanged."""

    start: int
    end: int
    text: str


def prepare(
    text: str,
    published: Collection[str],
    view_of: Callable[[str], str],
    parameters: Mapping[str, object] = MappingProxyType({}),
) -> Prepared:
    """Check a statement and put views in the place of the tables it names.

    Args:
        text: one SELECT (also WITH …), DESCRIBE or SHOW COLUMNS.
        published: names of the tables that may be read.
        view_of: gives the name of the view that stands in for a table.
        parameters: values that stand in for ``:name``. They are put in as literals: those that
            Spark is to bind fail on this stack as unbound.

    Raises:
        StatementError: it is something else, a parameter has no value, it is several statements, or it names a table that is not published.
    """
    tokens = _tokens(text)
    if (described := _described(text)) is not None:
        asked = _published(described.name, published)
        return Prepared(f"{described.verb} {quoted(view_of(asked))}", (asked,))
    if tokens[0].token_type not in _FIRST:
        raise StatementError(_READ_ONLY)
    query = _parsed(text)
    _refuse_functions(query)
    changes, named = [], []
    for table in _tables(query):
        name = _published(_name(table), published)
        named.append(name)
        changes.append(_stand_in(table, name, view_of(name), tokens))
    changes += _qualified_columns(query, named)
    changes += _values(query, tokens, parameters)
    return Prepared(_changed(text, changes), tuple(dict.fromkeys(named)))


def shown_layer(text: str) -> str | None:
    """Return the layer of ``SHOW TABLES [IN layer]``, empty for all of them; None when it is another statement."""
    found = _SHOW_TABLES.fullmatch(text)
    return None if found is None else (found["layer"] or "").lower()


@dataclass(frozen=True)
class _Described:
    name: str
    verb: str


def _tokens(text: str) -> list[Token]:
    try:
        tokens = sqlglot.tokenize(text, read=_DIALECT)
    except SqlglotError as error:
        raise StatementError("the statement cannot be read: is a quote or a comment left open?") from error
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise StatementError("the statement is empty")
    if any(token.token_type == TokenType.SEMICOLON for token in tokens):
        raise StatementError("only one statement at a time")
    if any(token.token_type == TokenType.PIPE_GT for token in tokens):
        raise StatementError("|> is not answered: write the clauses of a SELECT")
    return tokens


def _described(text: str) -> _Described | None:
    """Return the table of a DESCRIBE or SHOW COLUMNS, None when it is another statement."""
    first = text.split(maxsplit=1)[0].upper()
    if first not in {"DESCRIBE", "DESC", "SHOW"}:
        return None
    verb, found = "DESCRIBE", _DESCRIBE.fullmatch(text)
    if found is None:
        verb, found = "SHOW COLUMNS IN", _SHOW_COLUMNS.fullmatch(text)
    if found is None:
        raise StatementError("write DESCRIBE <table>, SHOW COLUMNS IN <table> or SHOW TABLES [IN <layer>]")
    return _Described(f"{found['layer'].strip('`')}.{found['thing'].strip('`')}", verb)


def _parsed(text: str) -> exp.Expression:
    try:
        parsed = [one for one in sqlglot.parse(text, read=_DIALECT) if one is not None]
    except SqlglotError as error:
        first = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
        where = f" (line {first['line']}, column {first['col']})" if "line" in first else ""
        raise StatementError(
            f"the statement is not valid SQL{where}: {first.get('description', 'see its syntax')}"
        ) from error
    if len(parsed) != 1 or not isinstance(parsed[0], _QUERIES):
        raise StatementError(_READ_ONLY)
    query: exp.Expression = parsed[0]
    refused = (exp.DML, exp.DDL, exp.Command, exp.QueryTransform, exp.Into)
    for node in query.walk():
        if isinstance(node, refused) and not isinstance(node, exp.Query):
            raise StatementError(f"{type(node).__name__.upper()} is not answered: the published night is read-only")
    return query


@cache
def allowed_functions() -> frozenset[str]:
    """Return the names of Spark's functions that compute something from values and touch nothing else."""
    return frozenset(Path(__file__).with_name("functions.txt").read_text("ascii").split())


def _refuse_functions(query: exp.Expr) -> None:
    for function in query.find_all(exp.Anonymous):
        if function.name.lower() not in allowed_functions() and not isinstance(function.parent, exp.Table):
            raise StatementError(f"the function {function.name.lower()} is not available here")


def _tables(query: exp.Expression) -> Iterator[exp.Table]:
    """Yield what names a table, names of WITH left out where they are in sight."""
    for table in query.find_all(exp.Table):
        if table.find_ancestor(exp.Hint) is not None:
            continue
        if isinstance(table.this, exp.Func):
            if table.this.name.lower() not in _TABLE_FUNCTIONS:
                raise StatementError(f"the table function {table.this.name.lower()} is not available here")
        elif isinstance(table.this, exp.Identifier):
            if table.args.get("version") is not None or table.args.get("when") is not None:
                raise StatementError("VERSION AS OF is chosen by the night: open another session with connect(night=…)")
            if not (table.args.get("db") is None and _is_common(table)):
                yield table
        else:
            raise StatementError("a table is named as <layer>.<domain>__<thing>")


def _is_common(table: exp.Table) -> bool:
    """Return whether a name without a layer is that of a WITH around it."""
    wanted = table.name.lower()
    node: exp.Expr | None = table
    while node is not None:
        clause = node.args.get("with_") or node.args.get("with")
        if clause is not None and any(one.alias.lower() == wanted for one in clause.expressions):
            return True
        node = node.parent
    return False


def _name(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts)


def _published(name: str, published: Collection[str]) -> str:
    found = name.lower()
    if found in published:
        return found
    near = get_close_matches(found, list(published), n=3)
    hint = f"; did you mean {', '.join(near)}?" if near else "; SHOW TABLES lists what is published"
    raise StatementError(f"no published table '{name}'{hint}")


def _stand_in(table: exp.Table, name: str, view: str, tokens: list[Token]) -> _Change:
    """Return the exchange of a table's tokens by its view, which keeps the name the rest of the statement knows it by."""
    start, end = _span(table.parts)
    if table.alias:
        return _Change(start, end, f"{quoted(view)} ")
    alias = f" AS {quoted(name.partition('.')[2])}"
    sample = _sample_end(tokens, end)
    if sample is None:
        return _Change(start, end, f"{quoted(view)}{alias} ")
    raise StatementError(f"give {name} an alias after its TABLESAMPLE, as in {name} TABLESAMPLE (1 PERCENT) AS t")


def _sample_end(tokens: list[Token], end: int) -> int | None:
    following = next((token for token in tokens if token.start >= end), None)
    return following.start if following is not None and following.text.upper() == "TABLESAMPLE" else None


def _qualified_columns(query: exp.Expression, named: list[str]) -> Iterator[_Change]:
    """Yield the exchange of ``base.population__person`` before a column by the name its view goes by."""
    for column in query.find_all(exp.Column):
        parts = column.parts
        if len(parts) > 2 and f"{parts[0].name}.{parts[1].name}".lower() in named:
            start, end = _span(parts[:2])
            yield _Change(start, end, quoted(parts[1].name.lower()))


def _values(query: exp.Expression, tokens: list[Token], parameters: Mapping[str, object]) -> Iterator[_Change]:
    """Yield the exchange of every ``:name`` by its value."""
    wanted = {node.name for node in query.find_all(exp.Placeholder)}
    if missing := sorted(wanted - set(parameters)):
        raise StatementError(f"no value is given for {', '.join(f':{name}' for name in missing)}")
    for asked in sorted(wanted):
        if not isinstance(parameters[asked], _PARAMETERS):
            raise StatementError(f"the value of :{asked} is a {type(parameters[asked]).__name__}: give a plain value")
    for colon, name in itertools.pairwise(tokens):
        if colon.token_type == TokenType.COLON and name.text in wanted and name.start == colon.end + 1:
            yield _Change(colon.start, name.end + 1, f" {literal(parameters[name.text])} ")


def _span(parts: Sequence[exp.Expr]) -> tuple[int, int]:
    return int(parts[0].meta["start"]), int(parts[-1].meta["end"]) + 1


def _changed(text: str, changes: list[_Change]) -> str:
    for change in sorted(changes, key=lambda one: one.start, reverse=True):
        text = text[: change.start] + change.text + text[change.end :]
    return _tokens_only(text)


def _tokens_only(text: str) -> str:
    """Return a statement with one space for whatever stands between two of its tokens.

    Raises:
        StatementError: Spark might read a token in another way than it was checked.
    """
    written: list[str] = []
    end = 0
    for token in _tokens(text):
        if token.start < end:
            continue  # 1L is three tokens to sqlglot, all at one place
        lexeme = text[token.start : token.end + 1]
        if re.fullmatch(_LEXEMES.get(token.token_type, _PLAIN), lexeme, re.DOTALL) is None:
            raise StatementError("the statement has a character or quote that cannot be read here")
        if token.token_type not in _QUOTED:
            lexeme = " ".join(lexeme.split())
        written += [" "] * (bool(written) and token.start > end) + [lexeme]
        end = token.end + 1
    return "".join(written)
