"""The paged JSON API of the departments that deliver by one, as the city runs it: ``python -m city.delivery.api --home …``."""

import argparse
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response
from sqlalchemy import Connection, Engine, MetaData, Select, func, select

from city.delivery.databases import api_table, engine, store
from city.delivery.deliver import CityError, load_state, set_connections
from city.kit.layouts import departments, layouts
from citylake.settings import Settings

MOST = 5000
"""Rows of a page at most."""
FAULT = "api_fault.json"
"""File in the city's folder: ``{"path": "visits", "after_rows": 2000}`` makes the API answer 500 from that row on."""


def make_app(settings: Settings) -> FastAPI:
    """Return the API over the stores of the departments.

    ``GET /<path>?since=&as_of=&page=&size=`` answers ``{"page", "pages", "total", "items"}``: rows changed at ``since`` or later
    (``yyyy-MM-dd HH:mm:ss``), known by ``as_of`` (``yyyy-MM-dd``), in order of change; pages count from 1. Every call needs
    ``Authorization: Bearer <token>``.

    Args:
        settings: the installation.
    """
    app = FastAPI(title="部门数据接口", docs_url=None, redoc_url=None)
    stores = {name: engine(store(settings, name)) for name in departments("json_api")}
    served = _served()
    token = api_token(settings)

    def authorised(authorization: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "令牌无效")

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/{path:path}", dependencies=[Depends(authorised)])
    def rows(
        path: str,
        since: str | None = None,
        as_of: date | None = None,
        page: Annotated[int, Query(ge=1)] = 1,
        size: Annotated[int, Query(ge=1, le=MOST)] = 1000,
    ) -> Response:
        if path not in served:
            raise HTTPException(404, "没有这个接口")
        fault = _fault(settings)
        if fault.get("path") == path and page * size > int(fault.get("after_rows", 0)):
            raise HTTPException(500, "数据库连接中断")
        department, table = served[path]
        answer = _page(settings, stores[department], _Request(table, since, as_of, page, size))
        return Response(answer, media_type="application/json")

    return app


def _served() -> dict[str, tuple[str, str]]:
    """Return path -> department and the table behind the path.

    Raises:
        CityError: two departments have one path.
    """
    found: dict[str, tuple[str, str]] = {}
    for name, item in layouts().items():
        if item.form == "json_api":
            path, department = str(item.contract.source.path).strip("/"), name.split(".")[0]
            if path in found:
                raise CityError(
                    f"schemas/clean/{name.replace('.', '/')}.yml: the path /{path} is taken: choose another"
                )
            found[path] = (department, item.table)
    return found


@dataclass(frozen=True)
class _Request:
    table: str
    since: str | None
    as_of: date | None
    page: int
    size: int


def _page(settings: Settings, store: Engine, request: _Request) -> str:
    """Return one page as JSON text; pages of one request neither overlap nor leave gaps."""
    state = load_state(settings)
    if state is None:
        return json.dumps({"page": request.page, "pages": 0, "total": 0, "items": []})
    day = state.through if request.as_of is None else min((request.as_of - state.start).days, state.through)
    table = api_table(MetaData(), request.table)
    known = table.c.day <= day
    first = (request.page - 1) * request.size
    rows = select(table.c.body).order_by(table.c.seq)
    if request.since:
        known &= table.c.updated >= request.since
        rows = rows.where(known).offset(first).limit(request.size)
    else:
        # rows are numbered without gaps, so that a late page costs no more than an early one
        rows = rows.where(known, table.c.seq > first, table.c.seq <= first + request.size)
    with store.connect() as connection:
        total = _total(connection, select(func.count()).select_from(table).where(known), (request, day))
        bodies = connection.execute(rows).scalars().all()
    pages = -(-total // request.size)
    return f'{{"page":{request.page},"pages":{pages},"total":{total},"items":[{",".join(bodies)}]}}'


_TOTALS: dict[tuple[str, str | None, int, str], int] = {}


def _total(connection: Connection, query: Select[Any], asked: tuple[_Request, int]) -> int:
    """Count once per request: the first page counts, later pages of a date that is closed reuse it."""
    request, day = asked
    key = (request.table, request.since, day, str(connection.engine.url))
    if request.page == 1 or key not in _TOTALS:
        _TOTALS[key] = int(connection.execute(query).scalar_one())
    return _TOTALS[key]


def _fault(settings: Settings) -> dict[str, Any]:
    path = settings.home / "city" / FAULT
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def api_token(settings: Settings) -> str:
    """Return the API's token, made once in the secrets folder."""
    path = settings.secrets / "health.token"
    if not path.exists():
        settings.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text("ascii").strip()


@contextmanager
def listening(settings: Settings, port: int = 0) -> Iterator[tuple[uvicorn.Server, socket.socket]]:
    """Bind the API to a free port of this machine and tell the lake, for every department that delivers by it.

    Args:
        settings: the installation; its ``secrets/connections.yml`` is written.
        port: a fixed port; 0 takes a free one.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    number = bound.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(make_app(settings), log_level="warning"))
    url = f"http://:{api_token(settings)}@127.0.0.1:{number}"
    set_connections(settings, dict.fromkeys(departments("json_api"), url))
    try:
        yield server, bound
    finally:
        bound.close()


def serve(settings: Settings, port: int = 0) -> None:
    """Serve until the process is told to stop."""
    with listening(settings, port) as (server, bound):
        server.run(sockets=[bound])


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="部门数据接口（演示城市）")
    parser.add_argument("--home", type=Path, help="CITYLAKE_HOME")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    serve(Settings(home=arguments.home) if arguments.home else Settings(), arguments.port)


if __name__ == "__main__":
    main()
