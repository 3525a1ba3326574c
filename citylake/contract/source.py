"""How a department hands a resource over: files, a database, an API, and how far asking goes."""

import re
from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from citylake.contract.role import Model, Name

Form = Literal["csv", "xlsx", "ndjson", "json_api", "database"]
_SPAN = re.compile(r"(\d+)([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


class AsOf(Model):
    """Where a delivery says what day it speaks of; exactly one of three."""

    filename: str | None = None
    """Pattern with one group: the day in the file's name, yyyyMMdd or yyyy-MM-dd."""
    column: str | None = None
    """Source column; the largest value counts."""
    received: bool = False
    """The business date on which it was received."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "AsOf":
        if sum([self.filename is not None, self.column is not None, self.received]) != 1:
            raise ValueError("give exactly one of filename, column, received: true")
        if self.filename is not None and re.compile(self.filename).groups != 1:
            raise ValueError("the filename pattern needs exactly one (group) around the day")
        return self


class Bounds(Model):
    """How much asking a system may cost; what is not said is the house's own bound."""

    seconds: int | None = Field(default=None, ge=1, le=14_400)
    """All of it, from the first question to the last answer."""
    lock_seconds: int | None = Field(default=None, ge=1, le=3_600)
    """Waiting for a table that somebody has locked."""
    pages: int | None = Field(default=None, ge=1)
    megabytes: int | None = Field(default=None, ge=1)
    bytes_per_second: int | None = Field(default=None, ge=1)
    """Least rate of an API's answer."""


class Source(Model):
    """How a department hands the resource over."""

    form: Form
    as_of: AsOf
    files: str | None = None
    """Glob within the department's drop folder (csv, xlsx, ndjson)."""
    encoding: str = "UTF-8"
    delimiter: str = ","
    sheet: str | None = None
    header_rows: int = Field(default=1, ge=1, le=5)
    """Rows of an Excel sheet's header; merged cells are joined top to bottom with ``/``."""
    skip_rows: int = Field(default=0, ge=0, le=20)
    """Title rows above an Excel sheet's header."""
    connection: Name | None = None
    """Connection id (database, json_api); default: the department's."""
    table: str | None = None
    """Table of a database."""
    path: str | None = None
    """Path of a JSON API, below its base URL."""
    watermark: str | None = None
    """Source column that grows with every change (database, json_api); what is newer, and an overlap, is asked for."""
    lookback: str | None = Field(default=None, pattern=r"^\d+[dhm]?$")
    """How far behind the newest stamp asking begins, by default a day: 3d, 12h, 30m; of stamps that are numbers, a number."""

    full_comparison: Literal["week", "month", "quarter", "never"] = "month"
    """How often everything is asked for all the same, so that what slipped past the stamps is found."""
    cursor: str | None = None
    """Field of an API's items by which it is read on (``after=``) instead of by numbered pages."""
    limits: Bounds = Bounds()

    @property
    def is_asked(self) -> bool:
        """Whether a system is asked for its rows, instead of files being delivered."""
        return self.form in ("database", "json_api")

    @property
    def overlap(self) -> timedelta | int:
        """The lookback as a length of time, or as a number."""
        said = self.lookback or "1d"
        match = _SPAN.fullmatch(said)
        return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else int(said)

    def check_stamps(self, kind: Literal["moment", "number"] | None) -> None:
        """Check that the lookback fits the stamps; None: their kind is not known from the contract.

        Raises:
            ValueError: it does not.
        """
        if self.lookback is None:
            return
        if self.watermark is None:
            raise ValueError("lookback needs a watermark")
        if kind is not None and (kind == "moment") != isinstance(self.overlap, timedelta):
            raise ValueError(f"lookback: {self.lookback} does not fit the watermark {self.watermark}, a {kind}")

    @model_validator(mode="after")
    def _what_the_form_needs(self) -> "Source":
        needed = {"database": "table", "json_api": "path"}.get(self.form, "files")
        if getattr(self, needed) is None:
            raise ValueError(f"form {self.form} needs '{needed}'")
        if self.cursor is not None and self.form != "json_api":
            raise ValueError("cursor is for form json_api")
        return self
