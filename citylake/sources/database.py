"""Tables of a department's database, read once from top to bottom and staged as all-text Parquet."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError
from sqlalchemy.sql.elements import quoted_name

from citylake.contract.department import Department
from citylake.contract.model import CollectedContract
from citylake.settings import Settings
from citylake.sources.connection import (
    breaks_off,
    connection_url,
    is_undecodable,
    keep_undecoded,
    open_engine,
    told,
    too_long,
)
from citylake.sources.database_columns import Reading, readings
from citylake.sources.deadline import Deadline
from citylake.sources.errors import DeliveryError
from citylake.sources.limits import Limits
from citylake.sources.offer import Fetched, Offer, Rejected, as_of
from citylake.sources.parquet_form import UNREADABLE
from citylake.sources.staging import hash_of, staging
from citylake.sources.stamps import NO_YEAR, REST, Stamp, Stamps
from citylake.sources.tail import sums

BATCH_ROWS = 20_000


def fetch_database(
    contract: CollectedContract,
    settings: Settings,
    department: Department,
    business_date: date,
    watermark: str | None,
    tail: str | None,
    limits: Limits,
) -> Iterator[Offer]:
    """Yield one delivery: the rows from the watermark on, its overlap included, in the order of the key; see ``fetch``."""
    source = contract.source
    name = source.table or ""
    engine = open_engine(connection_url(contract, settings, department), department.name, limits, settings.timezone)
    try:
        with staging(settings) as stage:
            copying = _Copying(
                contract, department.name, limits, Deadline(limits.fetch_seconds), stage / "table.parquet"
            )
            rows, stamps, remarks = copying.run(
                engine, Stamps.of(contract, watermark, business_date, settings.timezone)
            )
            if rows == 0 and stamps.last is not None:
                return
            answer, again = sums(copying.target, source, stamps)
            if stamps.last is not None and answer == tail:
                return
            sha256, size = hash_of(copying.target)
            try:
                day = as_of(source.as_of, name, business_date)
            except DeliveryError as error:
                yield Rejected(name, error, copying.target, sha256, size)
                return
            yield Fetched(
                copying.target,
                name,
                day,
                sha256,
                size,
                stamps.newest.text if stamps.newest else None,
                tail=again,
                whole=stamps.last is None,
                remarks=(*remarks, *stamps.remarks()),
            )
    finally:
        engine.dispose()


@dataclass(frozen=True)
class _Copying:
    """One table on its way into a staged file."""

    contract: CollectedContract
    who: str
    limits: Limits
    deadline: Deadline
    target: Path

    def run(self, engine: sa.Engine, stamps: Stamps) -> tuple[int, Stamps, tuple[str, ...]]:
        """Write the rows; return how many there were, what their stamps came to, and what is to be said of them."""
        table = self.contract.source.table or ""
        connected = False
        try:
            with engine.connect() as connection, self.deadline.ends(breaks_off(connection)):
                connected = True
                return self._read(connection, stamps)
        except SQLAlchemyError as error:
            if self.deadline.is_over:
                raise too_long(self.who, table, self.limits) from error
            raise told(error, self.who, table, self.limits, connected=connected) from error

    def _read(self, connection: sa.Connection, stamps: Stamps) -> tuple[int, Stamps, tuple[str, ...]]:
        table, types = _table(connection, self.contract)
        columns = readings(connection, table, types, _agreed(self.contract))
        statement = _statement(table, columns, types, connection.dialect.name, self.contract, stamps.last)
        try:
            rows, remarks = self._write(connection, statement, columns, stamps)
            return rows, stamps, remarks
        except SQLAlchemyError as error:
            if not is_undecodable(error):
                raise
        # Told apart only when needed: it takes a call for every text.
        keep_undecoded(connection)
        stamps = stamps.anew()
        rows, remarks = self._write(connection, statement, columns, stamps)
        return rows, stamps, remarks

    def _write(
        self, connection: sa.Connection, statement: sa.Select[Any], columns: list[Reading], stamps: Stamps
    ) -> tuple[int, tuple[str, ...]]:
        result = connection.execution_options(stream_results=True, max_row_buffer=BATCH_ROWS).execute(statement)
        names = [column.name for column in columns]
        mark = names.index(stamps.column) if stamps.column in names else None
        schema = pa.schema([pa.field(name, pa.string()) for name in (*names, UNREADABLE)])
        rows = size = 0
        binary: Counter[str] = Counter()
        with pq.ParquetWriter(self.target, schema, compression="zstd", compression_level=1) as writer:
            for batch in result.partitions(BATCH_ROWS):
                bad: dict[int, str] = {}
                texts = []
                for column, values in zip(columns, zip(*batch, strict=True), strict=True):
                    texts.append(column.texts(values, bad))
                    binary[column.name] += column.binary(values)
                if mark is not None:
                    stamps.note(texts[mark])
                why = pa.array(
                    [bad.get(place) for place in range(len(batch))] if bad else [None] * len(batch), pa.string()
                )
                written = pa.table([*texts, why], schema=schema)
                writer.write_table(written)
                rows, size = rows + len(batch), size + written.nbytes
                self._check(size)
        said = [
            f"列“{name}”有 {count} 行存为二进制：是 UTF-8 文本的按文本读取，其余无法读取，请改为文本类型"
            for name, count in binary.items()
            if count
        ]
        return rows, tuple(said)

    def _check(self, size: int) -> None:
        table = self.contract.source.table or ""
        if self.deadline.is_over:
            raise too_long(self.who, table, self.limits)
        if size > self.limits.file_bytes:
            raise DeliveryError(
                "too_large",
                f"{self.who}的数据库表“{table}”超过 {self.limits.file_bytes >> 20} MiB，已停止，本次没有接收任何数据。"
                "请核对该表；数据确实很多的，请与数据局商定更大的上限（source.limits）。",
            )


def _agreed(contract: CollectedContract) -> Mapping[str, frozenset[str]]:
    """Return the types of the contract's columns by the source column they are taken from."""
    found: dict[str, set[str]] = {}
    for name, column in contract.columns.items():
        found.setdefault(column.source or name, set()).add(column.type.partition("(")[0])
    return {name: frozenset(types) for name, types in found.items()}


def _table(connection: sa.Connection, contract: CollectedContract) -> tuple[sa.TableClause, dict[str, Any]]:
    """Return the table and the types of the columns to read: all but the ignored ones, in the table's order."""
    schema, _, bare = (contract.source.table or "").rpartition(".")
    try:
        columns = sa.inspect(connection).get_columns(bare, schema=schema or None)
    except NoSuchTableError:
        columns = []
    # The watermark and the as-of column are read although the contract may not collect them.
    dropped = set(contract.ignore) - {contract.source.watermark, contract.source.as_of.column}
    types = {str(column["name"]): column["type"] for column in columns if column["name"] not in dropped}
    if not types:
        raise DeliveryError("no_table", f"数据库里没有表“{contract.source.table}”，或无权查看。请核对表名和授权。")
    # No types: what the driver returns is what is there; a type would refuse a wrong date with an error of its own.
    columns_of: list[sa.ColumnClause[Any]] = [sa.column(quoted_name(name, quote=True)) for name in types]
    table = sa.table(
        quoted_name(bare, quote=True), *columns_of, schema=quoted_name(schema, quote=True) if schema else None
    )
    return table, types


def _statement(
    table: sa.TableClause,
    columns: list[Reading],
    types: Mapping[str, Any],
    dialect: str,
    contract: CollectedContract,
    last: Stamp | None,
) -> sa.Select[Any]:
    key = [contract.columns[column].source or column for column in contract.key]
    statement = sa.select(*[column.expression.label(column.name) for column in columns])
    statement = statement.select_from(table).order_by(*(table.c[name] for name in key if name in types))
    mark = contract.source.watermark
    # A table without the column is read as it is: the check of its columns then says what is missing.
    if mark is None or mark not in types or last is None:
        return statement
    return statement.where(_from(table.c[mark], types[mark], dialect, last.back(contract.source.overlap)))


def _from(column: sa.ColumnElement[Any], kind: Any, dialect: str, since: Stamp) -> sa.ColumnElement[bool]:
    """Return which rows to ask for: those not before a stamp, and those whose stamp says nothing, every time."""
    unsaid: sa.ColumnElement[bool] = column.is_(None)
    text = sa.cast(column, sa.CHAR if dialect in ("mysql", "mariadb") else sa.Text)
    if dialect in ("mysql", "mariadb"):
        unsaid = sa.or_(unsaid, text < NO_YEAR)
    if dialect != "sqlite" and isinstance(kind, sa.Date | sa.DateTime | sa.Integer | sa.Numeric):
        said = sa.literal(since.value) if isinstance(since.value, int) else sa.cast(since.text, kind)
        return sa.or_(column >= said, unsaid)
    if isinstance(since.value, int):
        # Of texts, those that are no number come every time; in SQLite they follow all numbers.
        number = column if dialect == "sqlite" and not isinstance(kind, sa.String) else sa.cast(column, sa.Numeric)
        # Asked for what it must not have: databases differ in what ``$`` lets pass.
        digits = sa.and_(sa.not_(_matches(text, "[^0-9]", dialect)), sa.func.length(text).between(1, 18))
        return sa.case((digits, number >= since.value), else_=sa.true())
    alike, others = since.shape
    odd = [_matches(text, other, dialect) for other in others]
    return sa.or_(text >= since.text, sa.not_(_matches(text, alike, dialect)), *odd, text < NO_YEAR, unsaid)


def _matches(text: sa.ColumnElement[str], pattern: str, dialect: str) -> sa.ColumnElement[bool]:
    """Return whether a regular expression is found, one of those that ``Stamp.shape`` gives."""
    if dialect != "sqlite":
        return text.regexp_match(pattern)
    # SQLite's own patterns: its regular expressions are a call into Python, which a text that is no UTF-8 would end.
    glob = pattern.replace(f"{REST}*", "*") + "*"
    return text.op("GLOB", is_comparison=True)(glob[1:] if glob.startswith("^") else f"*{glob}")
