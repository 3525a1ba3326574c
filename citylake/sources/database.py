"""Tables of a department's database, read once from top to bottom and staged as all-text Parquet."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError
from sqlalchemy.sql.elements import quoted_name

from citylake.contract.department import Department
from citylake.contract.model import CollectedContract
from citylake.settings import Settings, UnknownConnectionError
from citylake.sources.errors import DeliveryError, UnreachableError
from citylake.sources.offer import Fetched, Offer, Rejected, as_of
from citylake.sources.staging import hash_of, staging
from citylake.sources.values import cell_text

BATCH_ROWS = 20_000
CONNECT_SECONDS = 10


def fetch_database(
    contract: CollectedContract, settings: Settings, department: Department, business_date: date, watermark: str | None
) -> Iterator[Offer]:
    """Yield one delivery: the rows newer than the watermark, in the order of the key; see ``fetch``."""
    source = contract.source
    name = source.table or ""
    engine = _engine(connection_url(contract, settings, department), department.name)
    try:
        with staging(settings) as stage:
            target = stage / "table.parquet"
            rows, newest = _copy(engine, contract, watermark, target, department.name)
            if rows == 0 and _since(contract, watermark) is not None:
                return
            sha256, size = hash_of(target)
            try:
                day = as_of(source.as_of, name, business_date)
            except DeliveryError as error:
                yield Rejected(name, error, target, sha256, size)
                return
            yield Fetched(target, name, day, sha256, size, newest)
    finally:
        engine.dispose()


def connection_url(contract: CollectedContract, settings: Settings, department: Department) -> str:
    """Return the URL of a contract's database or API.

    Raises:
        UnreachableError: nobody configured it.
    """
    name = contract.source.connection or department.connection or department.id
    try:
        return settings.connection(name)
    except UnknownConnectionError as error:
        raise UnreachableError(
            f"{department.name}的连接“{name}”没有配置。请平台管理员在 secrets/connections.yml 中登记。"
        ) from error


def _since(contract: CollectedContract, watermark: str | None) -> str | None:
    return watermark if contract.source.watermark and contract.mode != "snapshot" else None


def _engine(url: str, who: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(parsed, who)
        arguments: dict[str, Any] = {}
        if parsed.get_backend_name() in ("postgresql", "mysql", "mariadb"):
            arguments["connect_timeout"] = CONNECT_SECONDS
        if parsed.get_backend_name() == "postgresql":
            arguments |= {
                "options": "-c default_transaction_read_only=on",
                "keepalives_idle": 30,
                "keepalives_count": 4,
            }
        return sa.create_engine(parsed, connect_args=arguments, poolclass=sa.pool.NullPool)
    except (SQLAlchemyError, ImportError) as error:
        raise UnreachableError(
            f"{who}的数据库连接地址无法使用（{type(error).__name__}）。请平台管理员检查连接配置。"
        ) from error


def _sqlite(url: sa.URL, who: str) -> sa.Engine:
    """SQLite opened for reading only: opened otherwise, a missing file would be created, empty."""
    path = Path(url.database or "")
    if not path.is_file():
        raise UnreachableError(f"{who}的数据库文件不存在或不可读。请平台管理员检查连接配置。")
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    return sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(address, uri=True, timeout=CONNECT_SECONDS, check_same_thread=False),
        poolclass=sa.pool.NullPool,
    )


def _copy(
    engine: sa.Engine, contract: CollectedContract, watermark: str | None, target: Path, who: str
) -> tuple[int, str | None]:
    """Write the rows to ``target``; return how many there were and the highest watermark."""
    try:
        with engine.connect() as connection:
            table, names = _table(connection, contract)
            statement, mark = _statement(table, names, contract, _since(contract, watermark))
            result = connection.execution_options(stream_results=True, max_row_buffer=BATCH_ROWS).execute(statement)
            return _write(result, names, mark, target, watermark)
    except SQLAlchemyError as error:
        # The driver's own text may hold passwords or values.
        raise UnreachableError(
            f"{who}的数据库（表 {contract.source.table}）连接不上或中途断开（{type(error).__name__}），本次没有接收任何数据。"
            "请检查数据库是否开启、网络是否可达，下次采集会自动重试。"
        ) from error


def _table(connection: sa.Connection, contract: CollectedContract) -> tuple[sa.TableClause, list[str]]:
    """Return the table and the columns to read: all but the ignored ones, in the table's order."""
    schema, _, bare = (contract.source.table or "").rpartition(".")
    try:
        columns = sa.inspect(connection).get_columns(bare, schema=schema or None)
    except NoSuchTableError:
        columns = []
    # The watermark and the as-of column are read although the contract may not collect them.
    dropped = set(contract.ignore) - {contract.source.watermark, contract.source.as_of.column}
    names = [str(column["name"]) for column in columns if column["name"] not in dropped]
    if not names:
        raise DeliveryError("no_table", f"数据库里没有表“{contract.source.table}”，或无权查看。请核对表名和授权。")
    # No types: what the driver returns is what is there; a type would refuse a wrong date with an error of its own.
    columns_of: list[sa.ColumnClause[Any]] = [sa.column(quoted_name(name, quote=True)) for name in names]
    return sa.table(
        quoted_name(bare, quote=True), *columns_of, schema=quoted_name(schema, quote=True) if schema else None
    ), names


def _statement(
    table: sa.TableClause, names: Sequence[str], contract: CollectedContract, since: str | None
) -> tuple[sa.Select[Any], int | None]:
    key = [contract.columns[column].source or column for column in contract.key]
    statement = sa.select(*table.c).order_by(*(table.c[name] for name in key if name in names))
    mark = contract.source.watermark
    # A table without the column is read as it is: the check of its columns then says what is missing.
    if mark is None or mark not in names:
        return statement, None
    return (statement.where(table.c[mark] > since) if since is not None else statement), names.index(mark)


def _write(
    result: sa.CursorResult[Any], names: Sequence[str], mark: int | None, target: Path, watermark: str | None
) -> tuple[int, str | None]:
    schema = pa.schema([pa.field(name, pa.string()) for name in names])
    rows, newest = 0, None
    with pq.ParquetWriter(target, schema, compression="zstd", compression_level=1) as writer:
        for batch in result.partitions(BATCH_ROWS):
            columns = list(zip(*batch, strict=True))
            if mark is not None:
                newest = max((value for value in (newest, *columns[mark]) if value is not None), default=None)
            writer.write_table(pa.table([_texts(values) for values in columns], schema=schema))
            rows += len(batch)
    return rows, cell_text(newest) if newest is not None else watermark


def _texts(values: Sequence[object]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowException, TypeError):
        return pa.array([cell_text(value) for value in values], pa.string())
