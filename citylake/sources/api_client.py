"""Asking an API over HTTP: again when it is down for a moment, never for longer or slower than agreed."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import httpx

from citylake.sources.deadline import Deadline
from citylake.sources.errors import DeliveryError, UnreachableError
from citylake.sources.limits import Limits

PAUSES = (0.5, 1.0, 2.0)
"""Seconds before the second, third and fourth attempt at a page."""
LONGEST_PAUSE = 60.0
"""Seconds that an API may ask us to wait (Retry-After); what is more counts as this."""
RATE_AFTER = 10.0
"""Seconds of an answer after which its rate counts."""
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
ANSWER_SECONDS = 60.0
"""Until the head of an answer is there; each single byte of it may take no longer than the timeout."""
_AGAIN = frozenset({429, 500, 502, 503, 504})


class Asking:
    """One API while it is read; everything ends at the deadline."""

    def __init__(self, url: str, path: str, who: str, limits: Limits) -> None:
        self.path, self.who, self.limits = path, who, limits
        self.deadline = Deadline(limits.fetch_seconds)
        self._client = _client(url, who)
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()

    def refused(self, code: str, page: int, what: str) -> DeliveryError:
        """Return what is said when the API answers, but not so that it can be taken."""
        return DeliveryError(
            code, f"{self.who}的接口 {self.path} 第 {page} 页{what}，本次没有接收任何数据。请接口维护单位检查服务。"
        )

    def page(self, request: Mapping[str, str], number: int) -> bytes:
        """Return the body of one page.

        Raises:
            UnreachableError: nobody answers, or the service is down.
            DeliveryError: it answers with something else, too much, or too slowly.
        """
        what, asked = "没有应答", 0.0
        for pause in (0.0, *PAUSES):
            self._wait(max(pause, asked), number)
            try:
                status, asked, body = self._runner.run(self._in_time(request, number))
            except httpx.TimeoutException:
                what, asked = "应答超时", 0.0
            except httpx.RequestError:
                what, asked = "连接失败或中途断开", 0.0
            else:
                if status == httpx.codes.OK:
                    return body
                what = f"返回错误状态 {status}"
                if status not in _AGAIN:
                    raise self.refused("status", number, what)
        raise UnreachableError(
            f"{self.who}的接口 {self.path} 第 {number} 页{what}，本次没有接收任何数据。请接口维护单位检查服务，下次采集会自动重试。"
        )

    def _wait(self, seconds: float, number: int) -> None:
        if seconds >= self.deadline.left:
            raise self._too_long(number)
        time.sleep(seconds)

    def _too_long(self, number: int) -> DeliveryError:
        return DeliveryError(
            "deadline",
            f"{self.who}的接口 {self.path} 在 {self.deadline.seconds} 秒内没有读完（停在第 {number} 页），已停止，本次没有接收任何数据。"
            "请接口维护单位检查服务；数据确实很多的，请与数据局商定更长的时限（source.limits）。",
        )

    async def _in_time(self, request: Mapping[str, str], number: int) -> tuple[int, float, bytes]:
        try:
            async with asyncio.timeout(self.deadline.left):
                return await self._get(request, number)
        except TimeoutError as error:
            raise self._too_long(number) from error

    async def _get(self, request: Mapping[str, str], number: int) -> tuple[int, float, bytes]:
        call = self._client.build_request("GET", self.path.lstrip("/"), params=dict(request))
        try:
            # A head that comes byte by byte keeps every single wait short.
            async with asyncio.timeout(min(ANSWER_SECONDS, self.deadline.left)):
                response = await self._client.send(call, stream=True)
        except TimeoutError as error:
            if self.deadline.is_over:
                raise
            raise httpx.ReadTimeout("the head of the answer did not come", request=call) from error
        try:
            return response.status_code, retry_after(response.headers), await self._body(response, number)
        finally:
            await response.aclose()

    async def _body(self, response: httpx.Response, number: int) -> bytes:
        body, began, came = bytearray(), time.monotonic(), 0
        async for block in response.aiter_bytes():
            body += block
            if len(body) > self.limits.page_bytes:
                raise self.refused("too_large", number, f"超过 {self.limits.page_bytes >> 20} MiB")
            came, elapsed = response.num_bytes_downloaded, time.monotonic() - began
            if elapsed > RATE_AFTER and came < elapsed * self.limits.bytes_per_second:
                raise self.refused("slow", number, f"传输太慢（每秒不到 {self.limits.bytes_per_second} 字节），已停止")
        return bytes(body)


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds that an answer asks to wait, by number or by date, never more than ``LONGEST_PAUSE``; 0 when it does not."""
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said[:9]), LONGEST_PAUSE)
    try:
        moment = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return 0.0
    away = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.now(UTC)
    return min(max(0.0, away.total_seconds()), LONGEST_PAUSE)


def _client(url: str, who: str) -> httpx.AsyncClient:
    try:
        base = httpx.URL(url)
        token = base.password or base.username
        headers = {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        plain = base.copy_with(username=None, password=None)
        # trust_env: a proxy or .netrc of the machine has no say in a call inside the city's network.
        return httpx.AsyncClient(
            base_url=plain, headers=headers, timeout=TIMEOUT, follow_redirects=False, trust_env=False
        )
    except (httpx.InvalidURL, ValueError) as error:
        raise UnreachableError(f"{who}的接口地址无法使用。请平台管理员检查连接配置。") from error
