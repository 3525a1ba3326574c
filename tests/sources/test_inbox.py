"""Drop folders: order, odd names, links, files that are still being written."""

import dataclasses
import hashlib
import os
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from citylake.contract.catalog import Catalog
from citylake.contract.department import Department
from citylake.contract.model import CollectedContract
from citylake.settings import Settings
from citylake.sources import inbox
from citylake.sources.errors import DeliveryError, shown
from citylake.sources.fetch import fetch
from citylake.sources.inbox import unclaimed
from citylake.sources.limits import Limits
from citylake.sources.offer import Fetched, Offer, Rejected
from tests.sources.conftest import BUSINESS_DATE, put

Make = Callable[..., CollectedContract]
BY_NAME = {"files": "hydj_*.csv", "as_of": {"filename": r"hydj_(\d{4}-?\d{2}-?\d{2})"}}


def offers(
    lake: Settings, office: Department, contract: CollectedContract, limits: Limits | None = None
) -> list[Offer]:
    return list(fetch(contract, lake, office, BUSINESS_DATE, limits=limits))


def test_files_come_by_day_then_name_with_their_hash_and_bytes(
    lake: Settings, office: Department, drop: Path, make: Make
) -> None:
    put(drop, "hydj_20261122.csv", b"c")
    put(drop, "hydj_2026-11-20_b.csv", b"b")
    put(drop, "hydj_20261120_a.csv.gz", b"a")
    put(drop, "other.csv", b"x")
    seen = []
    for offer in fetch(make(source=BY_NAME), lake, office, BUSINESS_DATE):
        assert isinstance(offer, Fetched)
        data = offer.path.read_bytes()
        assert (offer.sha256, offer.size) == (hashlib.sha256(data).hexdigest(), 1)
        seen.append((offer.as_of, data))
    assert seen == [(date(2026, 11, 20), b"b"), (date(2026, 11, 20), b"a"), (date(2026, 11, 22), b"c")]


def test_a_file_leaves_the_inbox_when_it_is_released_and_not_before(
    lake: Settings, office: Department, drop: Path, make: Make
) -> None:
    path = put(drop, "thing.csv", b"x")
    assert len(offers(lake, office, make())) == 1
    assert path.exists()
    for offer in fetch(make(), lake, office, BUSINESS_DATE):
        offer.release()
    assert not path.exists()
    assert not list((lake.run / "staging").iterdir())


def test_another_file_under_the_same_name_survives_the_release(
    lake: Settings, office: Department, drop: Path, make: Make
) -> None:
    path = put(drop, "thing.csv", b"x")
    for offer in fetch(make(), lake, office, BUSINESS_DATE):
        put(drop, "new", b"newer").replace(path)
        offer.release()
    assert path.read_bytes() == b"newer"


@pytest.mark.parametrize(
    "name",
    [
        "thing '; DROP TABLE x; --.csv",
        'thing "a" $(touch hacked) `b`.csv',
        "thing 婚姻 登记.csv",
        "thing..csv",
        "thing..\\..\\up.csv",
        "thing\n\t.csv",
    ],
)
def test_odd_names_are_taken_like_any_other(
    lake: Settings, office: Department, drop: Path, make: Make, name: str
) -> None:
    path = put(drop, name, b"x")
    for offer in fetch(make(), lake, office, BUSINESS_DATE):
        assert isinstance(offer, Fetched)
        assert offer.path.parent.parent == lake.run / "staging"
        assert offer.name == shown(name)
        assert "\n" not in offer.name
        offer.release()
    assert not path.exists()


def test_a_name_in_gb18030_bytes_is_taken_and_shown_readably(
    lake: Settings, office: Department, drop: Path, make: Make
) -> None:
    put(drop, os.fsdecode("thing婚姻.csv".encode("gb18030")), b"x")
    assert [offer.name for offer in offers(lake, office, make())] == ["thing婚姻.csv"]


def test_an_id_number_in_a_name_is_not_shown() -> None:
    assert shown("a_" + "3" * 17 + "X_20261122.csv") == "a_" + "*" * 18 + "_20261122.csv"


def test_hidden_and_unfinished_names_are_ignored(lake: Settings, office: Department, drop: Path, make: Make) -> None:
    for name in (".thing.csv", "thing.csv.part", "thing.TMP", "~$thing.xlsx"):
        put(drop, name, b"x")
    assert offers(lake, office, make(source={"files": "*"})) == []


def test_links_and_folders_are_refused_and_do_not_stop_the_others(
    lake: Settings, office: Department, drop: Path, make: Make
) -> None:
    secret = lake.home / "secret"
    secret.write_bytes(b"secret")
    (drop / "thing1.csv").symlink_to(secret)
    (drop / "thing2.csv").mkdir()
    os.mkfifo(drop / "thing3.csv")
    put(drop, "thing4.csv", b"x")
    found = offers(lake, office, make())
    assert [type(offer) for offer in found] == [Rejected, Rejected, Rejected, Fetched]
    assert {offer.error.code for offer in found if isinstance(offer, Rejected)} == {"not_a_file"}
    assert all(offer.path is None for offer in found if isinstance(offer, Rejected))
    for offer in found:
        offer.release()
    assert secret.read_bytes() == b"secret"
    assert not (drop / "thing1.csv").is_symlink()


def test_a_drop_folder_that_leads_elsewhere_is_refused(
    lake: Settings, office: Department, tmp_path: Path, make: Make
) -> None:
    lake.inbox.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (lake.inbox / office.id).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DeliveryError, match="收件箱之外"):
        offers(lake, office, make())


def test_no_drop_folder_is_no_offer(lake: Settings, office: Department, make: Make) -> None:
    assert offers(lake, office, make()) == []


@pytest.mark.parametrize("name", ["hydj_.csv", "hydj_20261340.csv", "hydj_20991231.csv"])
def test_a_name_without_a_usable_day_is_refused_with_its_bytes_and_the_rest_goes_on(
    lake: Settings, office: Department, drop: Path, make: Make, name: str
) -> None:
    put(drop, name, b"bad")
    put(drop, "hydj_20261121.csv", b"good")
    bad, good = offers(lake, office, make(source=BY_NAME))
    assert isinstance(bad, Rejected)
    assert (bad.error.code, bad.sha256, bad.size) == ("as_of", hashlib.sha256(b"bad").hexdigest(), 3)
    assert isinstance(good, Fetched)


def test_received_means_the_business_date(lake: Settings, office: Department, drop: Path, make: Make) -> None:
    put(drop, "thing.csv", b"x")
    (offer,) = offers(lake, office, make())
    assert isinstance(offer, Fetched)
    assert offer.as_of == BUSINESS_DATE


def test_a_file_beyond_the_limit_is_refused_unread(lake: Settings, office: Department, drop: Path, make: Make) -> None:
    put(drop, "thing.csv", b"xxxx")
    (offer,) = offers(lake, office, make(), dataclasses.replace(Limits(), file_bytes=3))
    assert isinstance(offer, Rejected)
    assert (offer.error.code, offer.path, offer.size) == ("too_large", None, 4)


def test_a_growing_file_is_waited_for(
    lake: Settings, office: Department, drop: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "QUIET_SECONDS", 0.4)
    path = put(drop, "thing.csv", b"", age=0)

    def grow() -> None:
        for _ in range(8):
            with path.open("ab") as file:
                file.write(b"x")
            time.sleep(0.1)

    writer = threading.Thread(target=grow)
    writer.start()
    found = offers(lake, office, make())
    writer.join()
    assert [(type(offer), offer.size) for offer in found] == [(Fetched, 8)]


def test_a_file_that_never_rests_stays_for_the_next_night(
    lake: Settings, office: Department, drop: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "QUIET_SECONDS", 0.2)
    monkeypatch.setattr(inbox, "PATIENCE_SECONDS", 0.5)
    path = put(drop, "thing.csv", b"", age=0)
    stop = threading.Event()

    def grow() -> None:
        while not stop.wait(0.02):
            with path.open("ab") as file:
                file.write(b"x")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        assert offers(lake, office, make()) == []
    finally:
        stop.set()
        writer.join()
    assert path.exists()


def test_names_that_no_contract_takes_are_listed(lake: Settings, office: Department, drop: Path, make: Make) -> None:
    for name in ("hydj_20261122.csv", "thing.csv", "婚姻.csv", ".hidden"):
        put(drop, name, b"x")
    contract = make(source=BY_NAME)
    catalog = Catalog(Path(), {}, {office.id: office}, {}, {contract.name: contract}, {})
    assert unclaimed(catalog, lake, office.id) == ["thing.csv", "婚姻.csv"]
    assert unclaimed(catalog, lake, "nobody") == []


def test_what_a_killed_process_left_staged_is_removed(
    lake: Settings, office: Department, drop: Path, make: Make
) -> None:
    left = lake.run / "staging" / "fetch-999999999-x"
    left.mkdir(parents=True)
    put(drop, "thing.csv", b"x")
    offers(lake, office, make())
    assert not left.exists()
