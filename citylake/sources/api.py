r"""Paged JSON APIs.

The protocol: ``GET <base URL>/<path>?since=&as_of=&page=&size=`` with ``Authorization: Bearer <token>`` answers
``{"items": [{…}, …], "page": n, "pages": n, "total": n}``: rows changed at ``since`` or later (left out when everything
is asked for), known by ``as_of``, the business date; pages count from 1, an empty answer has ``pages`` 0 or 1. Where the
contract names a ``cursor``, an item's key, ``after=<key of the last item>`` stands in place of ``page``, items come in the
order of that key, and an answer whose ``items`` is empty is the end.
The token is the user or password part of the connection's URL: ``http://:token@host:port/base``.

Numbered pages shift when rows come or go while they are read, or have no fixed order. More than one page is therefore read
again until two readings agree that show no item on two pages. Items are landed as they came, one a line.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from citylake.contract.department import Department
from citylake.contract.model import CollectedContract
from citylake.settings import Settings
from citylake.sources.api_client import Asking
from citylake.sources.api_page import Page, read_page
from citylake.sources.connection import connection_url
from citylake.sources.errors import DeliveryError
from citylake.sources.limits import Limits
from citylake.sources.offer import Fetched, Offer, Rejected, as_of
from citylake.sources.staging import hash_of, staging
from citylake.sources.stamps import Stamps
from citylake.sources.tail import sums

PAGE_SIZE = 5_000
READINGS = 4
"""Times that all pages are read at most, until two readings agree."""
_REPEATS = "有同一条记录出现在两页上"


def fetch_api(
    contract: CollectedContract,
    settings: Settings,
    department: Department,
    business_date: date,
    watermark: str | None,
    tail: str | None,
    limits: Limits,
) -> Iterator[Offer]:
    """Yield one delivery: all pages as ndjson; see ``fetch``."""
    source = contract.source
    name = source.path or ""
    stamps = Stamps.of(contract, watermark, business_date, settings.timezone)
    request = {"as_of": business_date.isoformat(), "size": str(PAGE_SIZE)}
    if stamps.last is not None:
        request["since"] = stamps.last.back(source.overlap).text
    with (
        staging(settings) as stage,
        Asking(connection_url(contract, settings, department), name, department.name, limits) as asking,
    ):
        found = _Reader(asking, contract, request, stamps, stage).run()
        if found.rows == 0 and stamps.last is not None:
            return
        answer, again = sums(pa.concat_tables(found.seen), source, found.stamps)
        if stamps.last is not None and answer == tail:
            return
        sha256, size = hash_of(found.path)
        try:
            day = as_of(source.as_of, name, business_date)
        except DeliveryError as error:
            yield Rejected(name, error, found.path, sha256, size)
            return
        newest = found.stamps.newest
        yield Fetched(
            found.path,
            name,
            day,
            sha256,
            size,
            newest.text if newest else None,
            tail=again,
            whole=stamps.last is None,
            remarks=(*found.remarks, *found.stamps.remarks()),
        )


@dataclass
class _Reading:
    """All pages, read once.

    Attributes:
        path: the items, one a line.
        stamps: what their stamps came to.
        pages, rows, size: how many there were, and their bytes.
        content: sum of the hashes of all items, whatever their order.
        seen: stamp and hash of every item, page by page.
        why: why the pages do not fit together, empty when they do.
        remarks: what is to be said of it.
    """

    path: Path
    stamps: Stamps
    pages: int = 0
    rows: int = 0
    size: int = 0
    content: int = 0
    seen: list[pa.Table] = field(default_factory=list)
    why: str = ""
    remarks: tuple[str, ...] = ()

    def take(self, page: Page, out: BinaryIO) -> None:
        """Write a page's items."""
        mark, texts, hashes = self.stamps.column, [], []
        for text, item in page.items:
            line = text.encode("utf-8") + b"\n"
            self.size += out.write(line)
            hashes.append(int.from_bytes(blake2b(line, digest_size=8).digest()))
            said = item.get(mark) if mark else None
            texts.append(said if said is None else _sound(str(said)))
        self.pages, self.rows = self.pages + 1, self.rows + len(page.items)
        self.content += sum(hashes)
        stamps = pa.array(texts, pa.string())
        if mark:
            self.stamps.note(stamps)
        self.seen.append(pa.table({mark or "stamp": stamps, "citylake:item": pa.array(hashes, pa.uint64())}))

    @property
    def repeats(self) -> bool:
        """Whether an item stands on two pages: then another may stand on none, though the total is right."""
        pages = [pc.unique(page["citylake:item"]) for page in self.seen]
        return len(pc.unique(pa.chunked_array(pages, pa.uint64()))) < sum(map(len, pages))

    def agrees(self, other: "_Reading | None") -> bool:
        """Whether two readings found the same items."""
        return other is not None and not other.why and (self.rows, self.content) == (other.rows, other.content)


@dataclass(frozen=True)
class _Reader:
    asking: Asking
    contract: CollectedContract
    request: Mapping[str, str]
    stamps: Stamps
    folder: Path

    def run(self) -> _Reading:
        """Return a reading that can be believed.

        Raises:
            UnreachableError: see ``Asking.page``.
            DeliveryError: the same; or no two readings agree, and nothing would bring again what they missed.
        """
        if self.contract.source.cursor is not None:
            return self._by_key(self.contract.source.cursor)
        before: _Reading | None = None
        whys: list[str] = []
        for number in range(READINGS):
            now = self._by_number(number)
            if not now.why and (now.pages == 1 or now.agrees(before)):
                if number > 1 or whys:
                    now.remarks = (self._said(whys or ["内容有变动"]) + f"，读 {number + 1} 遍后一致",)
                return now
            whys += [now.why] if now.why else []
            before = now
        assert before is not None
        if before.why == _REPEATS:
            # Asked for again, it would be as likely to be missed again.
            raise DeliveryError(
                "repeats",
                f"{self.asking.who}的接口 {self.asking.path} 读了 {READINGS} 遍，总{_REPEATS}，别的记录就可能一页也没有，"
                "本次没有接收任何数据。请接口维护单位按主键排序后分页，核对 page 是否起作用，或提供按主键续取的接口（cursor）。",
            )
        if self._comes_again(before.stamps):
            before.remarks = (self._said(whys or ["内容有变动"]) + "，没有两遍一致；漏掉的下次随重叠时段再取",)
            return before
        raise DeliveryError(
            "moving",
            f"{self.asking.who}的接口 {self.asking.path} 读了 {READINGS} 遍，没有两遍一致（读取期间数据有变动），本次没有接收任何数据。"
            "请接口维护单位在采集时段停止写入，或提供按主键续取的接口（cursor）。",
        )

    def _said(self, whys: list[str]) -> str:
        return "读取期间接口" + "、".join(dict.fromkeys(whys))

    def _comes_again(self, stamps: Stamps) -> bool:
        """Return whether the next request covers all of the time that this answer is about."""
        if stamps.newest is None or stamps.oldest is None or stamps.ahead or stamps.strange or stamps.missing:
            return False
        return not stamps.newest.back(self.contract.source.overlap).is_after(stamps.oldest)

    def _by_number(self, number: int) -> _Reading:
        found = _Reading(self.folder / f"items-{number}.ndjson", self.stamps.anew())
        with found.path.open("xb") as out:
            first = page = self._page({"page": "1"}, 1)
            self._check(first.pages)
            while True:
                found.take(page, out)
                self._check(found.pages, found.size)
                if page.page >= first.pages:
                    break
                page = self._page({"page": str(page.page + 1)}, page.page + 1)
                if (page.pages, page.total) != (first.pages, first.total):
                    found.why = f"声明的总数由 {first.total} 变为 {page.total}"
                    return found
        if found.rows != first.total:
            if found.pages == 1:
                raise self.asking.refused("answer", 1, f"共 {found.rows} 条，与声明的总数 {first.total} 条不符")
            found.why = f"读到 {found.rows} 条，与声明的总数 {first.total} 条不符"
        elif found.repeats:
            found.why = _REPEATS
        return found

    def _by_key(self, cursor: str) -> _Reading:
        found = _Reading(self.folder / "items.ndjson", self.stamps.anew())
        after: str | None = None
        passed: set[str] = set()
        with found.path.open("xb") as out:
            while True:
                number = found.pages + 1
                self._check(number, found.size)
                page = self._page({} if after is None else {"after": after}, number)
                found.take(page, out)
                if not page.items:
                    return found
                key = page.items[-1][1].get(cursor)
                if not isinstance(key, str) or not key or "\ufffd" in key or _sound(key) != key:
                    raise self.asking.refused("cursor", number, f"最后一条没有约定的续取字段“{cursor}”")
                if key in passed:
                    raise self.asking.refused("cursor", number, "又回到了已经读过的地方，翻不到头")
                passed.add(key)
                after = key

    def _page(self, which: Mapping[str, str], number: int) -> Page:
        keyed = self.contract.source.cursor is not None
        body = self.asking.page({**self.request, **which}, number)
        try:
            # What is no UTF-8 makes its own line unreadable, not the whole answer.
            page = read_page(body.decode("utf-8-sig", "replace"), keyed=keyed)
        except (ValueError, RecursionError) as error:
            said = "items" if keyed else "items、page、pages、total"
            raise self.asking.refused("answer", number, f"内容不是约定的 JSON（{said}）") from error
        if not keyed and page.page != number:
            raise self.asking.refused("answer", number, f"返回的却是第 {page.page} 页")
        return page

    def _check(self, pages: int, size: int = 0) -> None:
        limits = self.asking.limits
        if pages > limits.pages:
            raise self.asking.refused("too_many_pages", pages, f"超过 {limits.pages} 页的上限（source.limits），已停止")
        if size > limits.file_bytes:
            raise self.asking.refused("too_large", pages, f"累计超过 {limits.file_bytes >> 20} MiB 的上限，已停止")


def _sound(text: str) -> str:
    """Return a text with a question mark for each half of a character (a lone surrogate), which nothing can hold."""
    return text.encode("utf-8", "replace").decode()
