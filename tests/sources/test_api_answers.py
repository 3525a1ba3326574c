"""Answers of an API that are not what they should be, whole or item by item."""

import json

import pytest

from citylake.contract.department import Department
from citylake.settings import Settings
from citylake.sources.api_page import read_page
from citylake.sources.errors import DeliveryError
from citylake.sources.offer import Fetched
from tests.sources.api_service import SOURCE, Make, Service, offers
from tests.sources.api_service import service as service
from tests.sources.conftest import Reading


@pytest.mark.parametrize(
    "answer",
    [
        '{"code": 500, "msg": "系统繁忙，请稍后再试"}',
        "{}",
        '{"code": 0, "data": {"items": [{"BH": "2"}]}}',
        '{"items": null}',
        '{"items": [{"BH": "2"}], "items": []}',
        '{"items": [], "items": [{"BH": "2"}]}',
    ],
)
def test_an_answer_without_its_items_is_not_the_end_of_the_pages(
    lake: Settings, office: Department, service: Service, make: Make, answer: str
) -> None:
    service.answer = lambda page, query: (200, answer if "after" in query else '{"items": [{"BH": "1"}]}')
    with pytest.raises(DeliveryError, match=r"第 2 页内容不是约定的 JSON（items），本次没有接收任何数据"):
        offers(make("json_api", source={**SOURCE, "cursor": "BH"}), lake, office)


@pytest.mark.parametrize("second", ["1, 2", "2, 3"])
def test_an_item_on_two_pages_may_stand_in_for_another(
    lake: Settings, office: Department, service: Service, make: Make, second: str
) -> None:
    def shown(numbers: str) -> str:
        return ",".join(
            f'{{"BH": "{number}", "XM": "甲", "JE": 1, "GX": "2026-11-21"}}' for number in numbers.split(", ")
        )

    def answer(page: int, query: dict[str, str]) -> tuple[int, str]:
        numbers = "1, 2" if page == 1 else "3, 4" if len(service.asked) > restless else second
        return 200, f'{{"items": [{shown(numbers)}], "page": {page}, "pages": 2, "total": 4}}'

    service.answer, restless = answer, 2
    contract = make("json_api", mode="event", source={**SOURCE, "lookback": "30d"})
    ((offer, data),) = offers(contract, lake, office)
    assert isinstance(offer, Fetched)
    assert [json.loads(line)["BH"] for line in data.splitlines()] == ["1", "2", "3", "4"]
    assert offer.remarks == ("读取期间接口有同一条记录出现在两页上，读 3 遍后一致",)
    restless = 1000
    with pytest.raises(DeliveryError, match="读了 4 遍，总有同一条记录出现在两页上") as caught:
        offers(contract, lake, office)
    assert caught.value.code == "repeats"


@pytest.mark.parametrize(
    "odd",
    [
        r'{"BH": "2", "XM": "乙", "JE": 1, "GX": "\ud800"}',
        r'{"BH": "2", "XM": "\ud800", "JE": 1, "GX": "2026-11-21"}',
        '{"BH": "2", "XM": "乙\t丙", "JE": 1, "GX": "2026-11-21"}',
        '{"BH": "2", "XM": "乙\n丙", "JE": 1, "GX": "2026-11-21"}',
        '{"BH": "2", "XM": "\udcff", "JE": 1, "GX": "2026-11-21"}',
    ],
)
def test_an_item_with_an_odd_sign_does_not_cost_the_others(
    lake: Settings, office: Department, service: Service, make: Make, read: Reading, odd: str
) -> None:
    good = '{"BH": "%d", "XM": "甲", "JE": 1, "GX": "2026-11-20"}'
    items = f"[{good % 1}, {odd}, {good % 3}]"
    service.answer = lambda page, query: (200, f'\ufeff{{"items": {items}, "page": 1, "pages": 1, "total": 3}}')
    columns = {"no": "BH", "name": "XM", "amount": "JE"}
    contract = make("json_api", mode="event", columns=columns, source=SOURCE, ignore={"GX": "x"})
    ((offer, data),) = offers(contract, lake, office)
    assert isinstance(offer, Fetched)
    rows = read(data, contract)
    assert {row["_line"] for row in rows if row["_unreadable"]} == {2}
    assert {row["no"] for row in rows if not row["_unreadable"]} == {"1", "3"}


def test_a_cursor_that_is_half_a_character_leads_nowhere(
    lake: Settings, office: Department, service: Service, make: Make
) -> None:
    for key in (r"\ud800", "\udcff"):
        service.answer = lambda page, query, key=key: (200, f'{{"items": [{{"BH": "{key}"}}]}}')  # type: ignore[misc]
        with pytest.raises(DeliveryError, match="没有约定的续取字段"):
            offers(make("json_api", source={**SOURCE, "cursor": "BH"}), lake, office)


def test_items_keep_their_text_and_lose_only_line_breaks() -> None:
    page = read_page('{ "items" : [ {"a": 1.50,\n "b": "x\\ny"} ,{} ] , "pages":1,"page":1,"total":2 }\n')
    assert [text for text, _ in page.items] == ['{"a": 1.50,\t "b": "x\\ny"}', "{}"]
