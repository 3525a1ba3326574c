"""A session of an analyst: bound to one publication, which it shows whole until it is closed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from citylake.business_date import parse
from citylake.lake import Lake, open_lake
from citylake.ledger.nights.nights import Entry, Publication, newest_published, publication
from citylake.read.statement import prepare, shown_layer
from citylake.settings import Settings
from citylake.settings import settings as installed

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

ROWS = 1_000_000
"""Rows that leave Spark at most, unless the caller names another limit."""

_VIEW = re.compile(r"`?published_(?P<table>[a-z0-9_]+?)_at_\d+`?")


class NotPublishedError(LookupError):
    """There is no such publication."""


class TooManyRowsError(ValueError):
    """A result has more rows than may leave Spark."""


@dataclass(frozen=True)
class Result:
    """The answer to a statement; Spark works when rows are asked for."""

    dataframe: "DataFrame"
    tables: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.dataframe.columns)

    def fetch(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Return the rows, each as column -> value.

        Args:
            limit: return only that many; default: all.

        Raises:
            TooManyRowsError: no limit was given and there are more than ``ROWS``.
        """
        rows: list[dict[str, Any]] = self.arrow(limit).to_pylist()
        return rows

    def arrow(self, limit: int | None = None) -> "pa.Table":
        """Return the rows as an Arrow table, which DuckDB and Polars read as it is.

        Args:
            limit: return only that many; default: all.

        Raises:
            TooManyRowsError: no limit was given and there are more than ``ROWS``.
        """
        found = self.dataframe.limit(ROWS + 1 if limit is None else limit).toArrow()
        if limit is None and found.num_rows > ROWS:
            raise TooManyRowsError(
                f"the result has more than {ROWS:,} rows: count or group in the statement, or give limit="
            )
        return found

    def pandas(self, limit: int | None = None) -> "pd.DataFrame":
        """Return the rows as a pandas frame; see :meth:`arrow`."""
        frame: pd.DataFrame = self.arrow(limit).to_pandas()
        return frame


@dataclass
class Session:
    """One publication, by the names of its tables: ``session.sql("SELECT … FROM base.population__person")``.

    Opening one costs a look into the ledger. Spark is reached with the first statement, and the view of a table is
    made when a statement first names it.
    """

    lake: Lake
    publication: Publication
    _spark: "SparkSession | None" = None
    _views: dict[str, str] = field(default_factory=dict)

    @property
    def night(self) -> date:
        """Business date of the night it shows."""
        return self.publication.business_date

    @property
    def tables(self) -> list[str]:
        """Names of the published tables."""
        return [entry.table for entry in self.publication.entries]

    @property
    def spark(self) -> "SparkSession":
        """The Spark Connect session of this session's own."""
        if self._spark is None:
            from citylake.spark.session import open_session

            self._spark = open_session(self.lake.settings)
        return self._spark

    def sql(self, text: str, parameters: Mapping[str, Any] | None = None) -> Result:
        """Ask a question of the night.

        Args:
            text: one SELECT (also WITH …), DESCRIBE <table>, SHOW COLUMNS IN <table> or SHOW TABLES [IN <layer>].
            parameters: values of its named parameters, ``:name`` in the text; ``:business_date`` is the night's.

        Raises:
            StatementError: it is another kind of statement, or names a table that is not published.
        """
        layer = shown_layer(text)
        if layer is not None:
            return Result(self._overview(layer))
        prepared = prepare(
            text, frozenset(self.tables), self._view, {"business_date": self.night, **(parameters or {})}
        )
        for table in prepared.tables:
            self._make_view(table)
        return Result(self.spark.sql(prepared.text), prepared.tables)

    def table(self, name: str) -> Result:
        """Return a whole table; see :meth:`sql`."""
        return self.sql(f"SELECT * FROM {name}")

    def paths(self) -> dict[str, tuple[str, int]]:
        """Return URI and version of every published table, for readers other than Spark."""
        return {entry.table: (self.lake.location(entry.table), entry.version) for entry in self.publication.entries}

    def plain(self, message: str) -> str:
        """Return a message of Spark's with the tables' own names in the place of this session's views."""
        by_view = {view: table for table, view in self._views.items()}
        return _VIEW.sub(lambda found: by_view.get(found[0].strip("`"), found[0]), message)

    def close(self) -> None:
        """Give the Spark session back, if one was opened."""
        if self._spark is not None:
            self._spark.stop()
            self._spark = None
            self._views.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _view(self, table: str) -> str:
        return f"published_{table.replace('.', '_')}_at_{self._entry(table).version}"

    def _make_view(self, table: str) -> None:
        if table not in self._views:
            view = self._view(table)
            reader = self.spark.read.format("delta").option("versionAsOf", self._entry(table).version)
            reader.load(self.lake.location(table)).createOrReplaceTempView(view)
            self._views[table] = view

    def _entry(self, table: str) -> Entry:
        entry = self.publication.entry(table)
        assert entry is not None, f"{table} was looked up among the published tables"
        return entry

    def _overview(self, layer: str) -> "DataFrame":
        contracts = self.lake.catalog.contracts
        rows = [
            (entry.table, contracts[entry.table].title if entry.table in contracts else "", entry.version, entry.stale)
            for entry in self.publication.entries
            if layer in ("", entry.table.partition(".")[0])
        ]
        return self.spark.createDataFrame(rows, "`table` string, title string, version bigint, stale boolean")


def connect(night: date | str | None = None, settings: Settings | None = None) -> Session:
    """Open a session on a published night.

    Args:
        night: its business date, also as text such as ``2026-11-30``; default: the newest.
        settings: the installation; default: that of this process's environment.

    Raises:
        NotPublishedError: nothing, or not this night, is published.
        BusinessDateError: ``night`` is no date.
    """
    lake = open_lake(settings or installed())
    wanted = parse(night) if isinstance(night, str) else night
    found = publication(lake.ledger, wanted)
    if found is None:
        raise not_published(lake, wanted)
    return Session(lake, found)


def not_published(lake: Lake, wanted: date | None) -> NotPublishedError:
    """Return the error that says that nothing, or not this night, is published (any more), and what is."""
    shown = publication(lake.ledger)
    newest = shown.business_date if shown is not None else None
    if newest is None:
        return NotPublishedError(
            f"{lake.settings.home} 里尚未发布任何一晚，请先运行 make night，或用 CITYLAKE_HOME 指明数据湖在哪里 "
            f"(no night is published in {lake.settings.home}: run make night, or say with CITYLAKE_HOME where the lake is)"
        )
    ever = newest_published(lake.ledger)
    if wanted is not None and ever is not None and wanted <= ever:
        return NotPublishedError(
            f"{wanted} 没有有效的发布（未曾发布，或已撤回），最新的是 {newest} "
            f"(no publication of {wanted} stands: none was made or it was withdrawn; the newest is {newest})"
        )
    return NotPublishedError(
        f"{wanted} 尚未发布，最新发布的是 {newest} (the night of {wanted} is not published; the newest is {newest})"
    )
