"""What a database is asked for, column by column, so that no driver's conversion stands between a value and its text.

PostgreSQL and MySQL say dates, numbers and texts themselves (a year 20026 or a day 0000-00-00 is nothing a driver could
hold); SQLite keeps what was written. Of any other database the driver's value is taken.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from citylake.sources.values import DOUBLE, SINGLE, UnreadableValueError, cell_text, exact_text

NO_UTF8 = "含有不是 UTF-8 的字节，请改正编码"
_MIDNIGHT = " 00:00:00"
_TEXTS = {str, type(None)}


@dataclass(frozen=True)
class Undecoded:
    """Bytes of a text that are no UTF-8."""

    data: bytes


@dataclass(frozen=True)
class Reading:
    """One column: what is selected, and how a value of it becomes text."""

    name: str
    expression: sa.ColumnElement[Any]
    text: Callable[[object], str | None]
    """Raises UnreadableValueError when no text can be known."""

    def texts(self, values: Sequence[object], bad: dict[int, str]) -> pa.Array:
        """Return the values as text; of those that have none, place and reason are added to ``bad``."""
        if self.text is not _day and _TEXTS.issuperset(map(type, values)):
            with suppress(UnicodeEncodeError):
                return pa.array(values, pa.string())
        return pa.array([self._text(value, place, bad) for place, value in enumerate(values)], pa.string())

    def binary(self, values: Sequence[object]) -> int:
        """Return how many of the values the source keeps as bytes: they may be text, but nobody there has said so."""
        if self.text is _decoded or _TEXTS.issuperset(map(type, values)):
            return 0
        return sum(isinstance(value, bytes | bytearray | memoryview) for value in values)

    def _text(self, value: object, place: int, bad: dict[int, str]) -> str | None:
        try:
            text = self.text(value)
            if text is not None:
                text.encode()
        except UnreadableValueError as error:
            bad.setdefault(place, f"列“{self.name}”{error}")
        except UnicodeEncodeError:
            bad.setdefault(place, f"列“{self.name}”含有不成对的 Unicode 代理字符")
        else:
            return text
        return None


def readings(
    connection: sa.Connection, table: sa.TableClause, types: Mapping[str, Any], agreed: Mapping[str, frozenset[str]]
) -> list[Reading]:
    """Return how each column of a table is read.

    Args:
        connection: to the database.
        table: with the columns to read.
        types: the database's type of each.
        agreed: source column -> types of the contract's columns that take it.
    """
    dialect = connection.dialect.name
    if dialect == "postgresql":
        plain = connection.exec_driver_sql("SHOW server_encoding").scalar() == "SQL_ASCII"
        return [_of_postgresql(column, types[column.name], agreed, plain=plain) for column in table.c]
    if dialect in ("mysql", "mariadb"):
        return [_of_mysql(column, types[column.name], agreed) for column in table.c]
    return [Reading(column.name, column, _by_value(agreed.get(column.name, frozenset()))) for column in table.c]


def _of_postgresql(column: Any, kind: Any, agreed: Mapping[str, frozenset[str]], *, plain: bool) -> Reading:
    takers = agreed.get(column.name, frozenset())
    if isinstance(kind, sa.Float):
        return Reading(column.name, column, _number(takers, SINGLE if isinstance(kind, sa.REAL) else DOUBLE))
    if isinstance(kind, sa.LargeBinary):
        return Reading(column.name, column, cell_text)
    told: Any = column
    if isinstance(kind, sa.DateTime) and kind.timezone:
        # On the clock of the session, which is the city's.
        told = sa.cast(column, postgresql.TIMESTAMP())
    if isinstance(kind, postgresql.ARRAY):
        told = sa.func.to_json(column)
    text = sa.cast(told, sa.Text)
    if plain and not isinstance(kind, sa.Date | sa.DateTime | sa.Time | sa.Numeric | sa.Integer | sa.Boolean):
        # Nobody has checked the bytes of such a database, and converting them would end the whole reading.
        return Reading(column.name, sa.func.convert_to(text, sa.literal("SQL_ASCII", sa.Text)), _decoded)
    return Reading(column.name, text, _day if _only(takers, "date") and isinstance(kind, sa.DateTime) else _as_it_is)


def _of_mysql(column: Any, kind: Any, agreed: Mapping[str, frozenset[str]]) -> Reading:
    takers = agreed.get(column.name, frozenset())
    if isinstance(kind, mysql.FLOAT):
        # By itself it would be told to six digits.
        return Reading(column.name, column + sa.literal_column("0e0"), _number(takers, SINGLE))
    if isinstance(kind, sa.Float):
        return Reading(column.name, column, _number(takers, DOUBLE))
    if isinstance(kind, sa.LargeBinary | sa.BINARY | sa.VARBINARY):
        return Reading(column.name, column, cell_text)
    if isinstance(kind, mysql.BIT):
        return Reading(column.name, sa.cast(sa.cast(column, mysql.INTEGER(unsigned=True)), sa.CHAR), _as_it_is)
    as_day = _only(takers, "date") and isinstance(kind, sa.DateTime)
    return Reading(column.name, sa.cast(column, sa.CHAR), _day if as_day else _as_it_is)


def _only(takers: frozenset[str], kind: str) -> bool:
    return takers == frozenset({kind})


def _as_it_is(value: object) -> str | None:
    assert value is None or isinstance(value, str)
    return value


def _day(value: object) -> str | None:
    """Return a moment as the day that the contract says it is; one within a day stays, and will not pass for a day."""
    text = _as_it_is(value)
    return text if text is None else text.removesuffix(_MIDNIGHT)


def _decoded(value: object) -> str | None:
    if value is None:
        return None
    try:
        return bytes(value).decode()  # type: ignore[call-overload,no-any-return]
    except UnicodeDecodeError as error:
        raise UnreadableValueError(NO_UTF8) from error


def _number(takers: frozenset[str], limit: int) -> Callable[[object], str | None]:
    """Return what tells a floating-point number: digits up to the limit, all of it where the contract wants such a number."""
    most = float("inf") if _only(takers, "double") else limit

    def told(value: object) -> str | None:
        if not isinstance(value, float):
            return cell_text(value)
        return exact_text(float(str(np.float32(value))) if limit == SINGLE else value, most)

    return told


def _by_value(takers: frozenset[str]) -> Callable[[object], str | None]:
    number = _number(takers, DOUBLE)

    def told(value: object) -> str | None:
        if isinstance(value, Undecoded):
            raise UnreadableValueError(NO_UTF8)
        if isinstance(value, datetime) and _only(takers, "date") and value.time() == time():
            return value.date().isoformat()
        return number(value)

    return told
