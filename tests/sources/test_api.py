"""A paged API over real HTTP, in good and bad health."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest

from citylake.contract.department import Department
from citylake.settings import Settings
from citylake.sources import api, api_client
from citylake.sources.api_client import retry_after
from citylake.sources.errors import DeliveryError, UnreachableError
from citylake.sources.limits import Limits
from citylake.sources.offer import Fetched
from tests.sources.api_service import ITEMS, SOURCE, Make, Service, offers
from tests.sources.api_service import service as service
from tests.sources.conftest import BUSINESS_DATE


def test_all_pages_are_landed_one_item_a_line_as_they_came(
    lake: Settings, office: Department, service: Service, make: Make
) -> None:
    ((offer, data),) = offers(make("json_api", mode="event", source=SOURCE), lake, office)
    assert isinstance(offer, Fetched)
    assert data.decode() == "".join(item + "\n" for item in ITEMS)
    assert (offer.as_of, offer.watermark, offer.name) == (BUSINESS_DATE, "2026-11-20", "/thing")
    assert offer.remarks == ()
    assert [path for path, _, _ in service.asked] == ["/base/thing"] * 6  # twice, since pages may shift
    assert {token for _, _, token in service.asked} == {"Bearer token-1"}
    assert service.asked[1][1] == {"page": "2", "size": str(api.PAGE_SIZE), "as_of": "2026-11-22"}


def test_what_is_newer_than_the_watermark_and_an_overlap_is_asked_for(
    lake: Settings, office: Department, service: Service, make: Make
) -> None:
    contract = make("json_api", mode="event", source=SOURCE)
    ((offer, data),) = offers(contract, lake, office, watermark="2026-11-20")
    assert isinstance(offer, Fetched)
    assert service.asked[-1][1]["since"] == "2026-11-19"
    assert (data.count(b"\n"), offer.watermark) == (2, "2026-11-20")
    assert offers(contract, lake, office, watermark="2026-11-20", tail=offer.tail) == []
    service.items.append('{"BH": "late", "XM": "甲", "JE": 1, "GX": "2026-11-19"}')
    assert offers(contract, lake, office, watermark="2026-11-20", tail=offer.tail)[0][1].count(b"\n") == 3


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


AWAY, ODD = UnreachableError, DeliveryError


@pytest.mark.parametrize(
    ("broken", "says", "kind"),
    [
        (_after_two(500, "secret 1"), "状态 500", AWAY),
        (_after_two(0, ""), "中途断开", AWAY),
        (_after_two(403, "secret 2"), "状态 403", ODD),
        (_after_two(302, ""), "状态 302", ODD),
        (_after_two(200, '{"items": [{"BH": 1'), "不是约定的 JSON", ODD),
        (_after_two(200, '{"items": [1], "page": 3, "pages": 3, "total": 25}'), "不是约定的 JSON", ODD),
        (_after_two(200, "[" * 100_000), "不是约定的 JSON", ODD),
        (_after_two(200, '{"code": 500, "page": 3, "pages": 3, "total": 25}'), "不是约定的 JSON", ODD),
        (_after_two(200, '{"items": [], "page": 2, "pages": 3, "total": 25}'), "返回的却是第 2 页", ODD),
        (_after_two(200, "x" * 5_000_000), "超过 2 MiB", ODD),
    ],
)
def test_an_api_that_fails_half_way_gives_nothing(
    lake: Settings, office: Department, service: Service, make: Make, broken: Any, says: str, kind: type[Exception]
) -> None:
    service.answer = broken(service)
    with pytest.raises(kind, match=says) as caught:
        offers(make("json_api", source=SOURCE), lake, office, limits=Limits(page_bytes=2 << 20))
    assert "第 3 页" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert not list((lake.run / "staging").iterdir())


def _changes(service: Service, *changes: tuple[int, Callable[[list[str]], None]]) -> None:
    """Have the items change after so many calls."""
    left = dict(changes)

    def answer(page: int, query: dict[str, str]) -> tuple[int, str]:
        told = service.pages(page, query)
        if change := left.pop(len(service.asked), None):
            change(service.items)
        return told

    service.answer = answer


def test_a_record_deleted_between_two_pages_loses_no_other(
    lake: Settings, office: Department, service: Service, make: Make
) -> None:
    _changes(service, (1, lambda items: items.remove(items[0])))
    ((offer, data),) = offers(make("json_api", mode="event", source=SOURCE), lake, office)
    assert isinstance(offer, Fetched)
    assert [json.loads(line)["BH"] for line in data.splitlines()] == [str(number) for number in range(2, 26)]
    assert offer.remarks == ("读取期间接口声明的总数由 25 变为 24，读 3 遍后一致",)


def test_a_record_that_makes_room_for_another_between_two_pages_loses_no_other(
    lake: Settings, office: Department, service: Service, make: Make
) -> None:
    def change(items: list[str]) -> None:
        items.append(items.pop(0).replace('"1"', '"26"', 1))

    _changes(service, (1, change))
    ((offer, data),) = offers(make("json_api", source=SOURCE), lake, office)
    assert isinstance(offer, Fetched)
    assert [json.loads(line)["BH"] for line in data.splitlines()] == [str(number) for number in range(2, 27)]
    assert offer.remarks == ("读取期间接口内容有变动，读 3 遍后一致",)


def _restless(service: Service) -> None:
    def change(items: list[str]) -> None:
        items[-1] = items[-1].replace("}", " }")

    _changes(service, *[(number, change) for number in range(1, 20)])


def test_an_api_that_never_rests_is_refused_unless_the_overlap_brings_all_again(
    lake: Settings, office: Department, service: Service, make: Make
) -> None:
    _restless(service)
    with pytest.raises(DeliveryError, match="读了 4 遍，没有两遍一致") as caught:
        offers(make("json_api", mode="event", source=SOURCE), lake, office)
    assert caught.value.code == "moving"
    service.asked.clear()
    _restless(service)
    ((offer, _),) = offers(make("json_api", mode="event", source={**SOURCE, "lookback": "30d"}), lake, office)
    assert isinstance(offer, Fetched)
    assert offer.remarks == ("读取期间接口内容有变动，没有两遍一致；漏掉的下次随重叠时段再取",)


def test_an_api_with_a_cursor_is_read_on_from_the_last_item(
    lake: Settings, office: Department, service: Service, make: Make
) -> None:
    service.items = [f'{{"BH": "{number:03d}", "XM": "甲", "JE": 1, "GX": "2026-11-01"}}' for number in range(25)]

    def answer(page: int, query: dict[str, str]) -> tuple[int, str]:
        rest = [item for item in service.items if json.loads(item)["BH"] > query.get("after", "")]
        if len(service.asked) == 2:
            service.items.pop(0)
        return 200, f'{{"items": [{",".join(rest[:10])}]}}'

    service.answer = answer
    ((offer, data),) = offers(make("json_api", source={**SOURCE, "cursor": "BH"}), lake, office)
    assert [json.loads(line)["BH"] for line in data.splitlines()] == [f"{number:03d}" for number in range(25)]
    assert [query.get("after") for _, query, _ in service.asked] == [None, "009", "019", "024"]
    assert isinstance(offer, Fetched)
    assert offer.remarks == ()


@pytest.mark.parametrize(
    ("item", "says"), [('{"BH": "1"}', "又回到了已经读过的地方"), ('{"XM": "1"}', "没有约定的续取字段“BH”")]
)
def test_a_cursor_that_leads_nowhere_is_refused(
    lake: Settings, office: Department, service: Service, make: Make, item: str, says: str
) -> None:
    service.answer = lambda page, query: (200, f'{{"items": [{item}]}}')
    with pytest.raises(DeliveryError, match=says):
        offers(make("json_api", source={**SOURCE, "cursor": "BH"}), lake, office)


def test_pages_without_end_and_bytes_without_end_are_refused(
    lake: Settings, office: Department, service: Service, make: Make
) -> None:
    contract = make("json_api", source={**SOURCE, "limits": {"pages": 2}})
    with pytest.raises(DeliveryError, match="超过 2 页的上限"):
        offers(contract, lake, office)
    assert len(service.asked) == 1
    service.answer = lambda page, query: (200, f'{{"items": [{{"BH": "{len(service.asked)}"}}]}}')
    with pytest.raises(DeliveryError, match="第 6 页超过 5 页的上限"):
        offers(make("json_api", source={**SOURCE, "cursor": "BH"}), lake, office, limits=Limits(pages=5))
    service.answer = lambda page, query: (
        200,
        f'{{"items": [{{"BH": "{len(service.asked)}", "XM": "{"x" * 700_000}"}}]}}',
    )
    contract = make("json_api", source={**SOURCE, "cursor": "BH", "limits": {"megabytes": 1}})
    with pytest.raises(DeliveryError, match="累计超过 1 MiB 的上限"):
        offers(contract, lake, office)


def test_an_answer_that_comes_byte_by_byte_is_too_slow(
    lake: Settings, office: Department, service: Service, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_client, "RATE_AFTER", 0.5)
    service.drips = "body"
    began = time.monotonic()
    with pytest.raises(DeliveryError, match="传输太慢（每秒不到 1024 字节）"):
        offers(make("json_api", source=SOURCE), lake, office)
    assert time.monotonic() - began < 10


def test_a_head_that_comes_byte_by_byte_is_no_answer(
    lake: Settings, office: Department, service: Service, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_client, "ANSWER_SECONDS", 0.3)
    service.drips = "head"
    with pytest.raises(UnreachableError, match="应答超时"):
        offers(make("json_api", source=SOURCE), lake, office)


@pytest.mark.parametrize("drips", ["head", "body"])
def test_all_of_it_ends_at_the_deadline(
    lake: Settings, office: Department, service: Service, make: Make, drips: str
) -> None:
    service.drips = drips
    began = time.monotonic()
    with pytest.raises(DeliveryError, match="在 1 秒内没有读完（停在第 1 页）"):
        offers(make("json_api", source={**SOURCE, "limits": {"seconds": 1}}), lake, office)
    assert time.monotonic() - began < 10


def test_an_api_that_asks_to_wait_is_waited_for_and_never_beyond_the_deadline(
    lake: Settings, office: Department, service: Service, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(api_client, "time", SimpleNamespace(sleep=waited.append, monotonic=time.monotonic))
    service.more_headers = {"Retry-After": "7"}
    service.answer = lambda page, query: (429, "") if len(service.asked) == 1 else service.pages(page, query)
    assert offers(make("json_api", source=SOURCE), lake, office)[0][1].count(b"\n") == 25
    assert waited[:2] == [0.0, 7.0]
    service.answer = lambda page, query: (503, "")
    with pytest.raises(DeliveryError, match="在 5 秒内没有读完"):
        offers(make("json_api", source=SOURCE), lake, office, limits=Limits(fetch_seconds=5))


def test_a_time_to_wait_is_read_as_a_number_or_a_date_and_is_never_long() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < retry_after({"Retry-After": soon}) <= 30
    late = format_datetime(datetime.now(UTC) + timedelta(days=3), usegmt=True)
    past = format_datetime(datetime.now(UTC) - timedelta(days=3), usegmt=True)
    said = ["12", "3600", "9" * 500, late, past, "soon", "", "-5", "1.5"]
    assert [retry_after({"Retry-After": one}) for one in said] == [12, 60, 60, 60, 0, 0, 0, 0, 0]
    assert retry_after({}) == 0


def test_an_api_that_is_not_there_is_unreachable(
    lake: Settings, office: Department, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_client, "PAUSES", (0.01,))
    monkeypatch.setenv("CITYLAKE_CONNECTION_CIVIL_AFFAIRS", "http://:hunter2@127.0.0.1:1")
    with pytest.raises(UnreachableError, match="连接失败") as caught:
        offers(make("json_api", source=SOURCE), lake, office)
    assert "hunter2" not in caught.value.message


def test_no_items_at_all_are_a_delivery_unless_there_was_a_watermark(
    lake: Settings, office: Department, service: Service, make: Make
) -> None:
    service.answer = lambda page, query: (200, '{"items":[],"page":1,"pages":0,"total":0}')
    assert offers(make("json_api", mode="event", source=SOURCE), lake, office)[0][1] == b""
    assert offers(make("json_api", mode="event", source=SOURCE), lake, office, watermark="2026-11-01") == []
