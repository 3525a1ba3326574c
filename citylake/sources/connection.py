"""Connections to departments' databases: read only, with an end to all waiting, and errors told by what they mean."""

import re
import socket
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from citylake.contract.department import Department
from citylake.contract.model import CollectedContract
from citylake.settings import Settings, UnknownConnectionError
from citylake.sources.database_columns import Undecoded
from citylake.sources.errors import DeliveryError, UnreachableError
from citylake.sources.limits import Limits

CONNECT_SECONDS = 10
_LOCKED = {"55P03", "1205", "3572", "SQLITE_BUSY", "SQLITE_LOCKED"}
_TOO_LONG = {"57014", "3024", "1969", "1317", "SQLITE_INTERRUPT"}
_FORBIDDEN = {"42501", "1142", "1143", "SQLITE_AUTH"}
_LOST = "|08...|57P..|53...|2...|1040|1053"
_GONE = {"SQLITE_CANTOPEN", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR"}


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


def open_engine(url: str, who: str, limits: Limits, zone: str) -> sa.Engine:
    """Return an engine whose connections read only and wait for nothing longer than the limits say.

    Raises:
        UnreachableError: the address cannot be used.
    """
    try:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            return _sqlite(parsed, who, limits)
        arguments = _ARGUMENTS[backend](limits, zone) if backend in _ARGUMENTS else {}
        return sa.create_engine(parsed, connect_args=arguments, poolclass=sa.pool.NullPool)
    except (SQLAlchemyError, ImportError) as error:
        raise UnreachableError(
            f"{who}的数据库连接地址无法使用（{type(error).__name__}）。请平台管理员检查连接配置。"
        ) from error


def _postgresql(limits: Limits, zone: str) -> dict[str, Any]:
    said = {
        "default_transaction_read_only": "on",
        "statement_timeout": f"{limits.fetch_seconds}s",
        "lock_timeout": f"{limits.lock_seconds}s",
        "TimeZone": zone,
        "DateStyle": "ISO",
        "extra_float_digits": "1",
    }
    return {
        "connect_timeout": CONNECT_SECONDS,
        "options": " ".join(f"-c {name}={value}" for name, value in said.items()),
        "keepalives_idle": 30,
        "keepalives_count": 4,
    }


def _mysql(limits: Limits, zone: str) -> dict[str, Any]:
    return {
        "connect_timeout": CONNECT_SECONDS,
        "init_command": (
            f"SET SESSION lock_wait_timeout = {limits.lock_seconds}, "
            f"SESSION innodb_lock_wait_timeout = {limits.lock_seconds}, SESSION time_zone = '{_offset(zone)}'"
        ),
    }


def _offset(zone: str) -> str:
    """Return a zone as an offset: a server may know no names of zones."""
    said = datetime.now(ZoneInfo(zone)).strftime("%z")
    return f"{said[:3]}:{said[3:]}"


_ARGUMENTS: dict[str, Callable[[Limits, str], dict[str, Any]]] = {
    "postgresql": _postgresql,
    "mysql": _mysql,
    "mariadb": _mysql,
}


def _sqlite(url: sa.URL, who: str, limits: Limits) -> sa.Engine:
    """SQLite opened for reading only: opened otherwise, a missing file would be created, empty."""
    path = Path(url.database or "")
    if not path.is_file():
        raise UnreachableError(f"{who}的数据库文件不存在或不可读。请平台管理员检查连接配置。")
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    wait = min(limits.lock_seconds, CONNECT_SECONDS)
    return sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(address, uri=True, timeout=wait, check_same_thread=False),
        poolclass=sa.pool.NullPool,
    )


def keep_undecoded(connection: sa.Connection) -> None:
    """Have a SQLite connection give texts that are no UTF-8 as they are, instead of ending the reading."""

    def told(data: bytes) -> str | Undecoded:
        try:
            return data.decode()
        except UnicodeDecodeError:
            return Undecoded(data)

    _driver(connection).text_factory = told


def is_undecodable(error: Exception) -> bool:
    """Return whether a reading of SQLite ended at a text that is no UTF-8."""
    return isinstance(error, DBAPIError) and str(error.orig).startswith("Could not decode to UTF-8")


def breaks_off(connection: sa.Connection) -> Callable[[], None]:
    """Return what ends a connection's waiting from another thread, whatever its driver waits for."""
    driver = _driver(connection)
    if isinstance(driver, sqlite3.Connection):
        return driver.interrupt
    if callable(number := getattr(driver, "fileno", None)):
        return lambda: _hang_up(number())
    held = getattr(driver, "_sock", None)
    return (lambda: _hang_up(held.fileno())) if held is not None else (lambda: None)


def _hang_up(number: int) -> None:
    with socket.socket(fileno=socket.dup(number)) as held:
        held.shutdown(socket.SHUT_RDWR)


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection


def told(error: SQLAlchemyError, who: str, table: str, limits: Limits, *, connected: bool) -> Exception:
    """Return a database's error as what the department is told: who could be reached is never called unreachable.

    The driver's own text may hold passwords or values and is never repeated.
    """
    code, name = _code(error), type(error).__name__
    place = f"{who}的数据库（表 {table}）"
    if code in _LOCKED:
        return DeliveryError(
            "locked",
            f"{place}被别的作业锁住，等了 {limits.lock_seconds} 秒仍不能读，本次没有接收任何数据。请数据库维护单位避开采集时间。",
        )
    if code in _TOO_LONG:
        return too_long(who, table, limits)
    if code in _FORBIDDEN:
        return DeliveryError("forbidden", f"{place}无权查看。请数据库维护单位给采集账号授予只读权限。")
    if not connected or _is_lost(error, code):
        return UnreachableError(
            f"{place}连接不上或中途断开（{name}），本次没有接收任何数据。"
            "请检查数据库是否开启、网络是否可达，下次采集会自动重试。"
        )
    return DeliveryError(
        "query",
        f"{place}能连上，但读取出错（{name} {code}），本次没有接收任何数据。请数据库维护单位与平台管理员一同检查该表。",
    )


def _is_lost(error: SQLAlchemyError, code: str) -> bool:
    if code in _GONE or getattr(error, "connection_invalidated", False):
        return True
    return type(error).__name__ in ("OperationalError", "InterfaceError") and re.fullmatch(_LOST, code) is not None


def too_long(who: str, table: str, limits: Limits) -> DeliveryError:
    """Return what is said when the deadline came first."""
    return DeliveryError(
        "deadline",
        f"{who}的数据库（表 {table}）在 {limits.fetch_seconds} 秒内没有读完，已停止，本次没有接收任何数据。"
        "请数据库维护单位检查负载和索引；数据确实很多的，请与数据局商定更长的时限（source.limits）。",
    )


def _code(error: SQLAlchemyError) -> str:
    """Return what the database calls an error: an SQLSTATE, a number, or SQLite's name without its refinement."""
    origin = getattr(error, "orig", None)
    number = origin.args[0] if origin is not None and origin.args and isinstance(origin.args[0], int) else None
    said = (
        getattr(origin, "sqlite_errorname", None),
        getattr(origin, "pgcode", None),
        number,
        getattr(origin, "sqlstate", None),
    )
    return "_".join(str(next((code for code in said if code is not None), "")).split("_")[:2])
