r"""Paged JSON APIs.

The protocol: ``GET <base URL>/<path>?since=&as_of=&page=&size=`` with ``Authorization: Bearer <token>`` answers
``{"items": [{…}, …], "page": n, "pages": n, "total": n}``. ``since`` is the watermark of the last accepted delivery
(left out when there is none), ``as_of`` the business date, pages count from 1, an empty answer has ``pages`` 0 or 1.
The token is the user or password part of the connection's URL: ``http://:token@host:port/base``.

Items are landed as they came, one a line, in the order of the pages.
"""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO

import httpx

from citylake.contract.department import Department
from citylake.contract.model import CollectedContract
from citylake.settings import Settings
from citylake.sources.connection import connection_url
from citylake.sources.errors import DeliveryError, UnreachableError
from citylake.sources.limits import Limits
from citylake.sources.offer import Fetched, Offer, Rejected, as_of
from citylake.sources.staging import hash_of, staging

PAGE_SIZE = 5_000
PAUSES = (0.5, 1.0, 2.0)
"""Seconds before the second, third and fourth attempt at a page."""
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_WHITE = re.compile(r"[ \t\r\n]*")
_AGAIN = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Page:
    """One page: the text of each item as it came, and its values."""

    items: tuple[tuple[str, dict[str, Any]], ...]
    page: int
    pages: int
    total: int


def fetch_api(
    contract: CollectedContract,
    settings: Settings,
    department: Department,
    business_date: date,
    watermark: str | None,
    limits: Limits,
) -> Iterator[Offer]:
    """Yield one delivery: all pages as ndjson; see ``fetch``."""
    source = contract.source
    name = source.path or ""
    since = watermark if source.watermark and contract.mode != "snapshot" else None
    request = {"as_of": business_date.isoformat(), "size": str(PAGE_SIZE), **({"since": since} if since else {})}
    with staging(settings) as stage:
        target = stage / "items.ndjson"
        with (
            _client(connection_url(contract, settings, department), department.name) as client,
            target.open("xb") as out,
        ):
            rows, newest = _copy(_Source(client, name, department.name, limits), request, source.watermark, out)
        if rows == 0 and since is not None:
            return
        sha256, size = hash_of(target)
        try:
            day = as_of(source.as_of, name, business_date)
        except DeliveryError as error:
            yield Rejected(name, error, target, sha256, size)
            return
        yield Fetched(target, name, day, sha256, size, newest if newest is not None else watermark)


@dataclass(frozen=True)
class _Source:
    client: httpx.Client
    path: str
    who: str
    limits: Limits

    def broken(self, page: int, what: str) -> UnreachableError:
        return UnreachableError(
            f"{self.who}的接口 {self.path} 第 {page} 页{what}，本次没有接收任何数据。请接口维护单位检查服务，下次采集会自动重试。"
        )

    def page(self, request: dict[str, str], number: int) -> Page:
        """Ask for one page, again after a pause when the service is down or overloaded.

        Raises:
            UnreachableError: it stayed down, refused, or answered something else.
        """
        what = "没有应答"
        for pause in (0.0, *PAUSES):
            time.sleep(pause)
            try:
                status, body = self._get({**request, "page": str(number)}, number)
            except httpx.TimeoutException:
                what = "应答超时"
            except httpx.RequestError:
                what = "连接失败或中途断开"
            else:
                if status == httpx.codes.OK:
                    return self._read(body, number)
                what = f"返回错误状态 {status}"
                if status not in _AGAIN:
                    break
        raise self.broken(number, what)

    def _get(self, request: dict[str, str], number: int) -> tuple[int, bytes]:
        with self.client.stream("GET", self.path.lstrip("/"), params=request) as response:
            body = bytearray()
            for block in response.iter_bytes():
                body += block
                if len(body) > self.limits.page_bytes:
                    raise self.broken(number, f"超过 {self.limits.page_bytes >> 20} MiB")
            return response.status_code, bytes(body)

    def _read(self, body: bytes, number: int) -> Page:
        try:
            page = read_page(body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise self.broken(number, "内容不是约定的 JSON（items、page、pages、total）") from error
        if page.page != number:
            raise self.broken(number, f"返回的却是第 {page.page} 页")
        return page


def _copy(source: _Source, request: dict[str, str], mark: str | None, out: BinaryIO) -> tuple[int, str | None]:
    """Write all pages; return the number of items and the highest watermark."""
    rows, size, newest = 0, 0, None
    first = page = source.page(request, 1)
    while True:
        if (page.pages, page.total) != (first.pages, first.total):
            raise source.broken(page.page, "的总数与第 1 页不同（读取期间数据有变动）")
        for text, item in page.items:
            line = text.encode("utf-8") + b"\n"
            size += len(line)
            out.write(line)
            newest = newer(newest, item.get(mark)) if mark else None
        rows += len(page.items)
        if size > source.limits.file_bytes:
            raise source.broken(page.page, f"累计超过 {source.limits.file_bytes >> 30} GiB")
        if page.page >= first.pages:
            break
        page = source.page(request, page.page + 1)
    if rows != first.total:
        raise source.broken(page.page, f"读完后共 {rows} 条，与声明的总数 {first.total} 条不符")
    return rows, newest


def newer(left: str | None, right: object) -> str | None:
    """Return the greater of two watermarks: by number when both are whole numbers, by text otherwise."""
    if right is None:
        return left
    text = str(right)
    if left is None:
        return text
    if left.isdigit() and text.isdigit():
        return max(left, text, key=int)
    return max(left, text)


def read_page(text: str) -> Page:
    """Read one answer, keeping the text of each item as it came (a number keeps its zeros).

    Raises:
        ValueError: it is not an answer of the protocol.
    """
    decoder = json.JSONDecoder(parse_float=str, parse_int=str)
    values: dict[str, Any] = {}
    items: list[tuple[str, dict[str, Any]]] = []
    position = _after(text, _skip(text, 0), "{")
    while text[position : position + 1] != "}":
        key, position = decoder.raw_decode(text, position)
        position = _after(text, _skip(text, position), ":")
        if key == "items":
            items, position = _items(decoder, text, position)
        else:
            values[key], position = decoder.raw_decode(text, position)
        position = _skip(text, position)
        if text[position : position + 1] != "}":
            position = _after(text, position, ",")
    if _skip(text, position + 1) != len(text):
        raise ValueError("text after the answer")
    numbers = [values.get(name) for name in ("page", "pages", "total")]
    if not all(isinstance(number, str) and number.isdigit() for number in numbers):
        raise ValueError("page, pages, total must be numbers")
    return Page(tuple(items), *(int(str(number)) for number in numbers))


def _items(decoder: json.JSONDecoder, text: str, position: int) -> tuple[list[tuple[str, dict[str, Any]]], int]:
    items: list[tuple[str, dict[str, Any]]] = []
    position = _after(text, position, "[")
    while text[position : position + 1] != "]":
        item, end = decoder.raw_decode(text, position)
        if not isinstance(item, dict):
            raise ValueError("an item is no object")
        raw = text[position:end]
        # A line break inside an item can only stand between its parts.
        items.append((raw.replace("\r", " ").replace("\n", " "), item))
        position = _skip(text, end)
        if text[position : position + 1] != "]":
            position = _after(text, position, ",")
    return items, position + 1


def _skip(text: str, position: int) -> int:
    match = _WHITE.match(text, position)
    return match.end() if match else position


def _after(text: str, position: int, sign: str) -> int:
    if text[position : position + 1] != sign:
        raise ValueError(f"expected {sign}")
    return _skip(text, position + 1)


def _client(url: str, who: str) -> httpx.Client:
    try:
        base = httpx.URL(url)
        token = base.password or base.username
        headers = {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        plain = base.copy_with(username=None, password=None)
        # trust_env: a proxy or .netrc of the machine has no say in a call inside the city's network.
        return httpx.Client(base_url=plain, headers=headers, timeout=TIMEOUT, follow_redirects=False, trust_env=False)
    except (httpx.InvalidURL, ValueError) as error:
        raise UnreachableError(f"{who}的接口地址无法使用。请平台管理员检查连接配置。") from error
