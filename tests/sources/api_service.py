"""An API over real HTTP to try, and what is taken from it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from citylake.contract.department import Department
from citylake.contract.model import CollectedContract
from citylake.settings import Settings
from citylake.sources import api_client
from citylake.sources.fetch import fetch
from citylake.sources.offer import Offer
from tests.sources.conftest import BUSINESS_DATE

Make = Callable[..., CollectedContract]
ITEMS = [
    f'{{"BH": "{number}", "XM": "甲", "JE": {number}.50, "GX": "2026-11-{number % 20 + 1:02d}"}}'
    for number in range(1, 26)
]


class Service(ThreadingHTTPServer):
    """Ten items a page; ``answer`` may be replaced."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, dict[str, str], str | None]] = []
        self.answer: Callable[[int, dict[str, str]], tuple[int, str]] = self.pages
        self.items = list(ITEMS)
        self.more_headers: dict[str, str] = {}
        self.drips = ""
        """``head`` or ``body``: that part comes a byte now and then."""

    def pages(self, page: int, query: dict[str, str]) -> tuple[int, str]:
        items = [item for item in self.items if json.loads(item)["GX"] >= query.get("since", "")]
        shown = ",\n ".join(items[(page - 1) * 10 : page * 10])
        return (
            200,
            f'{{"page": {page}, "pages": {-(-len(items) // 10)}, "more": {{"x": [1]}}, "items": [{shown}], "total": {len(items)}}}',
        )


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Service)
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.server.asked.append((parts.path, query, self.headers.get("Authorization")))
        status, text = self.server.answer(int(query.get("page", "0")), query)
        body = text.encode("utf-8", "surrogateescape")
        if status == 0:
            self.connection.close()
            return
        if self.server.drips == "head":
            self._drip(b"HTTP/1.0 200 OK\r\nX-Waiting: " + b"x" * 200)
            return
        self.send_response(status)
        for name, value in self.server.more_headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) * (2 if status == 206 else 1)))
        self.end_headers()
        if self.server.drips == "body":
            self._drip(body)
            return
        self.wfile.write(body)

    def _drip(self, data: bytes) -> None:
        for byte in data:
            try:
                self.connection.sendall(bytes([byte]))
            except OSError:
                return
            time.sleep(0.1)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("CITYLAKE_CONNECTION_CIVIL_AFFAIRS", f"http://:token-1@127.0.0.1:{server.server_port}/base")
    monkeypatch.setattr(api_client, "PAUSES", (0.01, 0.01, 0.01))
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


SOURCE = {"path": "/thing", "watermark": "GX"}


def offers(contract: CollectedContract, lake: Settings, office: Department, **more: Any) -> list[tuple[Offer, bytes]]:
    return [
        (item, item.path.read_bytes() if item.path else b"")
        for item in fetch(contract, lake, office, BUSINESS_DATE, **more)
    ]
