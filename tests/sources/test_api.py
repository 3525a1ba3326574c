"""A paged API over real HTTP, in good and bad health."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from citylake.contract.department import Department
from citylake.contract.model import CollectedContract
from citylake.settings import Settings
from citylake.sources import api
from citylake.sources.api import newer, read_page
from citylake.sources.errors import UnreachableError
from citylake.sources.fetch import fetch
from citylake.sources.limits import Limits
from citylake.sources.offer import Fetched, Offer
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

    def pages(self, page: int, query: dict[str, str]) -> tuple[int, str]:
        items = [item for item in ITEMS if json.loads(item)["GX"] > query.get("since", "")]
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
        status, text = self.server.answer(int(query["page"]), query)
        body = text.encode()
        if status == 0:
            self.connection.close()
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) * (2 if status == 206 else 1)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("CITYLAKE_CONNECTION_CIVIL_AFFAIRS", f"http://:token-1@127.0.0.1:{server.server_port}/base")
    monkeypatch.setattr(api, "PAUSES", (0.01, 0.01, 0.01))
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


def test_all_pages_are_landed_one_item_a_line_as_they_came(
    lake: Settings, office: Department, service: Service, make: Make
) -> None:
    ((offer, data),) = offers(make("json_api", source=SOURCE), lake, office)
    assert isinstance(offer, Fetched)
    assert data.decode() == "".join(item + "\n" for item in ITEMS)
    assert (offer.as_of, offer.watermark, offer.name) == (BUSINESS_DATE, "2026-11-20", "/thing")
    assert [path for path, _, _ in service.asked] == ["/base/thing"] * 3
    assert {token for _, _, token in service.asked} == {"Bearer token-1"}
    assert service.asked[1][1] == {"page": "2", "size": str(api.PAGE_SIZE), "as_of": "2026-11-22"}


def test_only_what_is_newer_than_the_watermark_is_asked_for(
    lake: Settings, office: Department, service: Service, make: Make
) -> None:
    contract = make("json_api", mode="event", source=SOURCE)
    ((offer, data),) = offers(contract, lake, office, watermark="2026-11-19")
    assert isinstance(offer, Fetched)
    assert (data.count(b"\n"), offer.watermark) == (1, "2026-11-20")
    assert offers(contract, lake, office, watermark="2026-11-20") == []


def test_an_api_that_is_briefly_down_is_asked_again(
    lake: Settings, office: Department, service: Service, make: Make
) -> None:
    failures = iter([503, 500, 0])

    def shaky(page: int, query: dict[str, str]) -> tuple[int, str]:
        status = next(failures, 200) if page == 2 else 200
        return (status, "no") if status != 200 else service.pages(page, query)

    service.answer = shaky
    assert offers(make("json_api", source=SOURCE), lake, office)[0][1].count(b"\n") == 25


def _after_two(status: int, text: str) -> Callable[[Service], Callable[[int, dict[str, str]], tuple[int, str]]]:
    return lambda service: lambda page, query: (status, text) if page == 3 else service.pages(page, query)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (_after_two(500, "secret 1"), "状态 500"),
        (_after_two(403, "secret 2"), "状态 403"),
        (_after_two(302, ""), "状态 302"),
        (_after_two(0, ""), "中途断开"),
        (_after_two(200, '{"items": [{"BH": 1'), "不是约定的 JSON"),
        (_after_two(200, '{"items": [1], "page": 3, "pages": 3, "total": 25}'), "不是约定的 JSON"),
        (_after_two(200, "[" * 100_000), "不是约定的 JSON"),
        (_after_two(200, '{"items": [], "page": 3, "pages": 3, "total": 25}'), "共 20 条"),
        (_after_two(200, '{"items": [], "page": 3, "pages": 3, "total": 26}'), "数据有变动"),
        (_after_two(200, '{"items": [], "page": 2, "pages": 3, "total": 25}'), "返回的却是第 2 页"),
        (_after_two(200, "x" * 5_000_000), "超过 2 MiB"),
    ],
)
def test_an_api_that_fails_half_way_gives_nothing(
    lake: Settings, office: Department, service: Service, make: Make, broken: Any, says: str
) -> None:
    service.answer = broken(service)
    with pytest.raises(UnreachableError) as caught:
        offers(make("json_api", source=SOURCE), lake, office, limits=Limits(page_bytes=2 << 20))
    assert says in caught.value.message
    assert "第 3 页" in caught.value.message or "第 2 页" in caught.value.message
    assert "secret" not in caught.value.message
    assert not list((lake.run / "staging").iterdir())


def test_an_api_that_is_not_there_is_unreachable(
    lake: Settings, office: Department, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "PAUSES", (0.01,))
    monkeypatch.setenv("CITYLAKE_CONNECTION_CIVIL_AFFAIRS", "http://:hunter2@127.0.0.1:1")
    with pytest.raises(UnreachableError, match="连接失败") as caught:
        offers(make("json_api", source=SOURCE), lake, office)
    assert "hunter2" not in caught.value.message


def test_no_items_at_all_are_a_delivery_unless_there_was_a_watermark(
    lake: Settings, office: Department, service: Service, make: Make
) -> None:
    service.answer = lambda page, query: (200, '{"items":[],"page":1,"pages":0,"total":0}')
    assert offers(make("json_api", mode="event", source=SOURCE), lake, office)[0][1] == b""
    assert offers(make("json_api", mode="event", source=SOURCE), lake, office, watermark="x") == []


def test_items_keep_their_text_and_lose_only_line_breaks() -> None:
    page = read_page('{ "items" : [ {"a": 1.50,\n "b": "x\\ny"} ,{} ] , "pages":1,"page":1,"total":2 }\n')
    assert [text for text, _ in page.items] == ['{"a": 1.50,  "b": "x\\ny"}', "{}"]


def test_watermarks_are_compared_as_numbers_when_they_are_numbers() -> None:
    assert newer("9", 10) == "10"
    assert newer("2026-11-09", "2026-11-10") == "2026-11-10"
    assert newer("9", None) == "9"
