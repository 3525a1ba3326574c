"""Column types that behave the same on SQLite and PostgreSQL, and what may stand in a text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

# Only INTEGER PRIMARY KEY grows by itself in SQLite.
Number = BigInteger().with_variant(Integer(), "sqlite")
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

_IDENTIFIER = re.compile(r"(?<![0-9A-Za-z])(?:\d{17}[\dXx]|\d{15})(?![0-9A-Za-z])")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC in the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC; SQLite, which has no zones, gets it without one.

        Raises:
            ValueError: the moment has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment in the ledger needs a time zone: use datetime.now(UTC)")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored moment, aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)


def plain(text: str) -> str:
    """Return a text with whatever looks like a citizen number blotted out.

    Callers must not pass personal data; this is the second lock, since an error text of a driver may
    quote a value.
    """
    return _IDENTIFIER.sub("…", text)


@dataclass(frozen=True)
class Consumed:
    """What a run has read of one input: the content's number and the Delta version it was read at."""

    content: int
    version: int


def consumed_to_json(consumed: Mapping[str, Consumed]) -> dict[str, Any]:
    """Return a vector of inputs as it is stored."""
    return {name: {"content": one.content, "version": one.version} for name, one in consumed.items()}


def consumed_from_json(stored: Mapping[str, Any]) -> dict[str, Consumed]:
    """Return a stored vector of inputs."""
    return {name: Consumed(one["content"], one["version"]) for name, one in stored.items()}
