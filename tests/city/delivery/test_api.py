import json
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from city.delivery.api import FAULT, api_token, make_app
from citylake.settings import Settings


@pytest.fixture(scope="module")
def settings(make_city: Callable[..., Settings]) -> Settings:
    return make_city(400, 2)


@pytest.fixture(scope="module")
def client(settings: Settings) -> TestClient:
    return TestClient(make_app(settings), headers={"Authorization": f"Bearer {api_token(settings)}"})


def all_rows(client: TestClient, **request: str | int) -> list[dict[str, object]]:
    rows, page = [], 1
    while True:
        answer = client.get("/visits", params={**request, "page": page}).json()
        rows += answer["items"]
        if page >= answer["pages"]:
            assert answer["total"] == len(rows)
            return rows
        page += 1


@pytest.mark.parametrize("size", [97, 1000, 5000])
def test_pages_neither_overlap_nor_leave_gaps(client: TestClient, size: int) -> None:
    rows = all_rows(client, as_of="2026-11-22", size=size)
    numbers = [row["visitNo"] for row in rows]
    assert len(numbers) > 1500
    assert len(set(numbers)) == len(numbers)


def test_what_changed_at_the_watermark_or_later_is_given(client: TestClient) -> None:
    before = all_rows(client, as_of="2026-11-22")
    newest = max(str(row["updateTime"]) for row in before)
    later = all_rows(client, as_of="2026-11-23", since=newest)
    again = [row for row in before if row["updateTime"] == newest]
    assert again
    assert [row for row in later if row["updateTime"] == newest] == again
    assert all(str(row["updateTime"]) >= newest for row in later)
    assert len(later) - len(again) + len(before) == len(all_rows(client, as_of="2026-11-23"))


def test_a_past_date_is_answered_as_it_was_then(client: TestClient) -> None:
    assert len(all_rows(client, as_of="2026-11-22")) < len(all_rows(client))


def test_without_the_token_nothing_is_given(settings: Settings) -> None:
    anonymous = TestClient(make_app(settings))
    assert anonymous.get("/visits").status_code == 401
    assert anonymous.get("/visits", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert anonymous.get("/health").status_code == 200


def test_it_can_be_told_to_fail_half_way(client: TestClient, settings: Settings) -> None:
    fault = settings.home / "city" / FAULT
    fault.write_text(json.dumps({"path": "visits", "after_rows": 1000}))
    try:
        answers = [client.get("/visits", params={"page": page, "size": 500}).status_code for page in (1, 2, 3)]
        other = client.get("/death-certificates").status_code
    finally:
        fault.unlink()
    assert (answers, other) == ([200, 200, 500], 200)
    assert client.get("/visits", params={"page": 3, "size": 500}).status_code == 200


def test_an_unknown_path_is_not_found(client: TestClient) -> None:
    assert client.get("/patients").status_code == 404
